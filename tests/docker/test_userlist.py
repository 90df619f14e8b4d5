"""The userlist is authoritative: who is taken off it is out, whoever came otherwise stays."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.person import PASSWORD, Person
from tests.support import Stack, run, until

pytestmark = pytest.mark.docker

NOT_LISTED = "Your account is not on this hub's list; ask an administrator of this hub."


def edit(stack: Stack, *words: str, check: bool = True) -> Any:
    """Do what an administrator types on the hub's machine."""
    return run("scripts/hubkit.sh", "users", *words, cwd=stack.path, check=check)


def hubkit(stack: Stack, *words: str, check: bool = True) -> Any:
    return stack.compose("exec", "-T", "jupyterhub", "hubkit", "users", *words, check=check)


def service_said(stack: Stack) -> str:
    """Return what the hub's own service did lately: it may be there before the command."""
    logs: str = stack.compose("logs", "--no-log-prefix", "--since", "2m", "jupyterhub").stdout
    return logs


def people(stack: Stack) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(edit(stack, "list", "--json").stdout)}


def new_name() -> str:
    return f"l{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def list_as_it_was(stack: Stack) -> Iterator[None]:
    """Put the userlist back, whatever a test left of it."""
    path = stack.path / "userlist"
    before = path.read_text()
    yield
    path.write_text(before)
    hubkit(stack, "sync")


@pytest.fixture
def listed(stack: Stack, admin: Person) -> Person:
    """Somebody on the list, signed in, with a running server that has a file."""
    name = new_name()
    edit(stack, "add", name)
    made = Person(stack, name)
    assert "Your password is set" in made.sign_up()
    made.sign_in().start().write("kept.txt", name)
    return made


def in_session(person: Person) -> bool:
    return person.http.get(f"{person.stack.url}/hub/home").url.endswith("/hub/home")


def has_container(person: Person) -> bool:
    names = run("docker", "ps", "-a", "--format", "{{.Names}}").stdout.split()
    return f"{person.stack.project}-jupyter-{person.name}" in names


def has_home(person: Person) -> bool:
    names = run("docker", "volume", "ls", "--format", "{{.Name}}").stdout.split()
    return f"{person.stack.project}-user-{person.name}" in names


def administers(person: Person) -> bool:
    return person.api("GET", "/hub/api/users").status_code == 200


def signing_in(stack: Stack, name: str, password: str = PASSWORD) -> tuple[requests.Response, str]:
    """Return the answer to a sign-in, and its words."""
    answer = Person(stack, name).try_password(password)
    return answer, html.unescape(answer.text)


def assert_out(person: Person, sentence: str) -> None:
    """Fail if anything but the home is left to *person*."""
    assert not in_session(person)
    assert person.api("GET", "/hub/api/user").status_code == 403
    until(lambda: not has_container(person), 30, "container gone")
    assert has_home(person)
    answer, words = signing_in(person.stack, person.name)
    assert (answer.status_code, sentence in words) == (403, True)


def assert_back(person: Person) -> None:
    """Fail unless *person* signs in as ever and finds the file."""
    person.sign_in().start()
    assert person.read("kept.txt") == person.name
    person.stop()


def test_who_is_taken_off_the_list_is_out_and_may_come_back(stack: Stack, listed: Person):
    """Sync ends session, token and server; the home stays, and waits."""
    text = (stack.path / "userlist").read_text()
    (stack.path / "userlist").write_text(text.replace(f"{listed.name}\n", ""))

    said = hubkit(stack, "sync").stdout

    assert f"removed: {listed.name}" in said
    done = said + service_said(stack)
    assert f"stopped the server of {listed.name}" in done
    assert re.search(rf"deleted \d+ tokens? of {listed.name}", done)
    until(lambda: not in_session(listed), 10, "session ended")
    assert_out(listed, NOT_LISTED)
    assert f"of {listed.name}" not in hubkit(stack, "sync").stdout

    (stack.path / "userlist").write_text(text)
    assert f"added: {listed.name}" in stack.make_target("reload").stdout
    assert_back(listed)


@pytest.mark.thorough
def test_a_named_server_and_a_starting_one_are_stopped_too(stack: Stack, listed: Person):
    """Whatever runs or is about to."""
    listed.stop()
    listed.start("second")
    assert listed.api("POST", f"/hub/api/users/{listed.name}/server").status_code in (201, 202)

    said = edit(stack, "remove", listed.name).stdout

    assert f"stopped the server second of {listed.name}" in said + service_said(stack)
    prefix = f"{stack.project}-jupyter-{listed.name}"
    names = run("docker", "ps", "-a", "--format", "{{.Names}}").stdout.split()
    assert not [name for name in names if name.startswith(prefix)]


@pytest.mark.thorough
def test_removal_counts_after_a_restart_as_well(stack: Stack, listed: Person):
    """Edited by hand and without sync: the hub's next start does the same."""
    text = (stack.path / "userlist").read_text()
    (stack.path / "userlist").write_text(text.replace(f"{listed.name}\n", ""))

    stack.compose("restart", "jupyterhub")
    stack.wait()

    assert_out(listed, NOT_LISTED)
    token = people(stack)[listed.name]
    assert (token["came"], token["refusal"]) == ("listed", NOT_LISTED)


