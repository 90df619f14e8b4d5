"""A production JupyterHub on one Docker host."""

__version__ = "0.1.0"
