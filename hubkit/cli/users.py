"""People of the hub: who they are, what the userlist says, who is blocked, links to sign in."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from hubkit.errors import HubkitError
from hubkit.settings import Settings
from hubkit.userlist import Userlist, canonical

HERE = Path("/srv/jupyterhub/userlist")  # in the hub's container, where it is read
CHECKOUT = Path("/kit/userlist")  # where scripts/hubkit.sh lets it be written
ON_THE_HOST = "scripts/hubkit.sh users {action}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit users`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def declare(action: str, text: str, userlist: Path | None = None) -> argparse.ArgumentParser:
        made = actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if userlist:
            made.add_argument("--userlist", type=Path, default=userlist, help="the file")
        return made

    shown = declare("list", "show everybody, and who may use the hub")
    shown.add_argument("--json", action="store_true", help="for programs")
    declare("sync", "put a changed userlist into effect", HERE)
    added = declare("add", "write names into the userlist", CHECKOUT)
    added.add_argument("name", nargs="+")
    added.add_argument("--admin", action="store_true", help="as administrators")
    removed = declare("remove", "take names off the userlist", CHECKOUT)
    removed.add_argument("name", nargs="+")
    admin = declare("admin", "let somebody on the userlist administer the hub", CHECKOUT)
    admin.add_argument("name")
    admin.add_argument("--off", action="store_true", help="or no longer")
    table = declare("import", "write the people of a table, name[,admin], into the userlist")
    table.add_argument("file", metavar="FILE.csv", help="- for standard input")
    table.add_argument("--called", default="", help=argparse.SUPPRESS)
    table.add_argument("--userlist", type=Path, default=CHECKOUT, help="the file")
    for action, text in {
        "block": "keep somebody out, at once, whatever the userlist says",
        "unblock": "let somebody in again who was blocked",
        "release": "forget whose provider account a name belongs to",
    }.items():
        declare(action, text).add_argument("name")
    invite = declare("invite", "print a one-time link to set a password", HERE)
    invite.add_argument("name")


def run(options: argparse.Namespace) -> int:
    """Carry out the action."""
    return ACTIONS[options.action](options)


def _list(options: argparse.Namespace) -> int:
    from hubkit.ops import roster

    rows = roster.overview(Settings.from_env())
    if options.json:
        print(json.dumps([row.json() for row in rows], indent=2, ensure_ascii=False))
    else:
        print("\n".join(roster.table(rows)))
    return 0


def _act(options: argparse.Namespace) -> int:
    from hubkit.ops import roster

    if options.action == "sync":
        done = roster.sync(Settings.from_env(), options.userlist)
    elif options.action == "release":
        done = roster.release(options.name)
    else:
        done = roster.block(options.name, blocked=options.action == "block")
    for line in done.lines:
        print(f"hubkit: {line}")
    if done.failed:
        raise HubkitError(done.failed)
    return 0


def _edit(options: argparse.Namespace) -> int:
    from hubkit import listing
    from hubkit.ops import listfile

    changes: dict[str, Callable[[str], str]] = {
        "add": lambda text: listing.add(text, dict.fromkeys(options.name, options.admin)),
        "remove": lambda text: listing.remove(text, options.name),
        "admin": lambda text: listing.set_admin(text, options.name, admin=not options.off),
        "import": lambda text: listing.add(text, _table(options)),
    }
    words = ON_THE_HOST.format(action=options.action)
    difference = listfile.edit(options.userlist, changes[options.action], words)
    for line in difference.lines() or ["nothing to change"]:
        print(f"hubkit: userlist: {line}")
    return 0


def _table(options: argparse.Namespace) -> dict[str, bool]:
    from hubkit import listing

    if options.file == "-":
        return listing.read_csv(sys.stdin.buffer.read(), options.called or "standard input")
    path = Path(options.file)
    try:
        return listing.read_csv(path.read_bytes(), path.name)
    except OSError as error:
        raise HubkitError(f"{path} cannot be read: {error.strerror}.") from error


def _invite(options: argparse.Namespace) -> int:
    from hubkit.ops import people

    listed = Userlist.read(options.userlist).members
    link = people.invitation(Settings.from_env(), options.name)
    name = canonical(options.name)
    if name not in listed:
        print(f"hubkit: {name} is not in the userlist; the link lets them in", file=sys.stderr)
    print(f"hubkit: a link for {name}; works once, for a day", file=sys.stderr)
    print(link)
    return 0


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    **dict.fromkeys(("sync", "block", "unblock", "release"), _act),
    **dict.fromkeys(("add", "remove", "admin", "import"), _edit),
    "invite": _invite,
}
