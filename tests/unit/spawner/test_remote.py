"""Which gateway a server gets, with whose certificate, and what it is told."""

from __future__ import annotations

import io
import logging
import tarfile

import pytest
from jupyterhub import orm
from jupyterhub.spawner import SpawnException
from traitlets import TraitError

from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.spawner.gateway import Gateway

URL = "https://gateway.example.org:8888"
ALL = Gateway(url=URL, token="hush")
MUTUAL = Gateway(url=URL, names=Names())
STARTABLE = {"image": "lab:1", "network_name": "users", "notebook_dir": "/home/jovyan/work"}
STARTABLE |= {"tuning": False}


def at(name):
    """Return a gateway of its own."""
    return Gateway(url=f"https://{name}:8888")


@pytest.fixture
def people(tmp_path):
    """Return the folder of users' certificates, in which ada has one."""
    places = Places(tmp_path)
    places.secrets.mkdir()
    desk = Desk(places, Names())
    desk.init_ca()
    desk.issue(["ada"])
    return places.people


@pytest.fixture
def placeable(startable):
    """Return an engine that takes files for the container."""
    startable.answers["PUT", "/containers/4f9a/archive"] = (200, b"")
    return startable


def told(engine):
    """Return the environment of the container that was created."""
    sent = engine.body("POST", "/containers/create")["Env"]
    return dict(pair.split("=", 1) for pair in sent)


def placed(engine):
    """Return the files that were put into the container."""
    found = {}
    for method, path, sent in engine.asked:
        if method == "PUT" and path.endswith("/archive"):
            with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
                found |= {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}
    return found


def join(spawner, *groups):
    """Make the spawner's user a member of *groups*."""
    for name in groups:
        spawner.user.orm_user.groups.append(orm.Group(name=name))
    spawner.user.db.commit()


@pytest.mark.parametrize(
    ("gateways", "expected"),
    [
        pytest.param({}, "gateway.example.org", id="that of all"),
        pytest.param({"group:lab": at("lab")}, "lab", id="a group's"),
        pytest.param({"group:others": at("others")}, "gateway.example.org", id="not others'"),
        pytest.param({"group:zos": at("zos"), "group:lab": at("lab")}, "zos", id="the first"),
        pytest.param({"group:lab": at("lab"), "lab:1": at("image")}, "image", id="the image's"),
        pytest.param({"lab:2": at("image")}, "gateway.example.org", id="not another image's"),
    ],
)
async def test_whose_gateway(spawner, startable, gateways, expected):
    """The image's wins over a group's, and a group's over that of all."""
    ada = spawner(**STARTABLE, gateway=ALL, gateways=gateways)
    join(ada, "lab", "zos")

    await ada.start()

    assert expected in told(startable)["JUPYTER_GATEWAY_URL"]


async def test_the_image_a_user_chose(spawner, startable):
    """It is known before its gateway is."""
    startable.answers["GET", "/images/lab:2/json"] = startable.answers["GET", "/images/lab:1/json"]
    traits = {**STARTABLE, "allowed_images": {"one": "lab:1", "two": "lab:2"}}
    ada = spawner(**traits, gateway=MUTUAL, gateways={"lab:2": at("two")})
    ada.user_options = {"image": "two"}

    await ada.start()

    assert told(startable)["KG_URL"] == "https://two:8888"


async def test_no_gateway_for_one_image(spawner, startable):
    """An empty one means kernels in the server, with nothing of a gateway told."""
    ada = spawner(**STARTABLE, gateway=MUTUAL, gateways={"lab:1": Gateway()})

    await ada.start()

    assert not [name for name in told(startable) if "GATEWAY" in name or "KG_" in name]


async def test_nothing_else_is_a_gateway(spawner):
    """What a site's file gives by mistake is found when the class is built."""
    with pytest.raises(TraitError):
        spawner(**STARTABLE, gateways={"lab:1": URL})


