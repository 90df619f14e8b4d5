"""What may be mounted where, by the engine's answers."""

from __future__ import annotations

import pytest

from hubkit.settings import Settings
from hubkit.spawner import labels
from hubkit.values import Mount
from hubkit.warden import rules
from hubkit.warden.mounting import Volume
from hubkit.warden.refusals import Reason, Refused
from hubkit.warden.rules import Request, Rules, parse

ID = "4f" * 32
HOME = Mount("lab-user-ada", "/home/jovyan/work")
EXTRA = "data:/srv/data:ro, own-{username}:/srv/{username}/, /host:/srv/host"
RULES = Rules.of(Settings.from_env({"COMPOSE_PROJECT_NAME": "lab", "EXTRA_VOLUMES": EXTRA}))
RUNNING = {"Running": True, "Paused": False, "Pid": 77}
GIVEN = {"volume": "lab-user-ada", "target": "/home/jovyan/work", "read_only": False}


def refusal(call, *given):
    with pytest.raises(Refused) as caught:
        call(*given)
    return caught.value.reason


def body(**changed):
    return {"container": ID, "user": "ada", "mounts": [GIVEN], "told": "told", **changed}


def container(state=RUNNING, host=None, sandbox="/var/run/docker/netns/4f", **changed):
    marks = {"hubkit.hub": "lab", "hubkit.pool": "image", **changed}
    found = {"Config": {"Labels": {k: v for k, v in marks.items() if v is not None}}}
    found["NetworkSettings"] = {"SandboxKey": sandbox}
    return {**found, "State": state, "HostConfig": host or {}}


def volume(*, driver="local", options=None, **marks):
    place = "/var/lib/docker/volumes/x/_data"
    return {"Driver": driver, "Options": options, "Mountpoint": place, "Labels": marks or None}


def test_the_labels_are_the_spawners():
    assert (rules.HUB, rules.USER) == (labels.HUB, labels.USER)


def test_parsed():
    assert parse(body(more="is left alone")) == Request(ID, "ada", (HOME,), "told")


def test_nothing_but_told():
    assert parse(body(mounts=[])) == Request(ID, "ada", (), "told")


def test_what_is_told_is_not_shown():
    """It holds the server's token."""
    assert "told" not in repr(parse(body()))


@pytest.mark.parametrize("marks", [{"hubkit.user": "ada", "hubkit.pool": None}, {}])
def test_own_network(marks):
    """Of a server, and of one that waits."""
    assert RULES.own_network(container(host={"NetworkMode": "lab"}, **marks)) == 77


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"hubkit.hub": "other"}, Reason.NOT_ALLOWED, id="another hub's"),
        pytest.param({"hubkit.pool": None}, Reason.NOT_ALLOWED, id="no server"),
        pytest.param({"host": {"NetworkMode": "host"}}, Reason.NOT_ALLOWED, id="the host's"),
        pytest.param({"host": {"NetworkMode": "container:4f"}}, Reason.NOT_ALLOWED, id="another's"),
        pytest.param(
            {"host": {"NetworkMode": "lab", "Runtime": "runsc"}},
            Reason.NOT_ALLOWED,
            id="past the kernel",
        ),
        pytest.param(
            {"sandbox": "/var/run/docker/netns/default"}, Reason.NOT_ALLOWED, id="by another name"
        ),
        pytest.param({"state": {**RUNNING, "Running": False}}, Reason.STOPPED, id="ended"),
        pytest.param({"state": {**RUNNING, "Pid": 0}}, Reason.STOPPED, id="no process"),
    ],
)
def test_no_network_to_close(given, reason):
    found = container(**{"host": {"NetworkMode": "lab"}, **given})

    assert refusal(RULES.own_network, found) is reason


def test_ports():
    assert rules.parse_ports({"open": [8888, 1, 65535]}) == (8888, 1, 65535)


@pytest.mark.parametrize(
    "wrong",
    [{}, [], {"open": []}, {"open": 8888}, *({"open": [x]} for x in (0, 65536, True, "1", 1.5))],
)
def test_no_ports(wrong):
    assert refusal(rules.parse_ports, wrong) is Reason.MALFORMED


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing"),
        *(
            pytest.param({k: v for k, v in body().items() if k != name}, id=f"no {name}")
            for name in body()
        ),
        pytest.param(body(user=7), id="a number for a name"),
        pytest.param(body(told=None), id="nothing told"),
        pytest.param(body(told="one\ntwo"), id="two lines told"),
        pytest.param(body(container="jupyter-ada"), id="by name"),
        pytest.param(body(container=ID[:12]), id="a short id"),
        pytest.param(body(container=ID + "\n"), id="a line more"),
        pytest.param(body(mounts=[GIVEN, GIVEN]), id="one target"),
        pytest.param(
            body(mounts=[GIVEN, GIVEN | {"target": "/home/jovyan//work/"}]),
            id="one target written twice",
        ),
        *(
            pytest.param(body(mounts=[GIVEN | change]), id=str(change))
            for change in (
                {"volume": "/etc"},
                {"volume": "../x"},
                {"volume": "x/../../y"},
                {"volume": ""},
                {"target": "srv"},
                {"read_only": "no"},
                {"target": None},
            )
        ),
    ],
)
def test_malformed(wrong):
    assert refusal(parse, wrong) is Reason.MALFORMED


