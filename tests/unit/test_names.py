"""Names: different for different people, valid for DNS and Docker, and never changing."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubkit import names, values

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1035 section 2.3.1
LONG = "a" * 100

# Characters that collide if escaping is wrong, long runs included; "/" is in no user name.
tricky = st.text(st.sampled_from("ab2d-_.A @ü"), min_size=1, max_size=70)
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1)
users = st.one_of(tricky, anything)
servers = st.one_of(st.just(""), tricky, anything)
projects = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
unhurried = settings(deadline=None)


@pytest.mark.parametrize(
    ("user", "escaped"),
    [
        pytest.param("ada", "ada", id="letters stay"),
        pytest.param("user01", "user01", id="digits stay"),
        pytest.param("a-b", "a-2db", id="a dash is escaped"),
        pytest.param("a-2db", "a-2d2db", id="what looks escaped is escaped again"),
        pytest.param("a.b", "a-2eb", id="a dot"),
        pytest.param("a_b", "a-5fb", id="an underscore"),
        pytest.param("A B", "-41-20-42", id="capitals and a space"),
        pytest.param("ü", "-c3-bc", id="each byte of an umlaut"),
        pytest.param("ada@x.org", "ada-40x-2eorg", id="a mail address"),
        pytest.param("李", "-e6-9d-8e", id="each byte of a Chinese name"),
    ],
)
def test_rules_never_change(user, escaped):
    """These names are on people's disks; a change here loses their homes."""
    assert names.escape(user) == escaped
    assert names.container(user) == f"jupyter-{escaped}"
    assert names.home_volume(user) == f"jupyterhub-user-{escaped}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            names.container("ada", "my-lab"), "jupyter-ada--my-2dlab", id="a named server"
        ),
        pytest.param(names.container("ada", "A"), "jupyter-ada---41", id="a capital server"),
        pytest.param(names.container("ada", project="lab2"), "lab2-jupyter-ada", id="a project"),
        pytest.param(
            names.container("a", "b", project="x_y"), "x-5fy-jupyter-a--b", id="all three"
        ),
        pytest.param(
            names.container("a" * 54), "jupyter-" + "a" * 54, id="62 characters are left alone"
        ),
        pytest.param(
            names.container("a" * 55),
            "jupyter-" + "a" * 37 + "--3ca8a5eaca2688aa",
            id="63 characters are cut",
        ),
        pytest.param(
            names.container(LONG),
            "jupyter-" + "a" * 37 + "--a88bb165106a4f23",
            id="100 characters are cut",
        ),
        pytest.param(
            names.container(LONG, project="lab2"),
            "lab2-jupyter-" + "a" * 32 + "--c195dc68e986354a",
            id="100 characters in a project",
        ),
        pytest.param(names.home_volume("ada", "x_y"), "x_y-user-ada", id="a project's home"),
        pytest.param(names.home_volume("ada", rank=2), "jupyterhub-user-ada--2", id="second home"),
        pytest.param(
            names.home_volume(LONG), "jupyterhub-user-" + LONG, id="100 characters fit a volume"
        ),
        pytest.param(
            names.home_volume("-" * 100),
            "jupyterhub-user-" + "-2d" * 55 + "-" + "--7a4c731de37ee1fc",
            id="300 characters do not",
        ),
    ],
)
def test_literal_examples(name, expected):
    """Servers, projects, ranks and cut names keep their exact form, too."""
    assert name == expected


@given(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=50))
@unhurried
def test_plain_names_are_readable(user):
    """Who finds ``jupyter-ada`` in ``docker ps`` knows whose it is."""
    assert names.container(user) == f"jupyter-{user}"
    assert names.home_volume(user) == f"jupyterhub-user-{user}"


@given(users, servers, st.one_of(st.just("jupyterhub"), projects))
@unhurried
def test_container_is_a_dns_label(user, server, project):
    """A container's name is a valid DNS label whatever the people call themselves."""
    name = names.container(user, server, project)

    assert len(name) <= 63
    assert LABEL.fullmatch(name)
    assert name == names.container(user, server, project)


@given(users, st.one_of(st.just("jupyterhub"), projects), st.integers(1, 99))
@unhurried
def test_home_is_a_volume_name(user, project, rank):
    """Docker takes a home's name, and a folder of that name fits every file system."""
    name = names.home_volume(user, project, rank)

    assert values.docker_name(name) == name
    assert len(name.encode()) <= 255