async def test_files(spawner, placeable, people):
    """The user's own are placed before the start, and told where they are."""
    await spawner(**STARTABLE, gateway=MUTUAL, certificates=str(people)).start()

    files = {path.name: path.read_bytes() for path in (people / "ada").iterdir()}
    assert placed(placeable) == {f"jupyterpki/{name}": text for name, text in files.items()}
    assert told(placeable)["JUPYTER_GATEWAY_CLIENT_KEY"] == "/etc/jupyterpki/key.pem"
    asked = [path for _, path, _ in placeable.asked]
    assert asked.index("/containers/4f9a/archive") < asked.index("/containers/4f9a/start")


async def test_what_the_environment_says_already(spawner, startable):
    """No setting, and nothing the user asks for, makes the kernels another's."""
    ada = spawner(**STARTABLE, gateway=ALL, environment={"KERNEL_USERNAME": "root", "A": "1"})
    ada.user_options = {"KERNEL_USERNAME": "bob", "env": {"KERNEL_USERNAME": "bob"}}

    await ada.start()

    assert (told(startable)["KERNEL_USERNAME"], told(startable)["A"]) == ("ada", "1")


async def test_without_a_certificate(spawner, startable, tmp_path):
    """The start fails before anything was made."""
    ada = spawner(**STARTABLE, gateway=MUTUAL, certificates=str(tmp_path))

    with pytest.raises(SpawnException, match="certs issue ada"):
        await ada.start()

    assert ("POST", "/containers/create") not in {(how, path) for how, path, _ in startable.asked}
    [notice] = await ada.notices()
    assert "certs issue ada" in notice


async def test_without_a_certificate_kernels_are_local(spawner, startable, tmp_path, caplog):
    """Where that is wanted, the server starts and the log says why."""
    gateway = Gateway(url=URL, names=Names(), local_without=True)
    ada = spawner(**STARTABLE, gateway=gateway, certificates=str(tmp_path))

    with caplog.at_level(logging.WARNING):
        await ada.start()

    assert "JUPYTER_GATEWAY_URL" not in told(startable)
    assert "ada has no certificate: kernels are local" in caplog.text
    assert await ada.notices() == []


async def test_a_private_authority(spawner, placeable, tmp_path):
    """Jupyter Server looks at it beside a client certificate only, so there is one."""
    (tmp_path / "ca.crt").write_text("the authority")

    await spawner(**STARTABLE, gateway=Gateway(url=URL, ca_file=str(tmp_path / "ca.crt"))).start()

    files = placed(placeable)
    assert files["jupyterpki/gateway-ca.pem"] == b"the authority"
    assert set(files) == {
        f"jupyterpki/{name}" for name in ("gateway-ca.pem", "nobody.crt", "nobody.key")
    }
    assert told(placeable)["JUPYTER_GATEWAY_CLIENT_CERT"] == "/etc/jupyterpki/nobody.crt"


async def test_a_private_authority_that_is_gone(spawner, startable, tmp_path):
    """The user reads which file, and the administrator what to do."""
    ada = spawner(**STARTABLE, gateway=Gateway(url=URL, ca_file=str(tmp_path / "ca.crt")))

    with pytest.raises(SpawnException, match=r"ca\.crt cannot be read .*No such file"):
        await ada.start()


async def test_an_unchecked_gateway_is_warned_of_each_time(spawner, startable, caplog):
    """Twice started, twice warned."""
    ada = spawner(**STARTABLE, gateway=Gateway(url=URL, validate=False))
    home = "jupyterhub-user-ada"

    with caplog.at_level(logging.WARNING):
        await ada.start()
        startable.answers["GET", f"/volumes/{home}"] = (200, {"Name": home, "Labels": None})
        await ada.start()

    assert caplog.text.count(f"the certificate of {URL} is not checked") == 2


async def test_no_notices_without_certificates(spawner):
    """Who needs none has nothing to know."""
    assert await spawner(**STARTABLE, gateway=ALL).notices() == []
    assert await spawner("second", **STARTABLE).notices() == []
