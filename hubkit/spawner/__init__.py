"""How a server starts: `hubkit.spawner.kit.KitSpawner` and the pure builders it composes.

Nothing is imported here, so that a builder can be had without JupyterHub.
"""
