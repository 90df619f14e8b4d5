"""What the kit places into each server, to start it sooner and let its cells answer at once.

These files run in users' containers, whatever the image: with the image's own Python, 3.8 or
newer, its standard library, and in `extension` and `memory` its Jupyter. They read the
environment because there it is the user's. `hubkit.spawner.injection` places them.

Whatever is not as expected, the server starts as it would without them.
"""
