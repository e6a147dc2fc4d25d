"""The job that fetches our copies."""

from celery import shared_task

from .archive import crew


@shared_task(name="archive")
def archive() -> None:
    crew.run()