@pytest.mark.thorough
def test_admin_rights_follow_the_list_and_the_console(stack: Stack, admin: Person, person: Person):
    """Taking the word away takes the rights, in seconds; whom the console appointed stays."""
    name = new_name()
    edit(stack, "add", name, "--admin")
    boss = Person(stack, name).accept(stack.link(name)).sign_in()
    until(lambda: administers(boss), 10, "rights given")
    body = {"admin": True}
    assert admin.api("PATCH", f"/hub/api/users/{person.name}", json=body).status_code == 200
    assert administers(person)

    assert f"administrators no longer: {name}" in edit(stack, "admin", name, "--off").stdout

    until(lambda: not administers(boss), 10, "rights taken")
    assert in_session(boss)
    assert administers(person)
    assert people(stack)[person.name]["admin"]
    edit(stack, "admin", name)
    until(lambda: administers(boss), 10, "rights given again")


@pytest.mark.thorough
def test_who_was_added_in_the_console_stays(stack: Stack, admin: Person):
    """Neither sync nor a restart takes them for somebody taken off the list."""
    name = new_name()
    assert admin.api("POST", f"/hub/api/users/{name}").status_code == 201
    added = Person(stack, name)
    assert "Your password is set" in added.sign_up()
    added.sign_in()

    hubkit(stack, "sync")
    assert in_session(added)
    stack.compose("restart", "jupyterhub")
    stack.wait()

    assert in_session(added)
    assert people(stack)[name]["came"] == "added"
    added.sign_in()


@pytest.mark.thorough
def test_block_and_unblock(stack: Stack, listed: Person):
    """Blocked is out at once, whatever the list says; unblocked is back."""
    said = edit(stack, "block", listed.name).stdout

    assert f"{listed.name} is blocked" in said
    until(lambda: not in_session(listed), 10, "session ended")
    assert_out(listed, "Your account is blocked on this hub; ask an administrator of this hub.")
    hubkit(stack, "sync")
    assert people(stack)[listed.name]["blocked"]

    edit(stack, "unblock", listed.name)
    assert_back(listed)


def test_a_wrong_list_changes_nothing(stack: Stack, listed: Person):
    """Sync names every wrong line; everybody stays who they were."""
    before = people(stack)
    (stack.path / "userlist").write_text("admin admin\na/b\nada boss\n")

    done = hubkit(stack, "sync", check=False)

    assert done.returncode == 1
    assert "2 problems (nothing was changed)" in done.stderr
    assert "userlist, line 2: a/b" in done.stderr
    assert "userlist, line 3: ada boss" in done.stderr
    assert people(stack) == before
    assert in_session(listed)
    assert listed.server()["ready"]


def test_a_table_is_imported(stack: Stack, admin: Person, tmp_path):
    """A spreadsheet's CSV from anywhere; with a wrong line nothing of it."""
    one, two = new_name(), new_name()
    path = tmp_path / "my people.csv"
    path.write_bytes(f"\ufeffname;admin\r\n{one};\r\n{two};x\r\n".encode())
    before = (stack.path / "userlist").read_text()

    assert f"added: {', '.join(sorted((one, two)))}" in edit(stack, "import", str(path)).stdout

    assert (stack.path / "userlist").read_text() == f"{before}{one}\n{two} admin\n"
    path.write_text(f"{one}x\na b\n")
    done = edit(stack, "import", str(path), check=False)
    assert (done.returncode, "my people.csv, line 2: a b" in done.stderr) == (1, True)
    assert (stack.path / "userlist").read_text() == f"{before}{one}\n{two} admin\n"


def test_the_list_cannot_be_edited_in_the_hub(stack: Stack):
    """The hub only reads the checkout; where to type it instead is said."""
    done = hubkit(stack, "add", "ada", check=False)

    assert done.returncode == 1
    assert "on the hub's machine: scripts/hubkit.sh users add" in done.stderr


def test_the_list_is_shown(stack: Stack, listed: Person):
    """A table: who, how they came, what runs."""
    lines = stack.make_target("users").stdout.splitlines()

    assert lines[0].split() == ["NAME", "CAME", "ADMIN", "ACCESS", "SERVERS", "ACCOUNT"]
    [line] = [line for line in lines if line.startswith(listed.name)]
    assert line.split() == [listed.name, "listed", "yes", "running", f"native:{listed.name}"]


@pytest.mark.thorough
def test_a_renamed_user_keeps_password_and_home(stack: Stack, admin: Person, person: Person):
    """The new name signs in with the old password; who takes the old name is somebody else."""
    person.start().write("kept.txt", "first")
    person.stop()
    renamed = Person(stack, f"{person.name}new")
    body = {"name": renamed.name}
    assert admin.api("PATCH", f"/hub/api/users/{person.name}", json=body).status_code == 200
    # JupyterHub 6.1 keeps the old name's address in memory until it is restarted.
    stack.compose("restart", "jupyterhub")
    stack.wait()

    assert renamed.sign_in().start().read("kept.txt") == "first"
    renamed.stop()
    answer, _ = signing_in(stack, person.name)
    assert "Invalid username or password" in answer.text
    second = Person(stack, person.name).accept(stack.link(person.name)).sign_in()
    assert second.api("GET", "/hub/api/user").json()["name"] == person.name
