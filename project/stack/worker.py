"""What the worker loads besides its jobs (`celery --include`): it says when it is ready, and takes beat with it."""

import os
import signal
import sys
from typing import Any

from celery.signals import worker_init, worker_ready

from project.stack.children import request_death_signal

READY = "The worker is ready."


@worker_init.connect
def let_no_fork_outlive_us(**kwargs: Any) -> None:
    """Beat runs in a fork of the worker and would go on alone after a `kill -9` of it."""
    os.register_at_fork(after_in_child=lambda: request_death_signal(signal.SIGKILL))


@worker_ready.connect
def say_so(**kwargs: Any) -> None:
    """To the real standard output: Celery turns sys.stdout into log records, which LOG_LEVEL may drop."""
    print(READY, file=sys.__stdout__, flush=True)
