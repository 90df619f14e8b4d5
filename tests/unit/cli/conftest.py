"""How a test runs the command."""

from __future__ import annotations

import pytest

from hubkit.cli import main


@pytest.fixture
def run(capsys):
    """Return a function that runs `hubkit WORDS` and returns its exit code and both outputs."""

    def call(*words):
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return call
