"""The job that ends links whose makers may share no more."""

from celery import shared_task

from . import open_links


@shared_task(name="links")
def links() -> None:
    open_links.end_dead()
