"""What this hub does, one decision per section.

Values that differ between sites are settings in .env (explained in .env.example).
`make check` reports every mistake in either file without starting the hub.
Your own additions belong into a file in site/ named by SITE_CONFIG: loaded last.
"""

from pathlib import Path

from hubkit import auth, framing, pool, stack
from hubkit.auth import renames
from hubkit.services import (
    culler,
    expiry,
    gate,
    lab,
    pool_metrics,
    roster,
    start_metrics,
    temporary,
)
from hubkit.settings import Settings
from hubkit.spawner import closed, program, record
from hubkit.spawner import temporary as visiting
from hubkit.spawner.gateway import Gateway
from hubkit.spawner.kit import KitSpawner
from hubkit.userlist import Userlist

c = get_config()
env = Settings.from_env()
here = Path(__file__).parent

# Who may sign in: AUTH in .env, names in ./userlist
auth.configure(c, env, Userlist.read(here / "userlist"))

# What each person gets: a container of their own with a home that survives everything
c.JupyterHub.spawner_class = KitSpawner
c.KitSpawner.project = env.compose_project_name
c.KitSpawner.image = env.docker_notebook_image
c.KitSpawner.notebook_dir = env.docker_notebook_dir
c.KitSpawner.default_url = env.default_url
c.KitSpawner.environment = env.server_env
c.KitSpawner.extra_volumes = list(env.extra_volumes)
c.KitSpawner.host_directories = list(env.host_directories)
c.KitSpawner.adopt_volumes = env.adopt_volumes
c.KitSpawner.delete_user_volumes = env.delete_user_volumes

# How a server starts: in its turn, quickly, and with a reason if it does not
c.KitSpawner.ready_timeout = env.start_timeout
c.KitSpawner.start_slots = env.concurrent_starts
start_metrics.configure(KitSpawner.turns)
c.KitSpawner.tuning = env.launched
c.KitSpawner.record = record.configure(c)  # what `hubkit servers why` and pages show
renames.follow(c.KitSpawner.record.renamed)

# How much of the machine each server may use, and what it may not do
c.KitSpawner.mem_limit = env.mem_limit or None
c.KitSpawner.cpu_limit = env.cpu_limit or None
c.KitSpawner.cpu_shares = env.cpu_shares
c.KitSpawner.pids_limit = env.pids_limit
c.KitSpawner.server_user = env.server_user
c.KitSpawner.extra_hosts = list(env.extra_hosts)

# What of a server others on its network reach: its own port, and SERVER_PORTS
closed.configure(c, env)

# Containers that wait, so that a server is there at once: POOL_SIZE in .env
pool_metrics.configure(pool.configure(c, env))

# Programs in the place of Jupyter, which know no sign-in: SERVER_COMMAND
program.configure(c, env)
gate.configure(c, env)

# JupyterLab's own files are the same for everybody: the edge gives them out
lab.configure(env)

# Where kernels run: in the server itself, or on the kernel gateway KG_URL names
c.KitSpawner.gateway = Gateway.of(env)
c.KitSpawner.certificates = str(stack.GATEWAY_PEOPLE)
expiry.configure(env)

# A user's files are served from the hub's own address, so their settings may not
# change how their server checks who is asking
c.KitSpawner.disable_user_config = True

# More than one server per person
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = env.named_server_limit

# When servers are stopped: after IDLE_TIMEOUT without activity, at the latest at MAX_AGE
culler.configure(c, env)

# Whoever was taken off the list, or blocked, loses servers and tokens within half a minute
roster.configure(c, env)

# Visitors without an account: AUTH=temporary, alone or last
visiting.configure(c, env)
temporary.configure(c, env)

# Whose pages may show the hub and its servers in a frame: FRAME_ANCESTORS, else nobody's
framing.configure(c, env)

# How the parts find each other: the proxy and the warden are containers of their own,
# so that a restart of the hub leaves every server and every connection alone
stack.configure(c, env)

# Site-only additions, loaded last; upgrades never touch them
if env.site_config:
    load_subconfig(str(here / "site" / Path(env.site_config).name))
