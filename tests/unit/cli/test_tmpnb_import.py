"""The command `hubkit tmpnb-import`."""

from __future__ import annotations


def test_lines(run):
    """What belongs into .env is printed, the rest as comments."""
    code, out, err = run("tmpnb-import", "orchestrate.py --pool-size=3 --host-network")

    assert (code, err) == (0, "")
    assert "POOL_SIZE=3\n" in out
    assert "# --- cannot be mapped\n#   --host-network: " in out


def test_words(run):
    """The old command may follow as it is."""
    code, out, _ = run("tmpnb-import", "docker", "run", "--net=host", "jupyter/tmpnb", "--ip=::")

    assert code == 0
    assert "#   --ip: " in out


def test_mistakes(run):
    """All of them at once, and nothing to paste."""
    code, out, err = run("tmpnb-import", "orchestrate.py --pool-sise=3 --cull-timeout=soon")

    assert (code, out) == (2, "")
    assert err.startswith("hubkit: 2 problems (nothing is printed)\n\n  --pool-sise\n")
    assert "Did you mean --pool-size?" in err


def test_nothing(run):
    code, out, err = run("tmpnb-import")

    assert (code, out) == (2, "")
    assert "starts no tmpnb" in err
