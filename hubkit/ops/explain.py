"""Why one person can or cannot sign in, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hubkit import auth, stack
from hubkit.auth.directory import Ambiguous, Directory, Unreachable
from hubkit.auth.policy import whole_name
from hubkit.auth.register import Person, Register
from hubkit.errors import HubkitError
from hubkit.ops import people
from hubkit.settings import Settings
from hubkit.userlist import canonical, is_name

Step = tuple[bool, str]  # whether it is in order, and what was found


def steps(env: Settings, written: str) -> Iterator[Step]:
    """Yield what happens when *written* signs in, the verdict last.

    Raises:
        HubkitError: Not run where the hub's data are.
    """
    if not stack.REGISTER.exists():
        raise HubkitError("run it in the hub: docker compose exec jupyterhub hubkit check --user …")
    name = canonical(written)
    if not is_name(name):
        yield False, f"{written!r} is no user name: no spaces, commas, slashes or '#'"
        return
    yield True, f"the hub calls them {name}"
    register = Register(stack.REGISTER)
    person = register.person(name)
    yield from _known(person, register.identity_of(name))
    owner = register.identity_of(name)
    if auth.taken(register, name, env):
        cure = f"hubkit users release {name} gives the name and its home away"
        yield False, f"the name belongs to {owner}, of a provider no longer in AUTH: {cure}"
        return
    known = owner.partition(":")[0]
    way = known if known in env.auth else env.auth[0]
    groups: list[str] | None = [] if way == "ldap" else None
    proved = list(_proved(env, way, name, groups))
    yield from proved
    if proved[-1][0]:
        yield from _verdict(env, person, groups)
    else:
        yield False, "they cannot sign in, see above"


def _proved(env: Settings, way: str, name: str, groups: list[str] | None) -> Iterator[Step]:
    if way == "ldap" and groups is not None:
        yield from _in_directory(env, name, groups)
        groups[:] = [whole_name("ldap", one, env.auth) for one in groups]
    elif way == "native":
        yield from _password(env, name)
    else:
        yield True, "the provider tells name and groups at sign-in only"


def _verdict(env: Settings, person: Person | None, groups: list[str] | None) -> Iterator[Step]:
    policy = auth.policy(env)
    if policy.is_admin(person, groups or ()):
        yield True, "administers the hub, by the list or a group"
    reason = policy.refusal(person, groups)
    yield not reason, reason or "the hub lets them in"


def _known(person: Person | None, identity: str) -> Iterator[Step]:
    if person is None:
        yield True, "not on the userlist, never signed in"
        return
    listed = "as administrator" if person.listed_admin else "as member"
    yield True, f"on the userlist {listed}" if person.listed else "not on the userlist"
    if person.origin == "added" and not person.listed:
        yield True, "added by an administrator"
    if person.blocked:
        yield False, "blocked: hubkit users unblock lets them in again"
    if person.denied:
        yield False, "turned away at the last look: by the provider, or by an administrator"
    if identity:
        yield True, f"the name belongs to the account {identity}"
    if person.checked:
        when = datetime.fromtimestamp(person.checked, UTC)
        yield True, f"last confirmed by the provider {when:%Y-%m-%d %H:%M} UTC"


def _password(env: Settings, name: str) -> Iterator[Step]:
    if people.with_password(env, [name]):
        yield True, "has a password and is authorised"
    else:
        yield False, f"has no password yet, or is not authorised: hubkit users invite {name}"


def _in_directory(env: Settings, name: str, groups: list[str]) -> Iterator[Step]:
    directory = Directory.of(env)
    for host in directory.hosts:
        try:
            directory.open(host).unbind()
        except Exception as error:  # noqa: BLE001 (whatever a network does)
            yield False, f"{host}:{directory.port} with {directory.tls}: {error}"
        else:
            yield True, f"{host}:{directory.port} answers, {_secured(directory.tls)}"
    if directory.base:
        yield from _found(directory, name, groups)
        return
    for template in env.ldap_bind_dn:
        yield True, f"they bind as {template.format(username=name)}"
    yield True, "LDAP_SEARCH_BASE is not set: only their password shows whether they exist"


def _found(directory: Directory, name: str, groups: list[str]) -> Iterator[Step]:
    try:
        with directory.searching() as connection:
            yield True, f"the search account {directory.search_user or '(anonymous)'} gets in"
            entry = directory.find(connection, name)
            if entry is None:
                yield False, f"no entry below {directory.base} fits {directory.person_filter}"
                return
            yield True, f"found: {entry.dn}"
            if entry.locked:
                yield False, "the directory has locked the account"
                return
            found = directory.groups(connection, entry, name)
            groups += [*found, *found.values()]
            yield True, f"in the groups: {', '.join(sorted(found.values())) or 'none'}"
    except (Unreachable, Ambiguous) as error:
        yield False, str(error)


def _secured(tls: str) -> str:
    return "without TLS" if tls == "insecure" else f"certificate and name are right ({tls})"
