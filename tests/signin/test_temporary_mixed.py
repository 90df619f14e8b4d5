"""AUTH=native,temporary: visitors beside people with an account, who notice nothing of them."""

from __future__ import annotations

import re

import pytest
import requests

from hubkit.visitors import is_visitor
from tests.signin.conftest import told
from tests.signin.visiting import VisitorHub

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    environ = {"AUTH": "native,temporary", "TEMPORARY_CAPACITY": "1"}
    made = VisitorHub(tmp_path_factory.mktemp("hub") / "hub", environ)
    try:
        yield made.start()
    finally:
        made.stop()


def signed_in(hub, name="listed"):
    """Return the browser of somebody with an account."""
    made = hub.visitor()
    fields = {"signup_password": PASSWORD, "signup_password_confirmation": PASSWORD}
    post(made, "/hub/signup", username=name, **fields)
    answer = post(made, "/hub/login?next=/hub/home", username=name, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    return made


def post(visitor, path, **fields):
    page = visitor.get(path)
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    return visitor.post(path, data={"_xsrf": token[1], **fields})


def test_both(hub):
    """The page offers both; either leads to the document, and each counts for itself."""
    visitor, late = hub.visitor(), hub.visitor("192.0.2.9")

    page = visitor.get("/lab/tree/x.ipynb?a=b")

    assert "Try it without an account" in told(page)
    door = re.search(r'href="(/hub/temporary\?next=[^"]+)"', page.text)[1].replace("&amp;", "&")
    name, opened = visitor.opens(door)
    assert is_visitor(name)
    assert opened == "lab/tree/x.ipynb?a=b"
    assert late.get("/hub/temporary").status_code == 503

    person = signed_in(hub)
    assert person.opens("/notebooks/y.ipynb") == ("listed", "notebooks/y.ipynb")
    # The door leads who is signed in to their own.
    assert person.opens("/hub/temporary?next=/hub/tree/z") == ("listed", "tree/z")
    assert hub.stats()["in_use"] == 1


def test_administrators_token(hub):
    """A hub administrator's token does for the list of visitors; nobody else's does."""
    statuses = {}
    for name in ("boss", "clerk"):
        said = {"Authorization": f"token token-of-{name}"}
        answer = requests.get(hub.url("/api/visitors"), headers=said, timeout=30)
        statuses[name] = answer.status_code

    assert statuses == {"boss": 200, "clerk": 403}


@pytest.mark.parametrize("name", ["tmp-abcdefghijkl", "TMP-abcdefghijkl"])
def test_visitors_names_are_theirs(hub, name):
    """Nobody signs up under a name that visitors have."""
    fields = {"signup_password": PASSWORD, "signup_password_confirmation": PASSWORD}

    answer = post(hub.visitor(), "/hub/signup", username=name, **fields)

    assert "This is no user name" in told(answer)
