"""The record of what was issued survives being written, and is never guessed."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubkit.certs.errors import Refused
from hubkit.certs.issued import CLIENT, FILE, SERVER, Entry, Record, serial
from tests.unit.certs.making import DAY, NOW, make, openssl

moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))
entries = st.builds(
    Entry,
    serial=st.integers(1, 2**159).map("{:X}".format),
    kind=st.sampled_from([CLIENT, SERVER]),
    name=st.text(min_size=1).filter(lambda text: text.isprintable()),
    days=st.integers(1, 3650),
    expires=moments.map(dt.datetime.isoformat),
    revoked=st.one_of(st.just(""), moments.map(dt.datetime.isoformat)),
)


@given(st.lists(entries, max_size=5).map(tuple), st.integers(0))
def test_round(tmp_path_factory, found, crl):
    """What is read is what was written."""
    folder = tmp_path_factory.mktemp("ca")
    Record(found, crl).write(folder)

    assert Record.read(folder) == Record(found, crl)


def test_none_yet(tmp_path):
    """No file is an empty record."""
    assert Record.read(tmp_path) == Record()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"crl": 1, "certificates": [{"serial": "x"}]}',
        b'{"crl": "x", "certificates": []}',
        b'{"crl": 1, "certificates": [{"serial":"G","kind":"","name":"","days":1,"expires":""}]}',
        b"\xff",
    ],
)
def test_damaged(tmp_path, content):
    """A damaged record is not taken for an empty one: revoked users would be let in."""
    (tmp_path / FILE).write_bytes(content)

    with pytest.raises(Refused, match="is damaged"):
        Record.read(tmp_path)


def test_serial(tmp_path):
    """A serial number is written as openssl shows it."""
    for _ in range(20):
        made = make("ada")
        (tmp_path / "c").write_bytes(made.pem)
        shown = openssl("x509", "-in", tmp_path / "c", "-noout", "-serial")
        assert shown.strip() == f"serial={serial(made.certificate)}"


def test_current_and_revoked():
    """Counted is what a gateway would accept; listed as revoked what has not expired anyway."""
    record = Record()
    for name, last in (("ada", NOW + DAY), ("ada", NOW - DAY / 2), ("bob", NOW + DAY)):
        record = record.add(make(name, last=last).certificate, CLIENT, name, 90)
    valid, over, _ = record.entries

    assert record.current(CLIENT, "ada", NOW) == [valid]
    assert record.current(SERVER, "ada", NOW) == []
    after = record.revoke({valid.serial, over.serial}, NOW)
    assert after.current(CLIENT, "ada", NOW) == []
    assert after.revoked(NOW) == [(valid.number, NOW)]
    assert after.revoke({valid.serial}, NOW + DAY) == after


def test_readable(tmp_path):
    """An administrator can read who has what."""
    Record().add(make("josé").certificate, CLIENT, "josé", 90).write(tmp_path)

    text = (tmp_path / FILE).read_text()
    assert '"name": "josé"' in text
    assert json.loads(text)["certificates"][0]["days"] == 90
