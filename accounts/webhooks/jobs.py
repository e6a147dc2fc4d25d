"""The deliver job."""

from celery import shared_task

from . import delivery


@shared_task(name="deliver")
def deliver() -> None:
    """Send the webhooks that are due, until none is."""
    delivery.deliver_due()
