"""Each check finds what it is for, names the cure, and is content with a good checkout."""

from __future__ import annotations

import pytest

from hubkit.ops import checks
from hubkit.ops.checks import Kit
from hubkit.settings import check_file


def look(check, root):
    """Return what *check* finds in the checkout at *root*."""
    return check(Kit(root, check_file(root / ".env")[0]))


def env(*lines):
    """Return what adds *lines* to a checkout's ``.env``, in place of the same settings."""

    def change(root):
        new = {line.partition("=")[0]: line for line in lines}
        kept = [
            line
            for line in (root / ".env").read_text().splitlines()
            if line.partition("=")[0] not in new
        ]
        (root / ".env").write_text("\n".join([*kept, *new.values(), ""]))

    return change


def write(name, text):
    return lambda root: (root / name).write_text(text)


def remove(name):
    return lambda root: (root / name).unlink()


def mode(name, bits):
    return lambda root: (root / name).chmod(bits)


def site_file(bits):
    """Return what adds a site file of this mode."""

    def change(root):
        env("SITE_CONFIG=my.py")(root)
        (root / "site" / "my.py").touch()
        (root / "site" / "my.py").chmod(bits)

    return change


def as_made(root):
    env("AUTH=ldap")(root)
    (root / "userlist").write_text("# remark\nadmin admin\n")


def no_authority(root):
    env("OAUTH_CA_FILE=secrets/ca")(root)
    (root / "secrets" / "ca").write_text("no certificate")


# The check → (what breaks a checkout, what the problem is about, words of its cure).
BROKEN = {
    checks.env_file: [
        (remove(".env"), ".env", "cp .env.example .env"),
        (env("MEM_LIMIT=lots"), "MEM_LIMIT=lots", "Memory of one server"),
        (env("MEM_LIMT=2G"), ".env: MEM_LIMT", "MEM_LIMIT?"),
        (env("TLS=acme"), "ACME_EMAIL=", "Write the address"),
    ],
    checks.sign_in: [
        (env("AUTH=password"), "AUTH=password", "'Sign-in' in .env.example"),
        (env("LDAP_SERVER_HOST=localhost"), "LDAP_SERVER_HOST=localhost", "other machines"),
    ],
    checks.userlist: [
        (remove("userlist"), "userlist", "one name per line"),
        (write("userlist", "ada\n"), "userlist", "Write 'admin'"),
        (as_made, "userlist", "in its place"),
        (write("userlist", "ada admin\na b c\n"), "userlist, line 2: a b c", "Only 'admin'"),
    ],
    checks.certificate: [
        (remove("secrets/jupyterhub.crt"), "secrets/jupyterhub.crt", "make up"),
        (mode("secrets/jupyterhub.key", 0o644), "secrets/jupyterhub.key", "chmod 600"),
        (env("HUB_DOMAIN=a.org"), "secrets/jupyterhub.crt", "Set HUB_DOMAIN"),
    ],
    checks.authorities: [
        (env("LDAP_CA_FILE=secrets/ca"), "LDAP_CA_FILE=secrets/ca", "PEM"),
        (no_authority, "OAUTH_CA_FILE=secrets/ca", "BEGIN"),
    ],
    checks.gateway: [
        (env("KG_URL=https://g.org", "CLIENT_KEY=key.pem"), "CLIENT_KEY=key.pem", "Set both"),
    ],
    checks.site_files: [
        (env("SITE_CONFIG=my.py"), "SITE_CONFIG=my.py", "site/my.py"),
        (env("LOGO_FILE=logo.png"), "LOGO_FILE=logo.png", "site/logo.png"),
    ],
    checks.readable: [
        (mode("userlist", 0o600), "userlist", "chmod o+r userlist"),
        (mode("jupyterhub_config.py", 0o640), "jupyterhub_config.py", "chmod o+r"),
        (mode(".", 0o700), "this folder", "chmod o+rx"),
        (mode(".", 0o754), "this folder", "chmod o+rx ."),
        (mode("site", 0o750), "site", "chmod o+rx site"),
        (mode("site", 0o754), "site", "chmod o+rx site"),
        (site_file(0o640), "site/my.py", "chmod o+r site/my.py"),
    ],
}
CASES = [
    pytest.param(check, *example, id=f"{check.__name__}: {example[1]}")
    for check, examples in BROKEN.items()
    for example in examples
]


def test_every_check_has_an_example():
    """A check nobody has seen fail may be one that cannot."""
    assert set(BROKEN) == set(checks.FILES)


@pytest.mark.parametrize(("check", "breaks", "what", "cure"), CASES)
def test_broken(checkout, check, breaks, what, cure):
    """A check finds what is broken, in one problem with its cure."""
    breaks(checkout)

    [problem] = look(check, checkout)

    assert problem.what == what
    assert cure in problem.cure


@pytest.mark.parametrize("check", checks.FILES, ids=lambda check: check.__name__)
def test_good(checkout, check):
    """A checkout as ``make up`` leaves it has nothing wrong."""
    assert look(check, checkout) == []


@pytest.mark.parametrize(
    ("check", "change"),
    [
        pytest.param(checks.certificate, remove("secrets/jupyterhub.crt"), id="no certificate"),
        pytest.param(checks.env_file, lambda _: None, id="an address for the authority"),
    ],
)
def test_acme(checkout, check, change):
    """With ACME no certificate is needed in secrets/."""
    env("TLS=acme", "ACME_EMAIL=ada@example.org")(checkout)
    change(checkout)

    assert look(check, checkout) == []


def test_a_certificate_that_is_still_to_be_made(checkout):
    """`make up` makes the pair once .env is right; what is wrong there is said alone."""
    env("MEM_LIMIT=lots")(checkout)
    for name in ("jupyterhub.crt", "jupyterhub.key"):
        remove(f"secrets/{name}")(checkout)

    assert look(checks.certificate, checkout) == []
    env("MEM_LIMIT=1G")(checkout)
    assert look(checks.certificate, checkout)


def test_site_config_found(checkout):
    """A site file that is there is in order, whatever folder it is named with."""
    (checkout / "site" / "my.py").touch()
    env("SITE_CONFIG=site/my.py")(checkout)

    assert look(checks.site_files, checkout) == []


def test_missing_files_are_readable(checkout):
    """A file that is missing is another check's to find."""
    env("SITE_CONFIG=my.py")(checkout)
    (checkout / "userlist").unlink()

    assert look(checks.readable, checkout) == []


def test_files(checkout, monkeypatch):
    """All checks of files are made, and then the configuration is built."""
    built = []
    monkeypatch.setattr(checks.configured, "problems", lambda path, _: built.append(path) or [])

    kit, problems = checks.files(checkout)

    assert (kit.root, kit.env.hub_domain, problems) == (checkout, "localhost", [])
    assert built == [checkout / "jupyterhub_config.py"]


def test_files_all_at_once(checkout, monkeypatch):
    """Everything wrong is said at once; nothing is built from what is known to be wrong."""
    monkeypatch.setattr(checks.configured, "problems", lambda *_: pytest.fail("was built"))
    for breaks in (env("MEM_LIMIT=lots", "AUTH=no"), remove("userlist"), mode(".", 0o750)):
        breaks(checkout)

    _, problems = checks.files(checkout)

    whats = [problem.what for problem in problems]
    assert whats == ["MEM_LIMIT=lots", "AUTH=no", "userlist", "this folder"]
