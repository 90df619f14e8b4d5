"""The one part that holds the Docker socket, and passes the engine's API to the hub alone."""
