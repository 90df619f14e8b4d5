"""One written value becomes one typed value, or a sentence says what it must look like."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubkit import values
from hubkit.values import Mount

MEBI, GIBI = 2**20, 2**30
PORT = values.whole(1, 65535)
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("parse", "written", "expected"),
    [
        pytest.param(values.text, " as $it is ", " as $it is ", id="text is left alone"),
        pytest.param(values.number(0), "0.5", 0.5, id="half a processor"),
        pytest.param(values.number(0), "0", 0, id="the least number itself"),
        pytest.param(values.number(0, 1), "1", 1, id="the most itself"),
        pytest.param(values.processors, "0", 0, id="no limit of processors"),
        pytest.param(values.processors, "0.01", 0.01, id="the least processor Docker takes"),
        pytest.param(PORT, "1", 1, id="the first port"),
        pytest.param(PORT, "65535", 65535, id="the last port"),
        pytest.param(values.whole(-5), "-5", -5, id="a negative number where allowed"),
        pytest.param(values.memory, "0", 0, id="no limit of memory"),
        pytest.param(values.memory, "6M", 6 * MEBI, id="the least Docker takes"),
        pytest.param(values.memory, "2g", 2 * GIBI, id="small letter as unit"),
        pytest.param(values.memory, "1073741824", GIBI, id="plain bytes"),
        pytest.param(values.size, "1K", 1024, id="a kibibyte"),
        pytest.param(values.size, "3T", 3 * 2**40, id="tebibytes"),
        pytest.param(values.size, "7", 7, id="a few bytes are a size"),
        pytest.param(values.flag, "true", True, id="true"),
        pytest.param(values.flag, "YES", True, id="yes in capitals"),
        pytest.param(values.flag, "1", True, id="one is true"),
        pytest.param(values.flag, "False", False, id="false with a capital"),
        pytest.param(values.flag, "no", False, id="no"),
        pytest.param(values.flag, "0", False, id="zero is false"),
        pytest.param(values.one_of("files", "acme"), "acme", "acme", id="one of the words"),
        pytest.param(values.host, "Hub.Example.ORG", "hub.example.org", id="host in lower case"),
        pytest.param(values.host, "localhost", "localhost", id="one label is a host"),
        pytest.param(values.host, "10.0.0.7", "10.0.0.7", id="IPv4"),
        pytest.param(values.host, "2001:DB8:0::1", "2001:db8::1", id="IPv6 in its short form"),
        pytest.param(values.docker_name, "Team_data.v-2", "Team_data.v-2", id="a volume's name"),
        pytest.param(values.project_name, "0-hub_b", "0-hub_b", id="a project's name"),
        pytest.param(values.project_name, "lab-2", "lab-2", id="a project's second"),
        pytest.param(values.project_name, "p" * 40, "p" * 40, id="the longest project"),
        pytest.param(values.image, "nginx", "nginx", id="a bare image"),
        pytest.param(values.image, "me/lab:v1.2", "me/lab:v1.2", id="an image with a tag"),
        pytest.param(values.image, "h.io:5000/a/b", "h.io:5000/a/b", id="a registry with a port"),
        pytest.param(values.image, f"a/b:1@{DIGEST}", f"a/b:1@{DIGEST}", id="a pinned image"),
        pytest.param(values.absolute_path, "/home/work/", "/home/work", id="no slash at the end"),
        pytest.param(values.absolute_path, "/a..b", "/a..b", id="two dots within a name"),
        pytest.param(values.database_url, "sqlite:////d/h", "sqlite:////d/h", id="SQLite"),
        pytest.param(
            values.database_url, "postgresql://u:p@h/d", "postgresql://u:p@h/d", id="PostgreSQL"
        ),
        pytest.param(
            values.database_url,
            "postgresql+psycopg://u:a[b]@h/d",
            "postgresql+psycopg://u:a[b]@h/d",
            id="a driver, and brackets in the password",
        ),
        pytest.param(values.pairs, "", {}, id="no pairs"),
        pytest.param(values.pairs, "A=1, _b=x=y,", {"A": "1", "_b": "x=y"}, id="two pairs"),
        pytest.param(values.pairs, "A=", {"A": ""}, id="a pair with an empty value"),
        pytest.param(values.mounts, "", (), id="no mounts"),
        pytest.param(
            values.mounts,
            "data:/srv/data:ro, /mnt/x:/x,w-{username}:/w:rw",
            (Mount("data", "/srv/data", True), Mount("/mnt/x", "/x"), Mount("w-{username}", "/w")),
            id="mounts, one of them to read only",
        ),
    ],
)
def test_taken(parse, written, expected):
    """A well-written value becomes exactly the value it stands for."""
    value = parse(written)

    assert value == expected
    assert type(value) is type(expected) or isinstance(value, float)


@pytest.mark.parametrize(
    ("parse", "written", "must_be"),
    [
        pytest.param(values.number(0), "two", "a number, 0 or more", id="a word is no number"),
        pytest.param(values.number(0), "-0.1", "a number, 0 or more", id="number too small"),
        pytest.param(values.number(0, 1), "1.1", "a number, from 0 to 1", id="number too large"),
        pytest.param(values.number(0), "nan", "a number, 0 or more", id="not-a-number"),
        pytest.param(values.number(0), "inf", "a number, 0 or more", id="infinity"),
        pytest.param(
            values.processors, "0.001", "a number of at least 0.01", id="too little of one"
        ),
        pytest.param(values.processors, "-1", "a number, 0 or more", id="negative processors"),
        pytest.param(values.processors, "two", "a number, 0 or more", id="processors as a word"),
        pytest.param(PORT, "0", "a whole number, from 1 to 65535", id="no port 0"),
        pytest.param(PORT, "65536", "a whole number, from 1 to 65535", id="no port 65536"),
        pytest.param(PORT, "4.5", "a whole number, from 1 to 65535", id="a fraction is not whole"),
        pytest.param(PORT, "4_4", "a whole number, from 1 to 65535", id="an underscore"),
        pytest.param(PORT, "٤٤٣", "a whole number, from 1 to 65535", id="digits Compose rejects"),
        pytest.param(values.whole(10), "9", "a whole number, 10 or more", id="whole too small"),
        pytest.param(values.memory, "5M", "a size of at least 6M", id="less than Docker takes"),
        pytest.param(values.memory, "1", "a size of at least 6M", id="gigabytes without unit"),
        pytest.param(values.memory, "-1", "a size of at least 6M", id="negative memory"),
        pytest.param(values.memory, "1.5G", "a size of at least 6M", id="a fraction of memory"),
        pytest.param(values.memory, "2GB", "a size of at least 6M", id="two letters as unit"),
        pytest.param(values.size, "0", "a size such as", id="nothing is no size"),
        pytest.param(values.size, "0G", "a size such as", id="no gigabytes are no size"),
        pytest.param(values.size, "big", "a size such as", id="a word is no size"),
        pytest.param(values.flag, "on", "true or false", id="a spelling one could misread"),
        pytest.param(values.flag, "2", "true or false", id="two is neither"),
        pytest.param(values.one_of("files", "acme"), "ACME", "files or acme", id="other case"),
        pytest.param(values.host, "https://a.org", "a host name such as", id="host with https"),
        pytest.param(values.host, "a.org:8443", "a host name such as", id="host with a port"),
        pytest.param(values.host, "a..org", "a host name such as", id="host with an empty label"),
        pytest.param(values.host, "-a.org", "a host name such as", id="host begins with a dash"),
        pytest.param(values.host, "a-.org", "a host name such as", id="label ends with a dash"),
        pytest.param(values.host, "a" * 64, "a host name such as", id="label of 64 characters"),
        pytest.param(values.host, "a." * 126 + "ab", "a host name such as", id="host of 254"),
        pytest.param(values.host, "[::1]", "a host name such as", id="IPv6 in brackets"),
        pytest.param(values.host, "hübe.org", "a host name such as", id="host not in ASCII"),
        pytest.param(values.docker_name, "a", "two or more", id="a name of one letter"),
        pytest.param(values.docker_name, ".a", "two or more", id="a name begins with a dot"),
        pytest.param(values.docker_name, "a/b", "two or more", id="a name with a slash"),
        pytest.param(values.project_name, "Hub", "at most 40", id="a capital in a project"),
        pytest.param(values.project_name, "-hub", "at most 40", id="a project begins with a dash"),
        pytest.param(values.project_name, "lab_", "at most 40", id="a project ends with a line"),
        pytest.param(values.project_name, "a--b", "at most 40", id="two dashes in a project"),
        pytest.param(values.project_name, "jupyter", "another name", id="the servers' own prefix"),
        pytest.param(values.project_name, "p" * 41, "at most 40", id="too long a project"),
        pytest.param(values.image, "My/Lab", "an image such as", id="a capital in an image"),
        pytest.param(values.image, "a b", "an image such as", id="a space in an image"),
        pytest.param(values.image, "a:", "an image such as", id="an empty tag"),
        pytest.param(values.image, "a@sha256:12", "an image such as", id="a short digest"),
        pytest.param(values.absolute_path, "home", "an absolute path", id="a relative path"),
        pytest.param(values.absolute_path, "/", "an absolute path", id="the root"),
        pytest.param(values.absolute_path, "/a/../b", "an absolute path", id="a step upwards"),
        pytest.param(values.database_url, "mysql://h/d", "postgresql://", id="no driver for it"),
        pytest.param(values.database_url, "postgresql", "postgresql://", id="only the scheme"),
        pytest.param(values.database_url, "", "postgresql://", id="an empty URL"),
        pytest.param(values.pairs, "A", "NAME=value pairs", id="a name without a value"),
        pytest.param(values.pairs, "=1", "NAME=value pairs", id="a value without a name"),
        pytest.param(values.pairs, "A=1,2B=3", "NAME=value pairs", id="a name begins with 2"),
        pytest.param(values.mounts, "data", "volume:/path", id="a mount without a target"),
        pytest.param(values.mounts, "data:srv", "volume:/path", id="a relative target"),
        pytest.param(values.mounts, "a:/b:no", "volume:/path", id="a mode that does not exist"),
        pytest.param(values.mounts, "a:/b/../c", "volume:/path", id="a target that steps up"),
        pytest.param(values.mounts, "a:/b,c", "volume:/path", id="a wrong second mount"),
    ],
)
def test_refused(parse, written, must_be):
    """Anything else is refused with the end of the sentence "must be …"."""
    with pytest.raises(ValueError, match=f"^{re.escape(must_be)}"):
        parse(written)


@given(password=st.text(min_size=1), scheme=st.sampled_from(["postgres", "mysql", ""]))
@settings(deadline=None)
def test_database_url_is_never_quoted(password, scheme):
    """What is said of a database URL is always the same, so it cannot hold the password."""
    with pytest.raises(
        ValueError, match=r"^postgresql://user:password@host:5432/name, or empty for SQLite$"
    ):
        values.database_url(f"{scheme}://hub:{password}@db/hub")


@given(password=st.text())
@settings(deadline=None)
def test_database_url_takes_any_password(password):
    """A password may hold any character; only the scheme is looked at."""
    written = f"postgresql://hub:{password}@db/hub"

    assert values.database_url(written) == written


@given(amount=st.integers(min_value=6, max_value=10**6), unit=st.sampled_from("MGT"))
@settings(deadline=None)
def test_memory_and_size_agree(amount, unit):
    """The two kinds of size read the same text as the same bytes."""
    written = f"{amount}{unit}"

    assert values.memory(written) == values.size(written) == amount * values.UNITS[unit]
