"""The upkeep job."""

from celery import shared_task

from accounts.upkeep import upkeep as run_upkeep


@shared_task(name="upkeep")
def upkeep() -> None:
    """Allowances, low-balance alerts and key-expiry warnings that are due."""
    run_upkeep()
