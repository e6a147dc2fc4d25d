"""PostgreSQL killed with -9 under the supervisor, while clips are asked for and made."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from project.stack.postgres import PORT, settings_for
from tests.project.stack.servers import query
from tests.sandbox_process import wait_until
from tests.stack import RunningStack

PROMPTS = [f"Asked of a dying database, [[fault:fail]] {number}" for number in range(50)]
PROMPTS[::5] = [f"Asked of a dying database, clip {number}" for number in range(10)]
KILLED_AT = (5, 20, 35, 49)
# A POST whose answer could not be written down is found by its lease (75 s), a sweep (15 s) and a look at the provider.
END_SECONDS = 180


@pytest.fixture
def stack() -> Iterator[RunningStack]:
    running = RunningStack(SANDBOX_SECONDS="1", GENERATION_DEADLINE_SECONDS="120")
    yield running
    running.stop()


@pytest.fixture
def client(stack: RunningStack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.ready['api_key']}"}
    with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, timeout=10, trust_env=False) as made:
        yield made


def kill_postgres(stack: RunningStack) -> None:
    sockets = Path(settings_for(stack.data_folder)["HOST"])
    os.kill(int((sockets / f".s.PGSQL.{PORT}.lock").read_text().split()[0]), signal.SIGKILL)


def created_id(client: httpx.Client, number: int) -> str | None:
    """None while nobody answers, or the answer is that something of ours is broken."""
    try:
        answer = client.post(
            "/generations", json={"prompt": PROMPTS[number]}, headers={"Idempotency-Key": f"number-{number}"}
        )
    except httpx.TransportError:
        return None
    assert answer.status_code in (200, 201, 500, 503), answer.text
    return str(answer.json()["data"]["id"]) if answer.is_success else None


def rows(stack: RunningStack) -> list[tuple[Any, ...]]:
    sql = "SELECT id::text, state, prompt FROM generations_generation WHERE prompt LIKE 'Asked of%'"
    return query(stack.data_folder, sql)


# F4
@pytest.mark.faults
def test_postgres_killed_again_and_again_leaves_nothing_half_done(stack: RunningStack, client: httpx.Client):
    asked = {}

    for number, prompt in enumerate(PROMPTS):
        if number in KILLED_AT:
            kill_postgres(stack)
        asked[prompt] = wait_until(lambda number=number: created_id(client, number), seconds=30)
    wait_until(lambda: {state for _, state, _ in rows(stack)} <= {"completed", "failed"}, seconds=END_SECONDS)

    assert {prompt: id for id, _, prompt in rows(stack)} == asked
    assert stack.log.read_text().count("database ended (by SIGKILL)") == len(KILLED_AT)
    assert stack.manage("audit_credits").strip() == "the books close"
    told = httpx.get(f"http://127.0.0.1:{stack.env['SANDBOX_PORT']}/sandbox/state", trust_env=False).json()
    creates = told["creates_by_prompt"]
    assert all(creates.get(prompt, 0) == 1 for _, state, prompt in rows(stack) if state == "completed")
    assert max(creates.values()) == 1
