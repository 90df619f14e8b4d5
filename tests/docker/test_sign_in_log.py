"""What is written down about sign-ins, and how guessing ends."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.person import PASSWORD, Person
from tests.support import Stack, run

pytestmark = pytest.mark.docker


def audit(stack: Stack) -> list[dict[str, str]]:
    text = run("docker", "exec", stack.project, "cat", "/data/sign-ins.log").stdout
    assert PASSWORD not in text
    return [json.loads(line) for line in text.splitlines()]


def test_sign_ins_are_written_down(stack: Stack, person: Person):
    """Who, from where and how it ended, never a password."""
    wrong = f"wrong {uuid.uuid4().hex}"
    Person(stack, person.name).try_password(wrong)

    networks = stack.inspect(f"{stack.project}-edge-1")["NetworkSettings"]["Networks"]
    client = networks[f"{stack.project}-control"]["Gateway"]  # what the edge sees of us
    lines = [line for line in audit(stack) if line["name"] == person.name]
    assert [line["result"] for line in lines][-2:] == ["signed-in", "failed"]
    assert {line["address"] for line in lines} == {client}
    assert {line["way"] for line in lines} == {"native"}
    assert wrong not in run("docker", "exec", stack.project, "cat", "/data/sign-ins.log").stdout


def test_guessing_is_slowed_down(stack: Stack, person: Person):
    """After ten wrong passwords a name waits; others sign in as ever."""
    victim = f"u{uuid.uuid4().hex[:8]}"
    guesser = Person(stack, victim)
    answers = [guesser.try_password("wrong password") for _ in range(12)]

    assert [answer.status_code for answer in answers[:10]] == [403] * 10
    for answer in answers[10:]:
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 301
        assert "Too many failed sign-ins. Try again in" in answer.text
    person.sign_in()
    assert [line["result"] for line in audit(stack) if line["name"] == victim][-1] == "limited"
