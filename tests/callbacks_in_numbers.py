"""Callbacks for many generations at once: EACH different ones for each, sent twice, in no order, over real HTTP."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import httpx
from django.db import connection

from generations.models import Generation, Submission
from tests.sandbox_process import wait_until

EVENTS = ("task.created", "task.queued", "task.progress", "task.completed", "task.failed")
EACH = len(EVENTS)
SEED = 20261121


def shuffled(generations: list[Generation]) -> list[tuple[UUID, str]]:
    """Generation and event, each twice."""
    drawn = [(each.pk, event) for each in generations for event in EVENTS] * 2
    random.Random(SEED).shuffle(drawn)
    return drawn


def send(url: str, callbacks: list[tuple[UUID, str]], *, threads: int) -> Counter[int]:
    """Each once its generation's task is known, or has not become so for a minute: then it names one that is nobody's.

    Returns how often which status was answered.
    """
    client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def post(callback: tuple[UUID, str]) -> int:
        generation_id, event = callback
        try:
            submission = _submission(generation_id)
        finally:
            connection.close()
        body = json.dumps({"event": event, "task_id": submission.provider_task_id or "nobody-s"}).encode()
        headers = {"content-type": "application/json"}
        return client.post(f"/hooks/vibegen/{submission.token}", content=body, headers=headers).status_code

    with client, ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(post, callbacks))


def _submission(generation_id: UUID) -> Submission:
    """The latest attempt to make it."""
    tried = Submission.objects.filter(generation=generation_id).order_by("-created_at")
    wait_until(tried.exists, seconds=300)
    with suppress(TimeoutError):
        wait_until(tried.exclude(provider_task_id="").exists, seconds=60)
    return tried[0]
