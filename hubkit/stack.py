"""How the hub finds the other containers of the stack, and where its secrets lie.

The names below are those of ``docker-compose.yml``; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hubkit.settings import ROOT, Settings

DATA = Path("/data")  # the volume DATA_VOLUME_HOST
SITE = Path("/srv/jupyterhub/site")
TEMPLATES = Path(__file__).parent / "templates"

COOKIE_SECRET = DATA / "jupyterhub_cookie_secret"
AUTH_STATE_KEY = DATA / "auth_state_key"
REGISTER = DATA / "people.sqlite"
AUDIT_LOG = DATA / "sign-ins.log"
FAILURES = DATA / "failures.log"  # of servers: why each did not start, or ended
DATABASE = f"sqlite:///{DATA}/jupyterhub.sqlite"
GATEWAY_PEOPLE = ROOT / "gateway"  # copies of secrets/gateway/
GATEWAY_AUTHORITY = ROOT / "gateway-ca"  # copies of certificates in secrets/gateway-ca/, no key
PROXY_TOKEN = ROOT / "proxy-token"
SERVICE_TOKEN = ROOT / "service-token"  # of the service that ends access
DOCKER_CONFIG = ROOT / "docker"  # holds the token the warden asks for, as an HTTP header

LAB_FILES = Path("/run/hubkit/static")  # a volume the edge reads
MOUNTER = Path("/run/hubkit/mounter/socket")

HUB_HOST, HUB_PORT = "jupyterhub", 8081
GATE_PORT = 8083  # of the service that is asked who may use a program; see hubkit.services.gate
PROXY_API = "http://proxy-api:8001"
WARDEN = "tcp://warden:2375"

ENGINE_CONNECTIONS = 64  # kept open; as many as threads of `hubkit.spawner.calls`
ROUTE_CHECK_SECONDS = 30  # a restarted proxy has lost all routes; the hub's default is 300


def secret(name: str) -> str:
    """Return where the hub finds ``secrets/FILE``, or "" where *name* is empty."""
    return str(ROOT / name) if name else ""


def configure(c: Any, env: Settings) -> None:
    """Set what follows from the shape of the stack."""
    c.JupyterHub.public_url = env.public_url
    c.JupyterHub.hub_ip = "0.0.0.0"  # noqa: S104 (inside its container, never published)
    c.JupyterHub.hub_port = HUB_PORT
    c.JupyterHub.hub_connect_ip = HUB_HOST
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.last_activity_interval = ROUTE_CHECK_SECONDS
    c.JupyterHub.log_level = env.log_level

    c.JupyterHub.upgrade_db = True  # SQLite is copied before
    c.JupyterHub.db_url = env.database_url or DATABASE
    c.JupyterHub.cookie_secret_file = str(COOKIE_SECRET)
    c.CryptKeeper.keys = [bytes.fromhex(AUTH_STATE_KEY.read_text().strip())]

    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = PROXY_API
    c.ConfigurableHTTPProxy.auth_token = PROXY_TOKEN.read_text().strip()

    c.JupyterHub.concurrent_spawn_limit = 0  # starts queue, nobody is sent away
    c.KitSpawner.client_kwargs = {"base_url": WARDEN, "max_pool_size": ENGINE_CONNECTIONS}
    c.KitSpawner.network_name = env.servers_network
