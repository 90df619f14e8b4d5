"""People come, go and are renamed; their homes stay theirs."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.person import PASSWORD, Person
from tests.support import Stack, run, until

pytestmark = pytest.mark.docker


@pytest.fixture
def volume(stack: Stack) -> str:
    """The name of a user whose home volume somebody else made."""
    name = f"v{uuid.uuid4().hex[:8]}"
    run("docker", "volume", "create", f"{stack.project}-user-{name}")
    return name


def volumes(stack: Stack) -> set[str]:
    listed = run("docker", "volume", "ls", "--format", "{{.Name}}").stdout.split()
    return {name for name in listed if name.startswith(f"{stack.project}-user-")}


def send(person: Person, page: str, path: str) -> None:
    """Send the form of *page* that leads to *path*."""
    person.http.get(f"{person.stack.url}{page}")
    xsrf = person.http.cookies.get("_xsrf", path="/hub/") or ""
    answer = person.http.post(f"{person.stack.url}{path}", data={"_xsrf": xsrf})
    assert answer.status_code == 200, answer.text[:300]


def signing_in(person: Person) -> str:
    """Return what the hub answers to the right password."""
    return person._form("/hub/login", username=person.name, password=PASSWORD).text


def running(admin: Person, name: str) -> dict:
    """Return the servers of *name*."""
    return admin.api("GET", f"/hub/api/users/{name}").json()["servers"]


def plain(page: str) -> str:
    """Return what a visitor reads in *page*, without the token of its form."""
    return " ".join(re.sub(r"(?s)<script.*?</script>|<[^>]*>", " ", page).split())


def failed_start(person: Person) -> str:
    """Start a server that cannot start; return what the hub said."""
    answer = person.api("POST", f"/hub/api/users/{person.name}/server")
    assert answer.status_code >= 400, answer.text
    return answer.text


def test_administrators_cannot_sign_up(stack: Stack, admin: Person):
    """Knowing an administrator's name makes nobody one; the page does not even tell it is one."""
    stranger = Person(stack, f"s{uuid.uuid4().hex[:8]}")

    answers = {plain(one.sign_up()) for one in (Person(stack, "admin"), stranger)}

    assert len(answers) == 1
    assert "An administrator has to let you in" in answers.pop()
    admin.sign_in()


def test_a_stranger_waits_for_an_administrator(stack: Stack, admin: Person):
    """Somebody on no list may ask, is told so, and gets in once authorised."""
    name = f"s{uuid.uuid4().hex[:8]}"
    stranger = Person(stack, name)
    assert "An administrator has to let you in" in stranger.sign_up()
    with pytest.raises(AssertionError, match="was not let in"):
        stranger.sign_in()

    send(admin, "/hub/authorize", f"/hub/authorize/{name}")

    Person(stack, name).sign_in().start().stop()


def test_taking_authorisation_back_ends_everything(stack: Stack, admin: Person):
    """Session, server and tokens end; authorised again, they come in and find their home."""
    name = f"s{uuid.uuid4().hex[:8]}"
    Person(stack, name).sign_up()
    send(admin, "/hub/authorize", f"/hub/authorize/{name}")
    person = Person(stack, name).sign_in().start()
    person.write("kept.txt", "1")

    send(admin, "/hub/authorize", f"/hub/authorize/{name}")

    until(lambda: not running(admin, name), 90, "server stopped")
    until(lambda: person.api("GET", "/hub/api/user").status_code == 403, 30, "token ended")
    assert "An administrator has to let you in first." in signing_in(Person(stack, name))

    send(admin, "/hub/authorize", f"/hub/authorize/{name}")
    again = Person(stack, name).sign_in().start()
    assert again.read("kept.txt") == "1"
    again.stop()


def test_a_home_waits_for_its_owner(stack: Stack, admin: Person, person: Person):
    """Whoever signs up under the name of a deleted user does not get what is left of them."""
    person.start().write("mine.txt", "1")
    person.stop()
    assert admin.api("DELETE", f"/hub/api/users/{person.name}").status_code == 204

    assert "An administrator has to let you in" in Person(stack, person.name).sign_up()

    assert "Invalid username or password" in signing_in(Person(stack, person.name))


@pytest.mark.parametrize(
    "action", ["authorize", pytest.param("discard", marks=pytest.mark.thorough)]
)
def test_authorising_from_another_site_is_refused(stack: Stack, admin: Person, action: str):
    """Neither a link nor a form on a foreign page makes an administrator decide about somebody."""
    name = f"s{uuid.uuid4().hex[:8]}"
    waiting = Person(stack, name)
    waiting.sign_up()
    url = f"{stack.url}/hub/{action}/{name}"
    foreign = {"Sec-Fetch-Site": "cross-site"}

    assert admin.http.post(url, headers=foreign).status_code == 403
    assert admin.http.get(url).url == f"{stack.url}/hub/authorize"

    assert "An administrator has to let you in first." in signing_in(waiting)


def test_who_is_turned_down_may_ask_again(stack: Stack, admin: Person):
    """Discard forgets that somebody asked."""
    name = f"s{uuid.uuid4().hex[:8]}"
    Person(stack, name).sign_up()

    send(admin, "/hub/authorize", f"/hub/discard/{name}")

    assert "Invalid username or password" in signing_in(Person(stack, name))
    assert "An administrator has to let you in" in Person(stack, name).sign_up()


