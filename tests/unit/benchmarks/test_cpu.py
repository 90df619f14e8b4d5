"""Processor seconds, as the kernel counts them."""

from __future__ import annotations

from benchmarks import cpu

STAT = "cpu  100 20 300 9999 8888 7 3 50 40 30\ncpu0 1 1 1 1 1 1 1 1 1 1\n"


def test_idle_and_stolen_time_is_not_work():
    """User, nice, system and interrupts count; idle, waiting, stolen and guests do not."""
    assert cpu.busy(STAT) == (100 + 20 + 300 + 7 + 3) / cpu.TICKS


def test_the_load_generator_is_told_apart():
    """What this process computes is its own, not the others'."""
    before = cpu.now()
    sum(number * number for number in range(2_000_000))
    spent = cpu.now() - before

    assert spent.own > 0.01
