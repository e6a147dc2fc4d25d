"""The deliver job."""

from celery import shared_task

from .delivery import crew


@shared_task(name="deliver")
def deliver() -> None:
    """Send the webhooks that are due, until none is."""
    crew.run()
