"""The names in the code are those of ``docker-compose.yml``, the Dockerfiles and the scripts."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jupyterhub.app import JupyterHub
from traitlets.config import Config

from hubkit import settings, stack
from hubkit.ops.layout import Layout, Owners
from hubkit.reading import env_name
from hubkit.settings import Settings
from hubkit.warden import __main__ as warden
from hubkit.warden.mounter import SOCKET
from tests.unit.composed import COMPOSE, KNOWN, ROOT, SERVICES, VARIABLE

USERS: dict[str, list[str]] = {"users": [], "users-off": []}  # networks, without further names
RULES = {"compose_project_name", "docker_notebook_dir", "extra_volumes"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def mounts(service):
    """Return where a service mounts what: source → path."""
    short = [
        re.sub(VARIABLE, lambda found: found[2] or found[1], one)
        for one in SERVICES[service]["volumes"]
    ]
    return dict(one.split(":")[:2] for one in short)


def networks(service):
    """Return the networks a service is in, each with its further names there."""
    found = SERVICES[service].get("networks", {})
    named = found if isinstance(found, dict) else dict.fromkeys(found)
    return {name: (about or {}).get("aliases", []) for name, about in named.items()}


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Return a function that returns what the stack sets with these settings."""
    for name in ("PROXY_TOKEN", "AUTH_STATE_KEY"):
        (tmp_path / name).write_text("ab" * 32 + "\n")
        monkeypatch.setattr(stack, name, tmp_path / name)

    def configure(**environ):
        c = Config()
        stack.configure(c, Settings.from_env(environ))
        return c

    return configure


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"TLS": "acme", "ACME_EMAIL": "ada@example.org"}, id="ACME"),
        pytest.param({"HTTPS_PORT": "80", "HTTP_PORT": "8080"}, id="unusual ports"),
    ],
)
def test_what_is_checked_together_is_told_together(environ):
    """Settings the check accepts are accepted by the hub, which is told a part of them."""
    assert settings.check(environ)[1] == []

    told = {name: value for name, value in environ.items() if name in COMPOSE["x-settings"]}
    assert settings.check(told)[1] == []


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.sh")), ids=lambda it: it.name)
def test_scripts_know_the_defaults(script):
    """A script that needs a setting before the hub's image exists knows its default."""
    for name, default in re.findall(r"\bsetting ([A-Z_]+) ([^\s)\"]+)", script.read_text()):
        assert default == KNOWN[name]["default"]


def test_the_hub_is_found(configured):
    """Proxy and servers reach the hub by its service's name, on every network."""
    c = configured()

    assert c.JupyterHub.hub_connect_ip in SERVICES
    assert set(networks(c.JupyterHub.hub_connect_ip)) == {"control", *USERS}
    hub = f"http://{c.JupyterHub.hub_connect_ip}:{c.JupyterHub.hub_port}"
    assert f"--default-target {hub} " in read("images/proxy/entrypoint.sh")
    assert f":{c.JupyterHub.hub_port}/hub/health" in str(SERVICES["jupyterhub"]["healthcheck"])


def test_the_proxy_is_found(configured):
    """The hub reaches the proxy's API on the control network, where alone it listens."""
    api = urlsplit(configured().ConfigurableHTTPProxy.api_url)

    assert networks("proxy") == {"control": [api.hostname], **USERS}
    assert f"--api-ip {api.hostname} --api-port {api.port} " in read("images/proxy/entrypoint.sh")
    assert "--port 8000 " in read("images/proxy/entrypoint.sh")
    assert "BACKEND:-proxy:8000" in read("images/edge/entrypoint.sh")


def test_the_warden_is_found(configured):
    """The hub reaches the warden on the control network, and nobody else is beside the socket."""
    address = urlsplit(configured().KitSpawner.client_kwargs["base_url"])

    assert address.port == warden.PORT
    assert networks(address.hostname) == {"control": []}
    beside = {name for name, one in SERVICES.items() if "docker.sock" in str(one.get("volumes"))}
    assert beside == {address.hostname, "mounter"}
    for name in beside:
        assert mounts(name)[KNOWN["DOCKER_SOCKET"]["default"]] == "/run/docker.sock"


def test_the_mounter_is_found():
    """The hub and the mounter share a folder, which the hub may only look into."""
    folder = str(SOCKET.parent)
    sharing = {name: mounts(name)["mounter"] for name in SERVICES if "mounter" in mounts(name)}

    assert sharing == dict.fromkeys(("init", "jupyterhub", "mounter"), folder)
    assert f"mounter:{folder}:ro" in SERVICES["jupyterhub"]["volumes"]


def test_files_for_everybody_are_found():
    """The hub lays them out where the edge looks, which may only read them."""
    folder = str(stack.LAB_FILES)
    sharing = {name: mounts(name)["static"] for name in SERVICES if "static" in mounts(name)}

    assert sharing == dict.fromkeys(("init", "edge", "jupyterhub"), folder)
    assert f"static:{folder}:ro" in SERVICES["edge"]["volumes"]
    assert f"root * {folder}/now" in read("images/edge/Caddyfile")
    assert Path(folder).name == "static"


def test_the_mounter_is_told_its_settings():
    """What its rules are made of, and no secret."""
    told = {env_name(one) for one in settings.known() if one.name in RULES}

    assert set(SERVICES["mounter"]["environment"]) == told


def test_the_mounter_sees_volumes_where_the_engine_has_them():
    """A path of the engine's is the same path there; what is mounted below later is seen."""
    folder = "${DOCKER_VOLUMES:-" + KNOWN["DOCKER_VOLUMES"]["default"] + "}"

    assert f"{folder}:{folder}:ro,rslave" in SERVICES["mounter"]["volumes"]


