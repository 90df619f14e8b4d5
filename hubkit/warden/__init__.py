"""The two parts that hold the Docker socket.

The warden passes the engine's API to the hub alone; the mounter mounts users' volumes into
containers that run already.
"""
