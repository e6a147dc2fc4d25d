"""The job that makes generations findable. A message is only the job's name; what is due stands in the tables."""

from celery import shared_task

from . import indexing


@shared_task(name="index")
def index() -> None:
    indexing.index()