@given(st.lists(users, unique=True, max_size=8))
@unhurried
def test_escape_is_injective(people):
    """Different names are escaped to different names."""
    assert len(set(map(names.escape, people))) == len(people)


@given(st.lists(st.tuples(users, servers), unique=True, max_size=8), projects)
@unhurried
def test_servers_never_share_a_container(pairs, project):
    """Different (user, server) pairs have different containers, in every project."""
    assert len({names.container(*pair) for pair in pairs}) == len(pairs)
    assert len({names.container(*pair, project) for pair in pairs}) == len(pairs)


@given(st.lists(st.tuples(users, st.integers(1, 20)), unique=True, max_size=8), projects)
@unhurried
def test_people_never_share_a_home(homes, project):
    """Different users have different homes at every rank."""
    taken = {names.home_volume(user, project, rank) for user, rank in homes}

    assert len(taken) == len(homes)


# "jupyter" is left out: its containers begin like those of the default project's users.
@given(st.lists(projects.filter(lambda name: name != "jupyter"), unique=True, max_size=5), users)
@unhurried
def test_projects_do_not_share(hubs, user):
    """Several hubs on one host may all have the same user."""
    assert len({names.container(user, project=hub) for hub in hubs}) == len(hubs)
    assert len({names.home_volume(user, hub) for hub in hubs}) == len(hubs)


def test_long_projects_do_not_share():
    """Projects that differ only behind where a name is cut still have their own containers."""
    first, second = (f"our-university-jupyter-for-course-{n}" for n in (1, 2))

    assert names.container("ada", project=first) != names.container("ada", project=second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a-2db", ""), ("a-b", ""), id="a name that looks escaped"),
        pytest.param(("a--b", ""), ("a", "b"), id="a name that looks like a server's"),
        pytest.param(("a", "-b"), ("a-", "b"), id="a dash on either side of the border"),
        pytest.param(("A", ""), ("a", ""), id="upper and lower case"),
        pytest.param(("ü", ""), ("u\u0308", ""), id="an umlaut in one piece and in two"),
        pytest.param((LONG, ""), (LONG + "a", ""), id="long names with the same beginning"),
        pytest.param((LONG, "b"), (LONG, ""), id="a server of a long name"),
        pytest.param((LONG, "b"), (LONG + "b", ""), id="a long name that ends like a server"),
    ],
)
def test_no_lookalikes(one, other):
    """Pairs that a simpler rule would confuse are kept apart."""
    assert names.container(*one) != names.container(*other)


@pytest.mark.parametrize("length", range(53, 58))
def test_nobody_can_take_the_name_of_a_cut_one(length):
    """Calling a server like the end of another's cut name does not give that name."""
    victim = names.container("a" * length + "@example.org")
    beginning, digest = victim.removeprefix("jupyter-").rsplit("--", 1)

    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert names.container(beginning, digest) != victim


@given(st.one_of(st.just("jupyterhub"), st.text("abz09", min_size=1, max_size=8)), users, servers)
@unhurried
def test_server_prefix(project, user, server):
    """Every container of a project begins with that project's prefix."""
    prefix = names.server_prefix(project)

    assert names.container(user, server, project).startswith(f"{prefix}-")


@given(projects, users, servers, st.text("0123456789abcdef", min_size=8, max_size=8))
@unhurried
def test_members_of_the_pool(project, user, server, digits):
    """What waits is told by its name, and no server of any hub is ever called so."""
    name = names.pool_member(project, digits)

    assert names.is_pool_member(name, project)
    assert not names.is_pool_member(names.container(user, server, project), project)
    assert not names.is_pool_member(name, f"{project}-pool")


@pytest.mark.parametrize("name", ["jupyterhub-pool-", "jupyterhub-pool-0000000g", "x", ""])
def test_no_members_of_the_pool(name):
    """A container that somebody called nearly so is not taken for one."""
    assert not names.is_pool_member(name, "jupyterhub")


def test_member_of_the_default_pool():
    assert names.pool_member("jupyterhub", "0123abcd") == "jupyterhub-pool-0123abcd"
