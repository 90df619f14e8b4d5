"""What an operator does: lay out secrets, certificates, checks, waiting."""
