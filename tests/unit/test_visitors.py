"""Names of visitors, and the settings that are about them."""

from __future__ import annotations

import pytest

from hubkit import names, visitors
from hubkit.settings import check
from hubkit.userlist import canonical, is_name


@pytest.mark.parametrize("length", [visitors.LEAST, 12, visitors.MOST])
def test_new_name(length):
    """A fresh name is a visitor's, a hub user's, fits Docker, and has the wanted length."""
    made = {visitors.new_name(length) for _ in range(100)}

    assert len(made) == 100
    for name in made:
        assert visitors.is_visitor(name)
        assert is_name(name)
        assert canonical(name) == name
        assert len(name) == len(visitors.PREFIX) + length
        assert "--" not in names.container(name)


def test_never_a_taken_name():
    """A name somebody has is not given again."""

    class AllButOne:
        """Takes every name until the third."""

        asked = 0

        def __contains__(self, name):
            self.asked += 1
            return self.asked < 3

    taken = AllButOne()

    assert visitors.is_visitor(visitors.new_name(8, taken))
    assert taken.asked == 3


@pytest.mark.parametrize(
    "name",
    [
        "ada",
        "tmp-",
        "tmp-short",
        "tmp-ABCDEFGHIJ",
        "tmp-abcdefgh-",
        "xtmp-abcdefgh",
        "tmp-" + "a" * 33,
    ],
)
def test_other_names(name):
    """Nothing else is taken for a visitor."""
    assert not visitors.is_visitor(name)


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("*", ("*",)),
        ("https://example.org", ("https://example.org",)),
        ("https://Example.org/", ("https://example.org",)),
        ("https://a.org:443, http://b.org:8080", ("https://a.org", "http://b.org:8080")),
        ("http://[::1]:80", ("http://[::1]",)),
    ],
)
def test_origins(written, origins):
    """Origins are spelt as browsers spell them."""
    found, problems = check({"CORS_ORIGINS": written})

    assert (found.cors_origins, problems) == (origins, [])


@pytest.mark.parametrize(
    "written",
    [
        "example.org",
        "https://",
        "*,https://a.org",
        "https://*.a.org",
        "https://a.org/x",
        "https://a.org:x",
        "ftp://a.org",
    ],
)
def test_no_origins(written):
    """What no browser would ever send is refused."""
    _, [problem] = check({"CORS_ORIGINS": written})

    assert "must be origins" in problem.wrong


@pytest.mark.parametrize(
    ("written", "ancestors"),
    [
        ("", ()),
        ("https://example.org", ("https://example.org",)),
        ("https://Example.org/, http://b:8080", ("https://example.org", "http://b:8080")),
        ("https://*.example.org", ("https://*.example.org",)),
    ],
)
def test_frames(written, ancestors):
    """Origins are as a browser's frame-ancestors has them."""
    found, problems = check({"FRAME_ANCESTORS": written})

    assert (found.frame_ancestors, problems) == (ancestors, [])


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "https://*",
        "https://*.org",
        "*.example.org",
        "example.org",
        "https://example.org/page",
        "https://a.org;script-src *",
        "https://a.org 'self'",
        "https://a.*.org",
        "https://user@a.org",
        "https://a.org:0",
        "'self'",
        "https://",
        "ftp://a.org",
        "https://a.org, *",
    ],
)
def test_no_frames(written):
    """What would let any page in, or is no origin, is refused with what to write."""
    _, [problem] = check({"FRAME_ANCESTORS": written})

    assert "https://*.example.org" in problem.wrong
    assert "not * alone" in problem.wrong


def test_images():
    """An image is chosen by the last part of its name, or by all of it."""
    written = "r.example.org:5000/lab/python:1,lab/r@sha256:" + "0" * 64
    found, problems = check({"TEMPORARY_IMAGE": written})
    first, second = found.temporary_image

    assert problems == []
    assert visitors.image_names(found.temporary_image) == {
        "python": first,
        first: first,
        "r": second,
        second: second,
    }
    assert check({"TEMPORARY_IMAGE": "a b"})[1]


@pytest.mark.parametrize("length", ["7", "33", "x"])
def test_length(length):
    """A name that could be guessed, or is too long, is refused."""
    assert check({"TEMPORARY_NAME_LENGTH": length})[1]
