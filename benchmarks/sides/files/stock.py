"""Stock JupyterHub with DockerSpawner, at its best: nothing here makes it slower."""

import json
from pathlib import Path

c = get_config()
given = json.loads(Path(__file__).with_name("bench.json").read_text())

# One container: the hub starts the proxy, which ends TLS.
c.JupyterHub.bind_url = "https://:8443"
c.JupyterHub.ssl_cert = "/bench/tls.crt"
c.JupyterHub.ssl_key = "/bench/tls.key"
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = given["project"]
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cookie_secret_file = "/data/cookie_secret"
c.JupyterHub.db_url = "sqlite:////data/jupyterhub.sqlite"
# A file that survives the container's end would keep the hub from starting again.
c.ConfigurableHTTPProxy.pid_file = "/tmp/proxy.pid"

# Its sign-in does nothing but compare a word; nothing that is measured contains a sign-in.
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allowed_users = set(given["users"])
c.JupyterHub.allow_named_servers = True
if given["visitors"]:
    c.JupyterHub.authenticator_class = "tmpauthenticator.TmpAuthenticator"
    c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = given["image"]
c.DockerSpawner.pull_policy = "ifnotpresent"
c.DockerSpawner.remove = True
c.DockerSpawner.name_template = given["project"] + "-jupyter-{username}"
c.DockerSpawner.network_name = given["project"] + "-network"
c.DockerSpawner.notebook_dir = "/home/jovyan/work"
if not given["visitors"]:
    c.DockerSpawner.volumes = {given["project"] + "-user-{username}": "/home/jovyan/work"}
c.DockerSpawner.default_url = "/lab"
c.DockerSpawner.disable_user_config = True
# Time-outs and limits of hubkit's.
c.DockerSpawner.start_timeout = 120
c.DockerSpawner.http_timeout = 120
c.DockerSpawner.mem_limit = "2G"
c.DockerSpawner.cpu_limit = 2
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 1024,
    "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "3"}},
}

load_subconfig(str(Path(__file__).with_name("both.py")))
