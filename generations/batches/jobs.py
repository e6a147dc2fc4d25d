"""The job that makes batches."""

from celery import shared_task

from . import making


@shared_task(name="batch")
def batch() -> None:
    making.wake()
    making.crew.run()
