"""What the tests of pages share: a signed-in client, pages as text, and how htmx asks."""

import uuid
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User

HTMX = {"HX-Request": "true"}
SURE = {"confirmed": "1"}  # the answer to the question before what cannot be taken back


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


def filled_in(**given: Any) -> dict[str, Any]:
    """The create form as a browser sends it."""
    choices = {"resolution": "480p", "duration": "5", "aspect_ratio": "16:9", "generate_audio": "false"}
    form = {"form_key": uuid.uuid4().hex, "task_type": "text_to_video", "model": "seedance-2.0"}
    return {**form, "prompt": "A gate, and light", **choices, **given}


@contextmanager
def queries(expected: int):
    with CaptureQueriesContext(connection) as captured:
        yield
    told = "\n".join(query["sql"][:150] for query in captured)
    assert len(captured) == expected, f"{len(captured)} queries, not {expected}:\n{told}"
