"""Who may not use the hub any more loses servers and tokens, and nobody else anything."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest
from jupyterhub.scopes import scope_definitions
from traitlets.config import Config

from hubkit import stack
from hubkit.auth.policy import Policy
from hubkit.auth.register import Register
from hubkit.errors import HubkitError
from hubkit.services import culler, roster
from hubkit.services.roster import Ended, Watch
from hubkit.settings import Settings
from hubkit.userlist import Userlist


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Let no time pass between tries."""
    monkeypatch.setattr(roster, "BETWEEN_TRIES", 0.001)


@pytest.fixture
def register(tmp_path):
    """Return a register with people of every kind."""
    made = Register(tmp_path / "people.sqlite")
    made.apply(Userlist(("ada", "grace", "gone"), ("ada",)))
    made.apply(Userlist(("ada", "grace"), ("ada",)))
    made.came("added", "added")
    made.came("admitted", "admitted")
    made.came("left", "admitted")
    made.deny("left")
    made.block("grace", blocked=True)
    return made


@pytest.mark.parametrize(
    ("allow", "out"),
    [
        pytest.param("userlist", {"gone", "grace", "admitted", "left"}, id="by the list"),
        pytest.param("group", {"gone", "grace", "left"}, id="by groups"),
        pytest.param("everyone", {"grace", "left"}, id="everyone"),
    ],
)
def test_refused(register, allow, out):
    """Refused are the blocked, and whom list and provider do not let in any more."""
    assert roster.refused(register, Policy(allow=frozenset({allow}))) == out


async def test_end_access(hub, fake):
    """All servers and tokens of those named go, of the others none."""
    fake.users = {"ada": {"": None, "two": None}, "grace": {"": None}, "lin": {}}
    fake.tokens = {"ada": ["a1", "a2"], "grace": ["a3"], "lin": ["a4"]}

    done = await roster.end_access(hub, ["lin", "ada", "nobody"])

    assert done == [Ended("ada", ("", "two"), 2), Ended("lin", (), 1)]
    assert fake.users == {"ada": {}, "grace": {"": None}, "lin": {}}
    assert fake.tokens == {"ada": [], "grace": ["a3"], "lin": []}
    assert [line for one in done for line in one.lines()] == [
        "stopped the server of ada",
        "stopped the server two of ada",
        "deleted 2 tokens of ada",
        "deleted 1 token of lin",
    ]


async def test_end_access_again(hub, fake):
    """What is done is not done again."""
    fake.users, fake.tokens = {"ada": {"": None}}, {"ada": ["a1"]}
    await roster.end_access(hub, ["ada"])
    fake.asked.clear()

    assert await roster.end_access(hub, ["ada"]) == []
    assert fake.asked == ["GET /hub/api/users"]


async def test_end_access_of_nobody(hub, fake):
    """Where nobody is refused, the hub is not even asked."""
    assert await roster.end_access(hub, []) == []
    assert fake.asked == []


async def test_a_start_is_ended_too(hub, fake):
    """The hub refuses to stop what it just interrupted; it is asked again."""
    fake.users, fake.refuses = {"ada": {"": "spawn"}}, {("ada", ""): 3}

    assert await roster.end_access(hub, ["ada"]) == [Ended("ada", ("",))]
    assert fake.asked.count("DELETE /hub/api/users/ada/server") == 4


async def test_whoever_is_let_in_again_meanwhile_keeps_what_they_begin(hub, fake):
    """The first look stops a server; before the second they are back, with a new one."""
    fake.users, fake.tokens = {"ada": {"": None}}, {"ada": ["new"]}
    fake.never_stop.add(("ada", ""))
    answers = iter([{"ada"}])

    done = await roster.end_access(hub, ["ada"], still=lambda: next(answers, set()))

    assert fake.asked.count("DELETE /hub/api/users/ada/server") == 1
    assert fake.tokens == {"ada": ["new"]}
    assert done == [Ended("ada", ("",))]


