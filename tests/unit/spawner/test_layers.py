"""What a pull's events say, as real engines write them."""

from __future__ import annotations

import pytest

from hubkit.spawner.layers import Layers, reason

MB = 1_000_000


def event(status, layer="", current=None, total=None, **detail):
    progress = {"current": current, "total": total, **detail}
    known = {key: value for key, value in progress.items() if value is not None}
    return {"status": status, "progressDetail": known, "id": layer}


def heard(*events):
    layers = Layers()
    for one in events:
        layers.feed(one)
    return layers


BEGUN = (
    event("Pulling from jupyter/lab", "2026"),
    event("Already exists", "a"),
    event("Pulling fs layer", "b"),
    event("Pulling fs layer", "c"),
)


@pytest.mark.parametrize(
    ("events", "sentence", "percent"),
    [
        pytest.param((), "pulling lab:1", 0, id="nothing yet"),
        pytest.param(BEGUN[:1], "pulling lab:1", 0, id="the tag is no layer"),
        pytest.param(BEGUN[:2], "pulling lab:1: 1 of 1 layers", 100, id="all there"),
        pytest.param(BEGUN, "pulling lab:1: 1 of 3 layers", 0, id="no sizes yet"),
        pytest.param(
            (*BEGUN, event("Downloading", "b", 12 * MB, 100 * MB)),
            "pulling lab:1: 12 of at least 100 MB, 1 of 3 layers; now b 12 of 100 MB",
            3,
            id="one size",
        ),
        pytest.param(
            (
                *BEGUN,
                event("Downloading", "b", 12 * MB, 100 * MB),
                event("Downloading", "c", 240 * MB, 240 * MB),
            ),
            "pulling lab:1: 252 of 340 MB, 1 of 3 layers; now b 12 of 100 MB, c 240 of 240 MB",
            37,
            id="all sizes",
        ),
        pytest.param(
            (
                *BEGUN,
                event("Downloading", "b", 1, 100 * MB),
                event("Download complete", "b"),
                event("Extracting", "b", 50 * MB, 100 * MB),
                event("Pull complete", "c"),
            ),
            "pulling lab:1: 100 of 100 MB, 2 of 3 layers; now b unpacking 50 of 100 MB",
            87,
            id="unpacking counts",
        ),
        pytest.param(
            (*BEGUN, event("Downloading", "b", 5 * MB, 10 * MB), event("Pull complete", "b")),
            "pulling lab:1: 10 of at least 10 MB, 2 of 3 layers",
            50,
            id="complete means all of it",
        ),
        pytest.param(
            (*BEGUN, event("Downloading", "b", 5 * MB), event("Downloading", "c", 2 * MB, -1)),
            "pulling lab:1: 7 MB, 1 of 3 layers",
            0,
            id="no total",
        ),
        pytest.param(
            (*BEGUN, event("Download complete", "b"), event("Extracting", "b", 7, units="s")),
            "pulling lab:1: 1 of 3 layers",
            25,
            id="unpacking in seconds",
        ),
        pytest.param(
            (*BEGUN, event("Downloading", "b", 5 * MB, 4 * MB)),
            "pulling lab:1: 4 of at least 4 MB, 1 of 3 layers; now b 4 of 4 MB",
            25,
            id="more than announced",
        ),
        pytest.param(
            [event("Downloading", name * 64, MB, 4 * MB) for name in "abcde"],
            "pulling lab:1: 5 of 20 MB, 0 of 5 layers; now aaaaaaaaaaaa 1 of 4 MB, "
            "bbbbbbbbbbbb 1 of 4 MB, cccccccccccc 1 of 4 MB, 2 more",
            12,
            id="many under way",
        ),
    ],
)
def test_how_far(events, sentence, percent):
    """The user reads bytes and layers; both halves of a layer's work count."""
    layers = heard(*events)

    assert layers.sentence("lab:1") == sentence
    assert layers.percent == percent


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"status": None, "id": None, "progressDetail": None},
        {"status": "Downloading", "id": "a"},
        {"status": "Downloading", "id": "a", "progressDetail": {"current": None, "total": "x"}},
        {"stream": "text"},
        {"status": "Pulling image (1) from lab", "id": "a", "progressDetail": {}},
    ],
)
def test_strange_events(strange):
    """No event an engine may write does harm."""
    layers = heard(strange)

    assert layers.percent == 0
    assert layers.sentence("lab:1").startswith("pulling lab:1")
    assert not layers.error


