"""The kernel gateway of the stack: what one line in .env means, and what contradicts it."""

from __future__ import annotations

import pytest

from hubkit import settings
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.ops import checks, gateway

ON = {"COMPOSE_PROFILES": "gateway"}
OWN = "https://kernel-gateway:8888"
ELSEWHERE = "https://gateway.example.org:8888"
CERTIFICATES = {"KG_URL": ELSEWHERE, "CLIENT_KEY": "key.pem", "CLIENT_CERT": "cert.pem"}


def read(**environ):
    found, problems = settings.check(environ)
    assert problems == []
    return found


@pytest.mark.parametrize("written", [{}, {"KG_URL": OWN}, {"KG_URL": f"{OWN}/"}], ids=str)
def test_one_line_is_enough(written):
    """The profile leads every server to the stack's own gateway, with certificates."""
    env = read(**ON, **written)

    assert (env.own_gateway, env.kg_url) == (True, OWN)
    assert (env.client_key, env.client_cert, env.client_ca) == ("key.pem", "cert.pem", "cacert.pem")
    assert gateway.problems(env) == []


def test_names_that_are_written_stay():
    """What the files are called may still be chosen."""
    assert read(**ON, CLIENT_CERT="mine.crt").client_cert == "mine.crt"


@pytest.mark.parametrize("environ", [{}, {"KG_URL": ELSEWHERE}], ids=str)
def test_without_the_profile(environ):
    """Nothing changes where it is off."""
    env = read(**environ)

    assert (env.own_gateway, env.client_cert) == (False, "")
    assert gateway.problems(env) == []


def test_two_gateways():
    """A site file may send some there and others elsewhere."""
    env = read(**ON, KG_URL=ELSEWHERE, SITE_CONFIG="mine.py")

    assert (env.kg_url, env.client_cert) == (ELSEWHERE, "")
    assert gateway.problems(env) == []


@pytest.mark.parametrize(
    ("environ", "what", "cure"),
    [
        pytest.param({"KG_URL": OWN}, f"KG_URL={OWN}", "COMPOSE_PROFILES=gateway", id="off"),
        pytest.param(
            {**ON, "KG_URL": "https://kernel-gateway:9999"},
            "KG_URL=https://kernel-gateway:9999",
            f"KG_URL={OWN}",
            id="another port",
        ),
        pytest.param(
            {**ON, "KG_URL": "http://kernel-gateway:8888"},
            "KG_URL=http://kernel-gateway:8888",
            f"KG_URL={OWN}",
            id="in the clear",
        ),
        pytest.param(
            {**ON, "KG_URL": ELSEWHERE}, "COMPOSE_PROFILES=gateway", "SITE_CONFIG", id="two"
        ),
    ],
)
def test_contradictions(environ, what, cure):
    """What cannot work is refused with the line."""
    [problem] = gateway.problems(read(**environ))

    assert problem.what == what
    assert cure in problem.cure


@pytest.mark.parametrize("written", ["gatewy", "gateway,", "x, gateway"])
def test_a_profile_nobody_knows(written):
    """A misspelled one would start nothing."""
    _, [problem] = settings.check({"COMPOSE_PROFILES": written})

    assert problem.what == f"COMPOSE_PROFILES={written}"


def test_missing_files(tmp_path):
    """What the gateway needs must be there before anything starts; how it gets there is said."""
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=gateway\n")
    kit, found = checks.files(tmp_path)

    [problem] = [one for one in found if one.what.startswith("secrets/gateway-ca")]
    assert problem in gateway.missing(kit.env, tmp_path)
    assert "key.pem, cert.pem, client-ca.pem, crl.pem" in problem.what
    assert "'make up'" in problem.cure
    assert gateway.missing(read(), tmp_path) == []


@pytest.fixture
def kit(tmp_path):
    """Return a function that gives a checkout with these settings and people, ada with one."""

    def make(people, **environ):
        (tmp_path / "userlist").write_text(f"ada admin\n{people}")
        gateway.prepare(tmp_path)
        Desk(Places(tmp_path), Names()).issue(["ada"])
        return checks.Kit(tmp_path, read(**environ))

    return make


@pytest.mark.parametrize("environ", [ON, CERTIFICATES], ids=["own", "elsewhere"])
def test_listed_without(kit, environ):
    """Who is listed and could not start a server is named, with the command."""
    [problem] = checks.certificates_of_listed(kit("bob\no'neil\n", **environ))

    assert problem.what == "userlist: bob, o'neil"
    assert "do not start" in problem.wrong
    assert """certs issue bob 'o'"'"'neil' (or""" in problem.cure


def test_many_listed_without(kit):
    """Five are named, the others counted; the command is for those who are named."""
    [problem] = checks.certificates_of_listed(kit("".join(f"u{one}\n" for one in range(8)), **ON))

    assert problem.what == "userlist: u0, u1, u2, u3, u4 and 3 more"
    assert "issue u0 u1 u2 u3 u4 (or" in problem.cure


def test_administrators_without(kit):
    """They need one as everybody does."""
    checked = kit("bob\n", **ON)
    Desk(Places(checked.root), Names()).revoke("ada")

    [problem] = checks.certificates_of_listed(checked)

    assert problem.what == "userlist: ada, bob"


@pytest.mark.parametrize(
    ("environ", "site"),
    [
        pytest.param({**ON, "KG_WITHOUT_CERT": "local"}, "", id="they start all the same"),
        pytest.param({"KG_URL": ELSEWHERE}, "", id="a gateway without certificates"),
        pytest.param({}, "", id="no gateway"),
        pytest.param({**ON, "SITE_CONFIG": "m.py"}, "c.KitSpawner.gateways = {}", id="several"),
    ],
)
def test_nobody_needs_one(kit, environ, site):
    """Where nobody, or not everybody, needs a certificate nobody is missed."""
    checked = kit("bob\n", **environ)
    (checked.root / "site").mkdir()
    (checked.root / "site" / "m.py").write_text(site)

    assert checks.certificates_of_listed(checked) == []


def test_everybody_has_one(kit):
    """Then there is nothing to say."""
    assert checks.certificates_of_listed(kit("", **ON)) == []


def test_a_start_does_not_ask(kit, monkeypatch):
    """Missing certificates fail `make check`, not `make up`, which checks offline."""
    checked = kit("bob\n", **ON)
    monkeypatch.setattr(checks, "files", lambda _: (checked, []))
    monkeypatch.setattr(checks.reach, "problems", lambda *_: [])
    monkeypatch.setattr(checks.engine, "require", lambda: None)
    monkeypatch.setattr(checks, "ENGINE", ())

    assert checks.run(checked.root, offline=True) == []
    assert [one.what for one in checks.run(checked.root)] == ["userlist: bob"]


def test_the_gate(kit):
    """It is asked about where users' certificates are for this gateway, and for it alone."""
    checked = kit("", **ON)
    root = checked.root

    assert gateway.gate(checked.env, root).strict
    assert gateway.gate(read(**CERTIFICATES), root) is None
    assert gateway.gate(read(**ON, KG_URL=ELSEWHERE, SITE_CONFIG="m.py"), root) is None
    (root / "site").mkdir()
    several = read(**ON, SITE_CONFIG="m.py")
    assert not gateway.gate(several, root).strict, "no such file: who knows"
    (root / "site" / "m.py").write_text("c.KitSpawner.gateways = {}")
    assert not gateway.gate(several, root).strict
    (root / "site" / "m.py").write_text("c.JupyterHub.logo_file = ''")
    assert gateway.gate(several, root).strict
