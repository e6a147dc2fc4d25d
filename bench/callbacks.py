"""Callbacks taken over HTTP, beside durable creates over the same connections, and how soon one is answered."""

import base64
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime

from bench import load, machine
from bench.creates import BODY, CONNECTIONS, SECONDS
from bench.server import Server

ADDRESSES = 300
WARM_SECONDS = 2
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def measure() -> None:
    """Signed as Standard Webhooks has it, each another one: nothing is a repeat."""
    with Server() as server:
        from bench import seed

        teams = [seed.team(f"spread{number}") for number in range(CONNECTIONS)]
        creates = _creates([seed.key(team) for team in teams])
        callbacks = _callbacks([seed.submission(teams[0], secret=SECRET) for _ in range(ADDRESSES)])
        load.run(server.port, creates, connections=CONNECTIONS, seconds=WARM_SECONDS)
        load.run(server.port, callbacks, connections=CONNECTIONS, seconds=WARM_SECONDS)
        rates = []
        for status, requests in ((201, creates), (202, callbacks)):
            result = load.run(server.port, requests, connections=CONNECTIONS, seconds=SECONDS)
            rates.append(result.statuses.get(status, 0) / result.seconds)
            name = "creates" if status == 201 else "callbacks"
            machine.row(f"{name}: over HTTP, {CONNECTIONS} connections", f"{rates[-1]:.0f} a second")
            machine.row(f"{name}: answers", result.statuses)
        machine.row("callbacks: ratio to creates", f"{rates[1] / rates[0]:.2f}")
        alone = load.run(server.port, callbacks, connections=1, seconds=SECONDS)
        machine.row("callbacks: one connection", machine.milliseconds(alone.durations))


def _creates(keys: list[str]) -> Callable[[int], bytes]:
    body = json.dumps(BODY).encode()
    return [load.request("POST", "/api/v1/generations", key=key, body=body) for key in keys].__getitem__


def _callbacks(tokens: list[str]) -> Callable[[int], bytes]:
    """A new one each time, to each address in turn."""
    from standardwebhooks import Webhook

    numbers, webhook = itertools.count(), Webhook(SECRET)

    def request(connection: int) -> bytes:
        number = next(numbers)
        body = json.dumps({"event": "task.progress", "task_id": "bench", "number": number})
        id, at = f"msg_{number}", datetime.now(UTC)
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": webhook.sign(id, at, body),
        }
        path = f"/hooks/vibegen/{tokens[number % len(tokens)]}"
        return load.request("POST", path, body=body.encode(), headers=headers)

    return request