def test_never_back():
    """A layer that is tried again, or one that turns out large, does not set the bar back."""
    layers = heard(*BEGUN, event("Downloading", "b", 9 * MB, 10 * MB))
    assert layers.percent == 22

    layers.feed(event("Downloading", "b", 0, 10 * MB))
    layers.feed(event("Downloading", "c", 0, 900 * MB))

    assert layers.percent == 22


def test_moved():
    """Bytes and new states move; repetitions and countdowns do not."""
    layers = heard(*BEGUN)
    assert layers.moved()
    assert not layers.moved()

    def moves(*news):
        layers.feed(event(*news))
        return layers.moved()

    assert moves("Downloading", "b", 1, 10)
    assert not moves("Downloading", "b", 1, 10)
    assert moves("Downloading", "b", 2, 10)
    assert not moves("Retrying in 5 seconds", "b")
    assert not moves("Retrying in 4 seconds", "b")
    assert moves("Extracting", "b", 2, 10)
    assert moves("Status: Downloaded newer image for lab:1")


@pytest.mark.parametrize(
    ("events", "queued"),
    [
        pytest.param((), False, id="nothing known"),
        pytest.param(BEGUN, True, id="all wait"),
        pytest.param((*BEGUN, event("Downloading", "b", 1, 2)), False, id="one loads"),
        pytest.param(BEGUN[:2], False, id="nothing left"),
    ],
)
def test_queued(events, queued):
    """A pull that waits for the engine's turn is told from one that does not get on."""
    assert heard(*events).queued == queued


def test_error():
    """The first complaint counts."""
    layers = heard({"error": "unknown blob", "errorDetail": {"message": "unknown blob"}})
    layers.feed({"error": "later"})

    assert layers.error == "unknown blob"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "pull access denied for nolab, repository does not exist or may require 'docker "
            "login': denied: requested access to the resource is denied",
            "it was not found, or its registry asks for a login: docker login",
        ),
        ("manifest for lab:1 not found: manifest unknown: manifest unknown", "it was not found"),
        ('failed to resolve reference "docker.io/library/lab:1": not found', "it was not found"),
        ("unauthorized: authentication required", "access denied; log in to its registry"),
        ("unexpected status from HEAD request: 403 Forbidden", "access denied; log in"),
        ("toomanyrequests: You have reached your pull rate limit.", "admits no more pulls for now"),
        (
            'Get "https://r.example/v2/": dial tcp: lookup r.example: no such host',
            'its registry cannot be reached (Get "https://r.example/v2/": dial tcp: lookup '
            "r.example: no such host)",
        ),
        (
            'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting '
            "for connection (Client.Timeout exceeded while awaiting headers)",
            "its registry cannot be reached",
        ),
        ("received unexpected HTTP status: 503 Service Unavailable", "cannot be reached"),
        ("tls: failed to verify certificate: x509: unknown authority", "cannot be trusted (tls"),
        ("write /var/lib/docker/tmp/x: no space left on device", "the disk of the Docker host"),
        ("no matching manifest for linux/arm64/v8 in the manifest list", "host's processor"),
        ("invalid reference format: repository name must be lowercase", "have this name (inv"),
        ("open /var/lib/docker/x:\n permission denied", "pulled: open /var/lib/docker/x: perm"),
        ("", "no reason was given"),
    ],
)
def test_reason(message, words):
    """One sentence names the image and what can be done."""
    sentence = reason("lab:1", message)

    assert sentence.startswith("image lab:1 cannot be pulled: ")
    assert words in sentence
    assert "\n" not in sentence


def test_reason_without_secrets():
    """Addresses lose what may be secret, and long words their end."""
    message = f'Get "https://ada:secret@r.example/v2/?token=secret": EOF {"x" * 500}'

    sentence = reason("lab:1", message)

    assert "secret" not in sentence
    assert "https://r.example/v2/" in sentence
    assert len(sentence) < 300
