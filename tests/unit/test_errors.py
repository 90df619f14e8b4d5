"""The errors say everything at once, in the order a reader needs it."""

from __future__ import annotations

import dataclasses

import pytest

from hubkit.errors import ConfigError, EngineError, HubkitError, NotYours, Problem

LOTS = Problem("MEM_LIMIT=lots", "must be a size such as 2G.", "Memory of one server.")
LINE = Problem("userlist, line 3: ada root", "has 'root' behind the name.", "Write 'admin'.")


def test_problem_text():
    """A problem is what was set, what is wrong and what to do, a line each."""
    assert str(LOTS).splitlines() == [
        "  MEM_LIMIT=lots",
        "    must be a size such as 2G.",
        "    Memory of one server.",
    ]


def test_problem_is_a_value():
    """A problem cannot be changed after it was found, and equals one that says the same."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        LOTS.what = "CPU_LIMIT=lots"

    assert dataclasses.replace(LOTS) == LOTS
    assert LOTS != LINE


@pytest.mark.parametrize(
    ("problems", "head"),
    [
        pytest.param([LOTS], "1 problem (nothing was started)", id="one is one problem"),
        pytest.param([LOTS, LINE], "2 problems (nothing was started)", id="two are problems"),
    ],
)
def test_config_error_counts(problems, head):
    """The first line says how many problems there are and what was therefore not done."""
    assert str(ConfigError(problems)).splitlines()[0] == head


def test_config_error_tells_all():
    """Every problem is printed in full, in the order found, an empty line before each."""
    error = ConfigError([LOTS, LINE])

    assert str(error).split("\n\n")[1:] == [str(LOTS), str(LINE)]
    assert error.problems == (LOTS, LINE)


def test_config_error_consequence():
    """Whoever raises it says what was not done."""
    error = ConfigError([LINE], "nobody was let in")

    assert str(error).startswith("1 problem (nobody was let in)\n")
    assert error.consequence == "nobody was let in"


def test_config_error_keeps_what_an_iterator_gave():
    """Problems may come from an iterator; they are all there however often one looks."""
    error = ConfigError(problem for problem in (LOTS, LINE))

    assert str(error) == error.args[0] == str(ConfigError([LOTS, LINE]))


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConfigError([LOTS]), id="a configuration error"),
        pytest.param(EngineError("no answer"), id="an engine error"),
        pytest.param(NotYours("volume x"), id="another owner's object"),
    ],
)
def test_one_base(error):
    """Whoever catches HubkitError catches all that is raised on purpose."""
    with pytest.raises(HubkitError):
        raise error
