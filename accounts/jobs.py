"""The upkeep job."""

from celery import shared_task

from . import upkeep as upkeeping


@shared_task(name="upkeep")
def upkeep() -> None:
    """Allowances, low-balance alerts and key-expiry warnings that are due."""
    upkeeping.upkeep()
