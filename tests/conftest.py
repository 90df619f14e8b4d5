from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator

import pytest

from tests.person import Person
from tests.support import Stack, close_connections, run

# A shell has its background jobs ignore Ctrl-C, and so would every process they start: hubs
# that are ended would wait for services that hear nothing.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def stack_settings() -> dict[str, str]:
    """What `stack` is to have in its .env; a tier may say otherwise."""
    return {}


@pytest.fixture(scope="session")
def stack(
    stack_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack of our own, started as an administrator would start it."""
    made = Stack.make(tmp_path_factory.mktemp("kit"), **stack_settings)
    try:
        made.up()
        yield made
    finally:
        close_connections()
        made.destroy()


@pytest.fixture(scope="session")
def admin(stack: Stack) -> Person:
    """The first administrator, signed in."""
    return Person(stack, "admin").accept(stack.link("admin")).sign_in()


@pytest.fixture(scope="module")
def gateway_stack(stack: Stack) -> Iterator[Stack]:
    """The stack with its own kernel gateway, which is switched off again at the end."""
    before = stack.settings.copy()
    stack.write_env(COMPOSE_PROFILES="gateway")
    try:
        stack.up()
        yield stack
    finally:
        stack.settings = before
        stack.compose("rm", "--stop", "--force", "kernel-gateway")
        stack.apply()


@pytest.fixture
def person(stack: Stack, admin: Person) -> Iterator[Person]:
    """Somebody new, signed in; their server is stopped at the end."""
    name = f"u{uuid.uuid4().hex[:8]}"
    made = Person(stack, name).accept(stack.link(name)).sign_in()
    yield made
    admin.api("DELETE", f"/hub/api/users/{name}/server")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the hub's last words below a failed test."""
    outcome = yield
    report = outcome.get_result()
    stack = item.funcargs.get("stack") if hasattr(item, "funcargs") else None
    if report.failed and isinstance(stack, Stack):
        log = run("docker", "logs", "--tail", "60", stack.project, check=False)
        report.sections.append(("hub's log", log.stdout + log.stderr))