def test_users_see_little(configured):
    """Servers join a network of users', where only proxy, hub and kernel gateway are."""
    name = configured(DOCKER_NETWORK_NAME="campus").KitSpawner.network_name

    assert name == "campus"
    for network in USERS:
        assert COMPOSE["networks"][network]["name"].startswith("${DOCKER_NETWORK_NAME:-")
        found = {one for one in SERVICES if network in networks(one)}
        assert found == {"proxy", "jupyterhub"}
    assert set(networks("kernel-gateway")) == {"users${NETWORK_ACCESS:+-off}"}


def test_a_network_without_a_way_out(configured):
    """With NETWORK_ACCESS=off servers are on the network that Compose makes an internal one."""
    made = COMPOSE["networks"]
    names = {key: made[key]["name"].replace(made["users"]["name"], "campus") for key in USERS}
    found = configured(DOCKER_NETWORK_NAME="campus", NETWORK_ACCESS="off").KitSpawner

    assert found.network_name == names["users-off"]
    assert {key: made[key].get("internal", False) for key in made} == {
        "control": False,
        "users": False,
        "users-off": True,
    }


def test_where_things_lie():
    """Volumes are mounted where the code looks; only init may write what is handed out."""
    layout = Layout()

    assert (str(layout.run), str(layout.data)) == ("/run/hubkit", str(stack.DATA))
    for service in set(SERVICES) - {"kernel-gateway", "mounter"}:
        assert mounts(service)["secrets"] == str(layout.run)
        assert ("secrets:/run/hubkit:ro" in SERVICES[service]["volumes"]) == (service != "init")
    for service in ("init", "jupyterhub"):
        assert mounts(service)["data"] == str(layout.data)
    assert mounts("init")["."] == str(layout.secrets.parent)
    assert SERVICES["jupyterhub"]["environment"]["DOCKER_CONFIG"] == str(stack.DOCKER_CONFIG)


def test_what_is_laid_out_is_found(tmp_path, monkeypatch):
    """Each path the parts read is one the layout writes."""
    for folder in ("run", "data", "secrets"):
        (tmp_path / folder).mkdir()
    for name in ("jupyterhub.crt", "jupyterhub.key"):
        (tmp_path / "secrets" / name).touch()
    mine = dict.fromkeys(("hub", "proxy", "edge", "warden", "gateway"), tmp_path.stat().st_uid)
    Layout(tmp_path / "run", tmp_path / "data", tmp_path / "secrets", Owners(**mine)).make()

    read_by_the_hub = [stack.PROXY_TOKEN, stack.COOKIE_SECRET, stack.AUTH_STATE_KEY]
    paths = [str(path) for path in (*read_by_the_hub, stack.DOCKER_CONFIG / "config.json")]
    paths.append(re.search(r"TOKEN_FILE=(\S+)", read("images/proxy/entrypoint.sh"))[1])
    paths.append(re.search(r'Path\("(/run\S+)"\)', read("hubkit/warden/__main__.py"))[1])
    edge = re.search(r"^FILES=(\S+)", read("images/edge/entrypoint.sh"), re.MULTILINE)[1]
    paths += [f"{edge}/jupyterhub.crt", f"{edge}/jupyterhub.key"]
    for path in paths:
        assert (tmp_path / path.replace("/run/hubkit", "run").lstrip("/")).is_file(), path


@pytest.mark.parametrize(
    ("part", "dockerfile", "account"),
    [
        ("hub", "Dockerfile.jupyterhub", "hub"),
        ("proxy", "images/proxy/Dockerfile", "proxy"),
        ("edge", "images/edge/Dockerfile", "edge"),
    ],
)
def test_user_ids(part, dockerfile, account):
    """A part runs as the user its folder is given to."""
    text = read(dockerfile).replace("\\\n", " ")
    uid = getattr(Owners(), part)

    assert re.search(rf"user(add|mod) --uid {uid} [^&]*\b{account}\b", text)
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == [account]


def test_the_wardens_user():
    """The warden runs as the owner of the socket, without any of its capabilities."""
    assert SERVICES["warden"]["user"] == f"{Owners().warden}:0"
    assert SERVICES["warden"]["cap_drop"] == ["ALL"]
    assert "cap_add" not in SERVICES["warden"]


def test_configure(configured):
    """The hub leaves servers running and takes its secrets from their files."""
    c = configured(HUB_DOMAIN="hub.example.org")

    assert c.JupyterHub.public_url == "https://hub.example.org/"
    assert c.JupyterHub.cleanup_servers is False
    assert c.ConfigurableHTTPProxy.should_start is False
    assert c.ConfigurableHTTPProxy.auth_token == "ab" * 32
    assert c.CryptKeeper["keys"] == [bytes.fromhex("ab" * 32)]


def test_log_level(configured):
    """Every level the setting takes is one the hub takes."""
    _, [problem] = settings.check({"LOG_LEVEL": "?"})
    levels = problem.wrong.removeprefix("must be ").rstrip(".").split(" or ")

    assert len(levels) == 4
    for level in levels:
        chosen = configured(LOG_LEVEL=level).JupyterHub.log_level
        assert chosen in JupyterHub.class_traits()["log_level"].values


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        pytest.param({}, "sqlite:////data/jupyterhub.sqlite", id="in the data volume"),
        pytest.param({"DATABASE_URL": "postgresql://a@b/c"}, "postgresql://a@b/c", id="elsewhere"),
    ],
)
def test_database(configured, environ, url):
    """The database is the volume's, or the one that was named."""
    assert configured(**environ).JupyterHub.db_url == url