async def test_what_is_stopping_is_waited_for(hub, fake):
    """A server that stops already is not asked to, and is said to be left after a while."""
    fake.users = {"ada": {"": "stop"}}

    [ended] = await roster.end_access(hub, ["ada"], wait=0.02)

    assert ended.lines() == ["the server of ada is still stopping"]
    assert set(fake.asked) == {"GET /hub/api/users"}


async def test_what_does_not_stop_does_not_keep_the_tokens(hub, fake):
    """Tokens go, whatever becomes of the server."""
    fake.users, fake.tokens = {"ada": {"": None}}, {"ada": ["a1"]}
    fake.never_stop = {("ada", "")}

    assert await roster.end_access(hub, ["ada"], wait=0.02) == [Ended("ada", (), 1, ("",))]


async def test_watch(hub, fake, caplog):
    """Each look is one request; tokens are deleted once for each time somebody is refused."""
    caplog.set_level(logging.INFO, "hubkit.roster")
    fake.users, fake.tokens = {"ada": {"": None}}, {"ada": ["a1"]}
    names = {"ada"}
    watch = Watch(hub, lambda: set(names))

    await watch.look()
    assert caplog.messages == ["stopped the server of ada", "deleted 1 token of ada"]

    fake.tokens["ada"].append("a2")
    fake.asked.clear()
    await watch.look()
    assert fake.asked == ["GET /hub/api/users"]
    assert fake.tokens == {"ada": ["a2"]}

    names.clear()
    await watch.look()
    names.add("ada")
    await watch.look()
    assert fake.tokens == {"ada": []}


async def test_tokens_are_deleted_once_the_hub_answers(hub, fake):
    """A look that failed is made again, whole."""
    fake.users, fake.tokens, fake.status = {"ada": {}}, {"ada": ["a1"]}, 503
    watch = Watch(hub, lambda: {"ada"})
    with pytest.raises(HubkitError):
        await watch.look()

    fake.status = 0
    await watch.look()

    assert fake.tokens == {"ada": []}


async def test_goes_on(hub, fake, caplog, monkeypatch):
    """Neither a silent hub nor a register that cannot be read ends the service."""
    monkeypatch.setattr(roster, "EVERY", 0.001)
    monkeypatch.setattr(roster, "AFTER_FAILURE", 0.001)
    fake.users, fake.status = {"ada": {"": None}}, 503
    looks = iter([OSError("no register"), None, None])

    def who():
        error = next(looks, None)
        if error:
            raise error
        return {"ada"}

    task = asyncio.create_task(Watch(hub, who).go_on())
    while len(caplog.messages) < 2:
        await asyncio.sleep(0.001)
    fake.status = 0
    while fake.users["ada"]:
        await asyncio.sleep(0.001)
    task.cancel()

    assert caplog.messages[:2] == [
        "will look again: no register",
        "will look again: the hub refuses GET /users: status 503",
    ]


def test_configure(tmp_path, monkeypatch):
    """The hub starts the service beside the culler, with the token the commands use."""
    monkeypatch.setattr(stack, "SERVICE_TOKEN", tmp_path / "token")
    stack.SERVICE_TOKEN.write_text("a1b2\n")
    c, env = Config(), Settings.from_env({"ALLOW": "userlist,group"})

    culler.configure(c, env)
    roster.configure(c, env)

    assert [service["name"] for service in c.JupyterHub.services] == ["idle-culler", "roster"]
    service, role = c.JupyterHub.services[1], c.JupyterHub.load_roles[1]
    assert service["api_token"] == "a1b2"
    words = [sys.executable, "-P", "-m", "hubkit.services.roster", "group", "userlist"]
    assert service["command"] == words
    assert (role["name"], role["services"]) == ("roster", ["roster"])
    assert set(role["scopes"]) == {"list:users", "read:servers", "delete:servers", "tokens"}
    assert set(role["scopes"]) <= set(scope_definitions)
