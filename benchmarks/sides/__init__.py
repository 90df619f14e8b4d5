"""The two hubs that are compared."""
