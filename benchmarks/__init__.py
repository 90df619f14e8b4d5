"""hubkit and stock JupyterHub with DockerSpawner side by side, in one run, as ratios."""
