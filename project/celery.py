"""The Celery app, and nudge(): messages carry the name of the work and nothing else.

PostgreSQL holds what is due; a message only says "look now". So messages may be lost, doubled or late.
"""

import logging
import os
import threading

from celery import Celery
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

TRANSPORT_ALIASES["filesystem"] = "project.broker:Transport"
app = Celery("filmgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "accounts",
        "accounts.webhooks",
        "generations.submitting",
        "generations.archive",
        "generations.search",
        "generations.batches",
        "generations.collections",
    ],
    related_name="jobs",
)

log = logging.getLogger(__name__)

MERGE_SECONDS = 0.05
_pending: set[str] = set()
_lock = threading.Lock()
_publishing = threading.Lock()


def nudge(name: str) -> None:
    """Ask some worker to run the job called `name` soon. Nudges of one name within 50 ms become one message.

    Never raises and never waits for the broker: beat nudges every name every few seconds, so a lost nudge is only late.
    """
    with _lock:
        if name in _pending:
            return
        _pending.add(name)
    timer = threading.Timer(MERGE_SECONDS, _publish, [name])
    timer.daemon = True
    timer.start()


def _publish(name: str) -> None:
    with _publishing:
        # Not before it is our turn: while the broker hangs, one thread waits for each name, not one for each nudge.
        with _lock:
            _pending.discard(name)
        try:
            app.send_task(name, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:
            log.warning("nudge %s not published: %s", name, type(error).__name__)
