"""Which failure `hubkit servers why` tells of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hubkit.errors import HubkitError
from hubkit.ops import servers
from hubkit.spawner.failures import Failure
from hubkit.spawner.record import Record


@pytest.fixture
def path(tmp_path):
    """Return a record: ada's server and then her other one failed, and both run again."""
    path = tmp_path / "failures.log"
    record = Record(path)
    for user, server in (("ada", "old"), ("ada", ""), ("ada", "gpu"), ("grace", "")):
        when = datetime(2026, 5, 1, tzinfo=UTC)
        record.write(Failure("exit", f"{user}/{server}", (), when, user, server))
    record.over("ada", "gpu")
    return path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param(["ada"], "ada/gpu", id="the last of all"),
        pytest.param(["Ada"], "ada/gpu", id="as typed"),
        pytest.param(["ada", ""], "ada/", id="of the default server"),
        pytest.param(["ada", "old"], "ada/old", id="of a named server"),
    ],
)
def test_last_failure(path, words, found):
    """The last failure is told, whether or not the server has run since."""
    assert servers.last_failure(*words, path=path).sentence == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "no failure of a server of nobody is on record."),
        (["ada", "new"], "no failure of the server 'new' of ada is on record."),
    ],
)
def test_none(path, words, said):
    """Where there is none, that is said."""
    with pytest.raises(HubkitError, match=said):
        servers.last_failure(*words, path=path)


def test_elsewhere(tmp_path):
    """Where the hub's data is not, or is no file, that is said instead of "none"."""
    with pytest.raises(HubkitError, match="Ask in the hub's container: docker compose exec"):
        servers.last_failure("ada", path=tmp_path / "data" / "failures.log")
    with pytest.raises(HubkitError, match="cannot be read: Is a directory"):
        servers.last_failure("ada", path=tmp_path)
