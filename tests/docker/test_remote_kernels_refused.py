"""Who cannot have remote kernels, and how they get to know why."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest

from hubkit.certs.desk import Desk
from hubkit.certs.places import CRL, Places
from tests.lab import NAMES, Lab
from tests.remote import WHERE, User
from tests.support import until

pytestmark = pytest.mark.docker
NOW = dt.datetime.now(dt.UTC)


def notices(user: User) -> list[str]:
    """Return what the home page warns *user* of."""
    found = re.findall(r'class="alert alert-warning" role="alert">(.*?)</p>', user.home_page())
    return [unescape(text) for text in found]


def test_without_a_certificate(lab: Lab):
    """The start fails with the reason and the command; no container is made."""
    carol = User(lab, "carol")

    said = carol.ask_to_start()

    for text in (said, *notices(carol)):
        assert "secrets/gateway/carol is missing" in text
        assert "scripts/hubkit.sh certs issue carol" in text
    assert notices(carol)
    assert not carol.exists()


@pytest.mark.parametrize(
    ("name", "when", "why"),
    [
        ("late", NOW - dt.timedelta(days=100), "expired on"),
        ("early", NOW + dt.timedelta(days=100), "is not valid before"),
    ],
)
def test_not_now(lab: Lab, name: str, when: dt.datetime, why: str):
    Desk(lab.places, NAMES, when).issue([name])
    lab.lay_out()
    user = User(lab, name)

    said = user.ask_to_start()

    for text in (said, *notices(user)):
        assert f"secrets/gateway/{name}/cert.pem {why}" in text
        assert f"scripts/hubkit.sh certs issue {name}" in text
    assert notices(user)
    assert not user.exists()


def test_another_authority(lab: Lab):
    """What only the gateway can know: it refuses, no kernel starts, the notebook says why."""
    other = Desk(Places(lab.path / "other"), NAMES)
    other.places.secrets.mkdir(parents=True)
    other.init_ca()
    other.issue(["foreigner"])
    mine, theirs = lab.places.person("foreigner"), other.places.person("foreigner")
    theirs.rename(mine)
    ca = (lab.places.authority / "ca.crt").read_bytes()
    (mine / NAMES.ca).write_bytes(ca + (mine / NAMES.ca).read_bytes())
    lab.lay_out()
    foreigner, before = User(lab, "foreigner").start(), lab.gateway.kernels()

    def refused() -> bool:
        answer = foreigner.ask("POST", "kernels", json={"name": "python3"})
        assert answer.status_code == 503
        return answer.json()["message"] == "The kernel gateway refuses this user: unknown ca."

    # With TLS 1.3 the connection may be cut before the word why was read.
    until(refused, 20, "the reason is said")
    assert lab.gateway.kernels() == before


def test_a_revoked_certificate(lab: Lab):
    """A running server gets no new kernel, an open notebook no answer, and both say why."""
    lab.desk.issue(["rex"])
    lab.lay_out()
    rex = User(lab, "rex").start()
    notebook = rex.attach(rex.new_kernel())
    assert notebook.run(WHERE) == "['gateway', 'rex']"

    lab.desk.revoke("rex")
    lab.lay_out()
    lab.gateway.put(**{CRL: (lab.places.authority / CRL).read_bytes()})

    def refused() -> bool:
        answer = rex.ask("POST", "kernels", json={"name": "python3"})
        return answer.status_code == 503 and "certificate revoked" in answer.json()["message"]

    until(refused, 20, "refused, with the reason")
    with pytest.raises(AssertionError, match="revoked"):
        notebook.run("1")
    for path in ("kernels", "kernelspecs"):
        answer = rex.ask("GET", path)
        assert answer.status_code == 503
        assert "certificate revoked" in answer.json()["message"]
    assert "secrets/gateway/rex is missing" in rex.stop().ask_to_start()


def test_a_wrong_token(lab: Lab):
    user, before = User(lab, "strangers-user").start(), lab.gateway.kernels()

    answer = user.ask("POST", "kernels", json={"name": "python3"})

    assert answer.status_code == 401
    assert "Error from Gateway: [Unauthorized]" in answer.json()["message"]
    assert lab.gateway.kernels() == before


def test_local_kernels_instead(lab: Lab):
    """KG_WITHOUT_CERT=local: the user works in their own server, the log says why."""
    user = User(lab, "maybe-user").start()

    assert user.run("import getpass; getpass.getuser()") == "'jovyan'"

    assert "JUPYTER_GATEWAY_URL" not in user.environment()
    assert "maybe-user has no certificate: kernels are local" in lab.log()
    assert notices(user) == []


def test_the_home_page_warns_before_the_end(lab: Lab):
    lab.desk.issue(["soon"], days=10)
    lab.lay_out()

    [notice] = notices(User(lab, "soon"))

    assert "expires on" in notice
    assert "in 9 days" in notice
    assert "scripts/hubkit.sh certs issue soon" in notice
    assert notices(User(lab, "ada")) == []


def test_a_notice_is_text(lab: Lab):
    """A name shown on the page is no part of it."""
    page = User(lab, "a<b>c").home_page()

    assert "a&lt;b&gt;c may use the kernel gateway" in page
    assert "a<b>c may use" not in page


def test_metrics(lab: Lab):
    """Days left, as they are at the scrape, for those who may read the hub's metrics."""
    lab.desk.issue(["passing"], days=20)
    lab.lay_out()

    def shown() -> dict[str, float]:
        page = lab.api("GET", "/hub/metrics").text
        gauge = r'^hubkit_gateway_certificate_expiry_days\{kind="(.*)",name="(.*)"\} (.*)$'
        found = re.findall(gauge, page, re.MULTILINE)
        return {f"{kind} {name}": float(days) for kind, name, days in found}

    days = shown()
    assert 19 < days["client passing"] < 20
    assert 396 < days["server gateway"] < 397
    assert 3649 < days["authority Kernel gateway CA"] < 3650
    lab.desk.revoke("passing")
    lab.lay_out()
    assert "client passing" not in shown()
    assert lab.api("GET", "/hub/metrics", headers={}).status_code == 403
    ours = User(lab, "ada").headers
    assert lab.api("GET", "/hub/metrics", headers=ours).status_code == 403
