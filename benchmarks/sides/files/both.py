"""What both hubs have besides their own configuration: the load generator's doings."""

import json
from pathlib import Path

c = get_config()
given = json.loads(Path(__file__).with_name("bench.json").read_text())

# A container of which one process hears SIGTERM and stays.
STAYS = 'trap "" TERM; jupyterhub-singleuser "$@" & while :; do sleep 1; done'


def prepare(spawner):
    """Give some users a server with a defect, or with kernels elsewhere."""
    name = spawner.user.name
    if name.startswith("hung"):
        spawner.image = given["hung_image"]
    elif name.startswith("stuck"):
        spawner.cmd = ["sh", "-c", STAYS, "sh"]
    elif name.startswith("remote"):
        from hubkit.certs.places import Names
        from hubkit.spawner.gateway import Gateway

        spawner.gateway = Gateway(url=given["gateway"], token=given["token"], names=Names())


c.Spawner.pre_spawn_hook = prepare

c.JupyterHub.services.append({"name": "bench", "api_token": given["token"], "admin": True})
if given["echo"]:
    c.JupyterHub.services.append({"name": "echo", "url": given["echo"]})
