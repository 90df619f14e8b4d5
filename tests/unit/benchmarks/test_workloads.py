"""What can be asked for, and what is said about words that cannot."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as command
from benchmarks.workloads import ALL, SHORT, chosen


def test_the_short_form():
    """Without a word, a few workloads in three rounds."""
    options = command.arguments([])

    assert {one.name for one in options.chosen} == set(SHORT)
    assert options.rounds == command.SHORT_ROUNDS


def test_named_workloads_run_in_full():
    """A workload that is named runs often enough to count."""
    options = command.arguments(["cold", "burst10"])

    assert [one.name for one in options.chosen] == ["cold", "burst10"]
    assert options.rounds - 1 >= 5


def test_all_of_them():
    """One word for everything."""
    assert [one.name for one in chosen(["all"])] == list(ALL)


def test_rounds_can_be_said():
    """However often somebody wants."""
    assert command.arguments(["--rounds", "2", "cold"]).rounds == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["could"], "no workload could. There are: cold", id="misspelled"),
        pytest.param(["--rounds", "0"], "ROUNDS=0 must be 1 or more", id="no round"),
        pytest.param(["--rounds", "x"], "invalid int value", id="no number"),
    ],
)
def test_wrong_words_are_refused(words, said, capsys):
    """Before anything is started, with what would be right."""
    with pytest.raises(SystemExit):
        command.arguments(words)

    assert said in capsys.readouterr().err


def test_users_names_say_what_is_wrong_with_their_server():
    """The hubs' configuration knows by the beginning of a name who gets which defect."""
    users = {user for workload in ALL.values() for user in workload.users}

    assert {user.rstrip("0123456789") for user in users} <= {"u", "hung", "stuck", "remote"}
