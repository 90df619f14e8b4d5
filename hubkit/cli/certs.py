"""Certificates for the kernel gateway: issue, import, list, check, renew and revoke them."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from hubkit.certs.acceptance import Gate
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.errors import ConfigError, HubkitError
from hubkit.ops import gateway
from hubkit.ops.layout import GATEWAY, GATEWAY_FILES
from hubkit.settings import check_file
from hubkit.userlist import canonical

ROOT = Path("/kit")  # where scripts/hubkit.sh mounts the checkout
LONGEST_DAYS, RSA_BITS = 36500, (2048, 3072, 4096)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit certs`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def declare(action: str, text: str) -> argparse.ArgumentParser:
        said = f"{text[0].upper()}{text[1:]}."
        # Or --password SECRET would be taken for --password-file.
        made = actions.add_parser(action, help=text, description=said, allow_abbrev=False)
        made.add_argument("--root", type=Path, default=ROOT, help="the checkout")
        return made

    def making(made: argparse.ArgumentParser, days: int) -> None:
        made.add_argument("--days", type=_days, default=days, help=f"how long it lasts ({days})")
        made.add_argument(
            "--rsa", type=int, choices=RSA_BITS, default=0, help="an RSA key, as for z/OS"
        )

    made = declare("init-ca", "create the kit's own authority, once")
    made.add_argument("--name", default="Kernel gateway CA", help="its name")
    making(made, 3650)
    made = declare("issue", "issue certificates that prove to a gateway who somebody is")
    made.add_argument("user", nargs="+", metavar="USER")
    made.add_argument("--force", action="store_true", help="replace one from elsewhere, too")
    making(made, 90)
    _declare_import(declare("import", "take key, certificate and chain from a PKCS#12 file"))
    made = declare("list", "show everybody's certificate and how long it lasts")
    made.add_argument("--json", action="store_true", help="for programs")
    made = declare("check", "say all that is wrong, each with its cure")
    made.add_argument("user", nargs="*", metavar="USER")
    made = declare("renew", "issue anew what the kit issued and what expires soon")
    made.add_argument("--days", type=_days, default=30, help="within how many days (30)")
    made = declare("revoke", "take all of somebody's certificates back")
    made.add_argument("user", metavar="USER")
    made = declare("server", "create all that one kernel gateway needs")
    made.add_argument("name", metavar="NAME", help="the host name in KG_URL, or an address")
    made.add_argument("--san", action="append", default=[], help="another of its names; repeat")
    making(made, 397)


def _declare_import(made: argparse.ArgumentParser) -> None:
    made.add_argument("user", metavar="USER")
    made.add_argument("file", metavar="FILE.p12", help="- for standard input")
    made.add_argument(
        "--password-file", metavar="FILE", help="holds the password; - for standard input"
    )
    made.add_argument("--ca", type=Path, metavar="FILE", help="more authorities, PEM")
    made.add_argument("--force", action="store_true", help="replace what is there (kept as backup)")


def _days(written: str) -> int:
    days = int(written)
    if not 1 <= days <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"must be 1 to {LONGEST_DAYS}")
    return days


def run(options: argparse.Namespace) -> int:
    """Carry out the action."""
    places, names = Places(options.root), _names(options.root)
    try:
        return ACTIONS[options.action](options, places, names)
    except OSError as error:
        where = str(error.filename or "a file").removeprefix(f"{options.root}/")
        raise HubkitError(f"{where}: {error.strerror}.") from error


def _names(root: Path) -> Names:
    """Return what the files of users are called by the settings."""
    env, _ = check_file(root / ".env")
    usual = Names()
    return Names(
        env.client_key or usual.key,
        env.client_cert or usual.certificate,
        env.client_ca or usual.ca,
    )


def _gate(root: Path) -> Gate | None:
    """Return what the stack's own gateway accepts, if there is one."""
    return gateway.gate(check_file(root / ".env")[0], root)


def _work(options: argparse.Namespace, places: Places, names: Names) -> int:
    at = Desk(places, names)
    work: dict[str, Callable[[], list[str]]] = {
        "init-ca": lambda: at.init_ca(options.name, options.days, options.rsa),
        "issue": lambda: at.issue(
            [canonical(user) for user in options.user],
            options.days,
            options.rsa,
            force=options.force,
        ),
        "renew": lambda: at.renew(options.days),
        "revoke": lambda: at.revoke(canonical(options.user)),
        "server": lambda: _server(at, options),
    }
    return _say(work[options.action]())


def _server(at: Desk, options: argparse.Namespace) -> list[str]:
    done = at.server(options.name, options.san, options.days, options.rsa)
    if options.name == GATEWAY:
        return done
    folder = at.places.server(options.name).relative_to(options.root)
    return [
        *done,
        f"carry {', '.join(GATEWAY_FILES)} from {folder} to the gateway's machine, into "
        "/etc/kernel-gateway: owned by root, readable by root alone",
        "start it there: docker compose -f images/kernel-gateway/compose.yml up -d",
        "carry them again after renew and revoke; a changed file counts two seconds later",
    ]


def _say(lines: list[str]) -> int:
    for line in lines:
        print(f"hubkit: {line}")
    return 0


def _import(options: argparse.Namespace, places: Places, names: Names) -> int:
    from hubkit.certs import importing, pkcs12

    if options.file == options.password_file == "-":
        raise HubkitError("only one of file and password can come from standard input.")
    content = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    authorities = importing.read_authorities(options.ca) if options.ca else ()
    package = pkcs12.read(content, _password(options))
    lines = importing.bring(
        places,
        names,
        canonical(options.user),
        package,
        authorities=authorities,
        force=options.force,
        gate=_gate(options.root),
    )
    return _say(lines)


def _password(options: argparse.Namespace) -> str:
    """Return the file's password; what is given as an argument, every account could see."""
    if options.password_file:
        source = options.password_file
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        try:
            return raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise HubkitError("the password's file is not UTF-8 text.") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown
            return getpass.getpass(f"Password of {options.file}: ")
    except (getpass.GetPassWarning, EOFError):
        raise HubkitError(
            "there is no terminal to ask for the password; give --password-file FILE."
        ) from None


def _list(options: argparse.Namespace, places: Places, names: Names) -> int:
    from hubkit.certs import overview

    found = overview.rows(places, names)
    if options.json:
        print(json.dumps([row.json() for row in found], indent=2, ensure_ascii=False))
    else:
        print("\n".join(overview.table(found)))
    return 0


def _check(options: argparse.Namespace, places: Places, names: Names) -> int:
    from hubkit.certs import checking

    users = [canonical(user) for user in options.user]
    found = checking.findings(places, names, users, gate=_gate(options.root))
    for finding in found:
        if not finding.fatal:
            print(f"hubkit: warning\n{finding.problem}")
    wrong = [finding.problem for finding in found if finding.fatal]
    if wrong:
        raise ConfigError(wrong, "the gateway would refuse these")
    print("hubkit: the certificates are in order")
    return 0


ACTIONS: dict[str, Callable[[argparse.Namespace, Places, Names], int]] = {
    **dict.fromkeys(("init-ca", "issue", "renew", "revoke", "server"), _work),
    "import": _import,
    "list": _list,
    "check": _check,
}
