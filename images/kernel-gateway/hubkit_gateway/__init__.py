"""A Jupyter Kernel Gateway in which the client certificate decides whose a kernel is."""

__version__ = "1.0.0"
