"""PostgreSQL killed with -9 under the supervisor, while clips are asked for and made."""

import json
import os
import signal
from typing import Any

import httpx
import psutil
import pytest

from tests.project.stack.conftest import folder
from tests.project.stack.servers import query, servers_on
from tests.project.stack.test_up import Stack, environment, manage, stack, wait_until_ready
from tests.sandbox_process import wait_until

__all__ = ["folder", "stack"]

PROMPTS = [f"Asked of a dying database, clip {number}" for number in range(10)]
PROMPTS += [f"Asked of a dying database, [[fault:fail]] {number}" for number in range(40)]
KILLED_AT = (5, 20, 35, 49)
# A POST whose answer could not be written down is found by its lease (75 s), a sweep (15 s) and a look at the provider.
END_SECONDS = 180


def kill_postgres(stack: Stack) -> None:
    server = next(pid for pid in servers_on(stack.data_folder) if psutil.Process(pid).ppid() == stack.process.pid)
    os.kill(server, signal.SIGKILL)


def answer(client: httpx.Client, method: str, path: str, **request: Any) -> dict[str, Any] | None:
    """The data of a success; None while there is no answer or the answer is that something of ours is broken."""
    try:
        response = client.request(method, path, **request)
    except httpx.TransportError:
        return None
    assert response.is_success or response.status_code in (500, 503), response.text
    return response.json()["data"] if response.is_success else None


# F4
@pytest.mark.faults
def test_postgres_killed_again_and_again_leaves_nothing_half_done(stack: Stack):
    ready = wait_until_ready(stack)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{stack.port}/api/v1",
        headers={"Authorization": f"Bearer {ready['api_key']}"},
        timeout=10,
    )
    asked = set()

    for number, prompt in enumerate(sorted(PROMPTS)):
        if number in KILLED_AT:
            kill_postgres(stack)
        request = {"json": {"prompt": prompt}, "headers": {"Idempotency-Key": f"key {number}"}}
        asked.add(wait_until(lambda: answer(client, "POST", "/generations", **request), seconds=30)["id"])

    def all_have_ended() -> bool:
        states = query(stack.data_folder, "SELECT DISTINCT state FROM generations_generation")
        return {state for (state,) in states} <= {"completed", "failed"}

    wait_until(all_have_ended, seconds=END_SECONDS)
    client.close()

    assert stack.log.read_text().count("database ended (by SIGKILL)") == len(KILLED_AT)
    kept = query(stack.data_folder, "SELECT id::text, state FROM generations_generation WHERE prompt LIKE 'Asked of%'")
    assert {id for id, _ in kept} == asked
    audit = manage("audit_credits", "--json", **environment(stack.data_folder))
    assert (audit.returncode, audit.stderr) == (0, "")
