"""How a server starts: KitSpawner and the pure builders it composes."""

from hubkit.spawner.kit import KitSpawner

__all__ = ["KitSpawner"]
