"""The command `hubkit certs`: what it prints, what it refuses, how it asks for a password."""

from __future__ import annotations

import getpass
import io
import json
import os
import subprocess
import sys

import pytest

from hubkit.cli import main
from tests.unit.certs.making import PASSWORD, chain, p12


@pytest.fixture
def certs(places, capsys):
    """Return a function that runs `hubkit certs` and returns code, output and errors."""

    def act(action, *words):
        code = main(["certs", action, "--root", str(places.root), *map(str, words)])
        return code, *capsys.readouterr()

    return act


@pytest.fixture
def packed(tmp_path):
    """Return a PKCS#12 file with a whole chain."""
    leaf, *above = chain()
    path = tmp_path / "ada.p12"
    path.write_bytes(p12(tmp_path, leaf, above))
    return path


@pytest.fixture
def asked(monkeypatch):
    """Answer what getpass asks, and return the questions."""
    questions = []

    def answer(question):
        questions.append(question)
        return PASSWORD

    monkeypatch.setattr(getpass, "getpass", answer)
    return questions


def test_a_life(places, certs):
    """From nothing to a revoked certificate, in the words an administrator types."""
    assert certs("init-ca", "--name", "Our CA")[0] == 0
    code, out, _ = certs("issue", "ADA", "bob", "--days", "20")
    assert (code, out.count("valid until")) == (0, 2)
    assert certs("server", "gw", "--san", "10.0.0.1")[0] == 0
    assert "expires soon" in certs("list")[1]
    code, out, _ = certs("check")
    assert (code, out.count("warning")) == (0, 2)
    assert certs("renew", "--days", "10")[1] == "hubkit: nothing expires within 10 days\n"
    assert certs("renew")[1].count("valid until") == 2
    assert certs("revoke", "Ada")[0] == 0
    assert not places.person("ada").exists()
    listed = json.loads(certs("list", "--json")[1])
    assert [(row["name"], row["kind"]) for row in listed] == [("bob", "client"), ("gw", "server")]


def test_refusals(certs):
    """What is refused is said on standard error, and the code says so."""
    code, out, errors = certs("issue", "ada")

    assert (code, out) == (1, "")
    assert "certs init-ca" in errors


def test_check_says_all(places, certs):
    """All that is wrong is said at once, and the code says so."""
    certs("init-ca")
    certs("issue", "ada", "bob")
    (places.person("ada") / "key.pem").unlink()
    (places.person("bob") / "key.pem").chmod(0o644)

    code, _, errors = certs("check")

    assert code == 1
    assert "2 problems" in errors
    assert "chmod 600 secrets/gateway/bob/key.pem" in errors


def test_import_asks(places, certs, packed, asked):
    """The password is asked for."""
    code, out, errors = certs("import", "ada", packed)

    assert (code, errors) == (0, "")
    assert asked == [f"Password of {packed}: "]
    assert PASSWORD not in out
    assert (places.person("ada") / "key.pem").exists()


def test_import_from_standard_input(places, certs, packed, asked, monkeypatch):
    """The file may come through a pipe."""
    with packed.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert certs("import", "ada", "-")[0] == 0

    assert (places.person("ada") / "key.pem").exists()


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_password_from_a_file(certs, packed, tmp_path, end):
    """The password may come from a file, with or without a line's end."""
    (tmp_path / "pw").write_bytes((PASSWORD + end).encode())

    assert certs("import", "ada", packed, "--password-file", tmp_path / "pw")[0] == 0


def test_password_from_standard_input(certs, packed, monkeypatch):
    """The password may come through a pipe."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PASSWORD.encode() + b"\n")))

    assert certs("import", "ada", packed, "--password-file", "-")[0] == 0


def test_only_one_from_standard_input(certs):
    """File and password cannot both come through the same pipe."""
    code, _, errors = certs("import", "ada", "-", "--password-file", "-")

    assert code == 1
    assert "only one of file and password" in errors


def test_no_terminal(places, packed):
    """Where nobody can be asked, the password is not read in the open; the cure is named."""
    words = ["certs", "import", "--root", str(places.root), "ada", str(packed)]
    program = f"import sys; from hubkit.cli import main; sys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal
    )

    assert done.returncode == 1
    assert "give --password-file FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_password_is_no_argument(certs, packed):
    """Nothing on the command line can be a password: every account could read it."""
    with pytest.raises(SystemExit):
        certs("import", "ada", packed, "--password", "x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["none.p12"], "none.p12: No such file", id="no file"),
        pytest.param([os.devnull], "no PKCS#12 file", id="an empty file"),
        pytest.param(["-", "--ca", "none.pem"], "none.pem cannot be read", id="no authorities"),
    ],
)
def test_import_refused(certs, asked, monkeypatch, words, message):
    """What cannot be read is named."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))

    code, _, errors = certs("import", "ada", *words)

    assert code == 1
    assert message in errors


def test_not_writable(places, certs):
    """A folder that cannot be written is named, without a traceback."""
    places.authority.touch()  # a file where the folder should be

    code, _, errors = certs("init-ca")

    assert code == 1
    assert "secrets/gateway-ca" in errors
    assert "Traceback" not in errors


def test_names_of_files(places, certs):
    """Files are called what the settings call them; without settings, as usual."""
    (places.root / ".env").write_text("CLIENT_KEY=k\nCLIENT_CERT=c\nCLIENT_CA=a\n")
    certs("init-ca")

    certs("issue", "ada")

    assert sorted(path.name for path in places.person("ada").iterdir()) == ["a", "c", "k"]


def test_what_to_carry(certs):
    """Which files a gateway elsewhere needs, and where, is said; the stack's own gets them."""
    certs("init-ca")

    said = certs("server", "gw.example.org")[1]

    assert "carry key.pem, cert.pem, client-ca.pem, crl.pem from" in said
    assert "secrets/gateway-ca/servers/gw.example.org to the gateway's machine" in said
    assert "docker compose -f images/kernel-gateway/compose.yml up -d" in said
    assert certs("server", "kernel-gateway")[1].count("\n") == 1


def test_the_stacks_own_gateway(places, certs, packed, asked):
    """With it, `import` remarks on another authority, `check` fails, another name is refused."""
    (places.root / ".env").write_text("COMPOSE_PROFILES=gateway\n")
    certs("init-ca")
    certs("server", "kernel-gateway")

    code, out, _ = certs("import", "ada", packed)
    assert (code, "is refused by this stack's own gateway" in out) == (0, True)

    code, _, errors = certs("check")
    assert (code, "certs issue --force ada" in errors) == (1, True)

    code, out, errors = certs("import", "--force", "grace", packed)
    assert (code, out) == (1, "")
    assert "nothing was changed" in errors
    assert "would take grace for ada" in errors
    assert not places.person("grace").exists()

    certs("issue", "--force", "ada")
    assert certs("check")[:2] == (0, "hubkit: the certificates are in order\n")


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "x"), ("--rsa", "1024")])
def test_wrong_options(certs, words):
    """Days and key sizes that make no sense are refused by the command line."""
    with pytest.raises(SystemExit):
        certs("issue", "ada", *words)


def test_help_names_every_action(capsys):
    """The help shows all one can do."""
    with pytest.raises(SystemExit):
        main(["certs", "--help"])

    shown = capsys.readouterr().out
    for action in ("init-ca", "issue", "import", "list", "check", "renew", "revoke", "server"):
        assert action in shown
