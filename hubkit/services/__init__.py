"""Services the hub starts beside itself."""