@pytest.mark.parametrize(
    "further",
    [
        pytest.param((), id="the home alone"),
        pytest.param((Mount("data", "/srv/data", True),), id="a volume of all"),
        pytest.param((Mount("own-a-2db", "/srv/a-2db"),), id="a volume of the user's"),
    ],
)
def test_allowed(further):
    RULES.check_request(Request(ID, "a-b", (HOME, *further)))


@pytest.mark.parametrize(
    "mounts",
    [
        pytest.param((Mount("data", "/srv/data", True),), id="no home"),
        pytest.param((Mount(HOME.source, HOME.target, True),), id="a home only to read"),
        pytest.param((Mount(HOME.source, "/srv/home"),), id="the home elsewhere"),
        pytest.param((HOME, Mount("data", "/srv/data")), id="to write"),
        pytest.param((HOME, Mount("data", "/etc", True)), id="at another place"),
        pytest.param((HOME, Mount("other", "/srv/data", True)), id="another volume"),
        pytest.param((HOME, Mount("own-bob", "/srv/bob")), id="another user's"),
        pytest.param((HOME, Mount("own-{username}", "/srv/ada")), id="the template"),
    ],
)
def test_not_of_this_site(mounts):
    assert refusal(RULES.check_request, Request(ID, "ada", mounts)) is Reason.NOT_ALLOWED


def test_nobodys_home():
    """Who has no home gets nothing at all mounted."""
    RULES.check_request(Request(ID, "ada", ()))


def test_targets():
    """The places of every user's, as the kernel writes them."""
    assert RULES.targets() == {HOME.target, "/srv/data", "/srv/{username}", "/srv/host"}


def test_a_waiting_container():
    assert RULES.process(container()) == 77


@pytest.mark.parametrize(
    "changed",
    [
        {"hubkit.hub": None},
        {"hubkit.hub": "other"},
        {"hubkit.hub": ""},
        {"hubkit.pool": None},
        {"hubkit.pool": ""},
        {"hubkit.user": "ada"},
        {"hubkit.user": ""},
    ],
    ids=str,
)
def test_whose_container(changed):
    assert refusal(RULES.process, container(**changed)) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("changed", [{"Running": False}, {"Paused": True}, {"Pid": 0}], ids=str)
def test_which_state(changed):
    assert refusal(RULES.process, container(RUNNING | changed)) is Reason.STOPPED


MINE = {"hubkit.hub": "lab", "hubkit.user": "ada"}
DATA = Mount("data", "/srv/data", True)


@pytest.mark.parametrize("options", [None, {}], ids=["none", "empty"])
def test_a_home(options):
    found = RULES.volume(HOME, "ada", volume(options=options, **MINE))

    assert found == Volume("/var/lib/docker/volumes/x/_data", HOME.target)


@pytest.mark.parametrize("marks", [{}, {"hubkit.hub": "lab"}, MINE], ids=str)
def test_a_further_volume(marks):
    """It needs no label: an administrator may have made it."""
    assert RULES.volume(DATA, "ada", volume(**marks)).read_only


@pytest.mark.parametrize(
    ("wanted", "marks"),
    [
        (HOME, {}),
        (HOME, {"hubkit.user": "ada"}),
        (HOME, {"hubkit.hub": "lab"}),
        (HOME, MINE | {"hubkit.hub": "other"}),
        (HOME, MINE | {"hubkit.user": "bob"}),
        (DATA, {"hubkit.hub": "other"}),
        (DATA, MINE | {"hubkit.user": "bob"}),
    ],
    ids=str,
)
def test_whose_volume(wanted, marks):
    assert refusal(RULES.volume, wanted, "ada", volume(**marks)) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("kind", [{"driver": "rclone"}, {"options": {"type": "nfs"}}], ids=str)
def test_volumes_the_engine_mounts(kind):
    assert refusal(RULES.volume, HOME, "ada", volume(**kind, **MINE)) is Reason.NOT_ALLOWED