def test_a_link_works_once(stack: Stack, admin: Person):
    """The second use of an invitation is refused."""
    name = f"o{uuid.uuid4().hex[:8]}"
    link = stack.link(name)
    Person(stack, name).accept(link)

    again = Person(stack, name).http.get(link)

    assert again.status_code == 403
    assert "used already" in again.text


def test_a_deleted_users_home_stays(stack: Stack, admin: Person, person: Person):
    """Deleting a user deletes no file; added again, they find it."""
    person.start().write("kept.txt", "1")
    person.stop()

    assert admin.api("DELETE", f"/hub/api/users/{person.name}").status_code == 204

    assert f"{stack.project}-user-{person.name}" in volumes(stack)
    again = Person(stack, person.name).accept(stack.link(person.name)).sign_in()
    assert again.start().read("kept.txt") == "1"


@pytest.mark.thorough
def test_homes_are_deleted_with_their_user_where_wanted(
    stack: Stack, admin: Person, person: Person
):
    """DELETE_USER_VOLUMES=true: this user's home goes, everybody else's stays."""
    person.start().stop()
    before = volumes(stack)
    stack.apply(DELETE_USER_VOLUMES="true")
    try:
        assert admin.api("DELETE", f"/hub/api/users/{person.name}").status_code == 204
        assert before - volumes(stack) == {f"{stack.project}-user-{person.name}"}
    finally:
        stack.apply(DELETE_USER_VOLUMES="false")


@pytest.mark.thorough
def test_a_renamed_user_keeps_the_home_and_the_old_name_gets_another(
    stack: Stack, admin: Person, person: Person
):
    """The home belongs to the person, not to the name."""
    person.start().write("mine.txt", "first")
    person.stop()
    new_name = f"{person.name}new"
    body = {"name": new_name}
    assert admin.api("PATCH", f"/hub/api/users/{person.name}", json=body).status_code == 200
    # JupyterHub 6.1 keeps the old name's address in memory until it is restarted.
    stack.compose("restart", "jupyterhub")
    stack.wait()

    second = Person(stack, person.name).accept(stack.link(person.name)).sign_in()
    second.start().write("mine.txt", "second")
    renamed = Person(stack, new_name).accept(stack.link(new_name)).sign_in().start()

    assert renamed.read("mine.txt") == "first"
    assert second.read("mine.txt") == "second"
    renamed.stop()


def test_a_volume_of_somebody_else_is_left_alone(stack: Stack, admin: Person, volume: str):
    """A volume of the right name that this hub did not make is not mounted unasked."""
    somebody = Person(stack, volume).accept(stack.link(volume)).sign_in()

    failed_start(somebody)

    hub = run("docker", "logs", "--tail", "50", stack.project)
    assert "was not made by this hub" in hub.stdout + hub.stderr


@pytest.mark.thorough
def test_a_home_of_an_earlier_deployment_is_adopted_if_wanted(
    stack: Stack, admin: Person, volume: str
):
    """ADOPT_VOLUMES=true: the files of the older system are there."""
    name = f"{stack.project}-user-{volume}"
    write = "echo -n old > /home/jovyan/work/old.txt"
    target = f"{name}:/home/jovyan/work"
    image = stack.settings["DOCKER_NOTEBOOK_IMAGE"]
    run("docker", "run", "--rm", "-v", target, image, "sh", "-c", write)
    stack.apply(ADOPT_VOLUMES="true")
    try:
        somebody = Person(stack, volume).accept(stack.link(volume)).sign_in()
        assert somebody.start().read("old.txt") == "old"
        somebody.stop()
    finally:
        stack.apply(ADOPT_VOLUMES="false")


def test_a_foreign_container_of_our_name_is_left_alone(stack: Stack, person: Person):
    """A container this hub did not make is neither adopted nor removed."""
    name = f"{stack.project}-jupyter-{person.name}"
    image = stack.settings["DOCKER_NOTEBOOK_IMAGE"]
    made = run("docker", "run", "-d", "--name", name, image, "sleep", "300").stdout.strip()
    try:
        failed_start(person)
        assert stack.inspect(name)["Id"] == made
        assert stack.inspect(name)["State"]["Running"]
    finally:
        run("docker", "rm", "-f", name)


def test_a_home_that_vanished_is_not_replaced_by_an_empty_one(stack: Stack, person: Person):
    """Whoever lost a disk is told; an empty home would hide it."""
    person.start().stop()
    volume = f"{stack.project}-user-{person.name}"
    run("docker", "volume", "rm", volume)

    failed_start(person)

    assert volume not in volumes(stack)


@pytest.mark.thorough
@pytest.mark.parametrize("limit", ["IDLE_TIMEOUT", "MAX_AGE"])
def test_an_idle_server_is_stopped_and_an_old_one_too(stack: Stack, person: Person, limit: str):
    """IDLE_TIMEOUT ends servers nobody uses, MAX_AGE any; the file stays."""
    usual = {"IDLE_TIMEOUT": "3600", "MAX_AGE": "0"}
    person.start().write("kept.txt", "1")
    stack.apply(**{limit: "3"})
    try:
        until(lambda: not person.server(), 60, "culled")
    finally:
        stack.apply(**usual)
    assert person.start().read("kept.txt") == "1"
