"""From `make up` to a cell on the kernel gateway, as people do it, each as themselves."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page

from tests.e2e import lab
from tests.person import Person
from tests.support import Stack, run

pytestmark = pytest.mark.e2e


def test_two_people_compute_on_the_gateway(gateway_stack: Stack, admin: Person, page: Page):
    """Each cell runs there, on the account that its user's certificate names."""
    names = [f"{name}{uuid.uuid4().hex[:6]}" for name in ("ada", "bob")]
    run("scripts/hubkit.sh", "certs", "issue", *names, cwd=gateway_stack.path)
    visitor = page.context.browser.new_context(ignore_https_errors=True, base_url=gateway_stack.url)
    try:
        for name, seen in zip(names, (page, visitor.new_page()), strict=True):
            Person(gateway_stack, name).accept(gateway_stack.link(name))
            lab.sign_in(seen, name)
            lab.wait_for_lab(seen)

            assert lab.compute(seen, "!hostname; whoami").split() == ["kernel-gateway", name]
    finally:
        visitor.close()
        for name in names:
            admin.api("DELETE", f"/hub/api/users/{name}/server")
