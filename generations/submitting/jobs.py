"""The jobs that get a queued generation made. A message is only the job's name; what is due stands in the tables."""

from celery import shared_task

from . import circuit, listing
from . import ingest as ingesting
from . import poll as polling
from . import submit as submitting
from . import sweep as sweeping


@shared_task(name="submit")
def submit() -> None:
    submitting.crew.run()


@shared_task(name="ingest")
def ingest() -> None:
    ingesting.crew.run()


@shared_task(name="poll")
def poll() -> None:
    polling.crew.run()


@shared_task(name="list")
def list_tasks() -> None:
    listing.crew.run()


@shared_task(name="probe")
def probe() -> None:
    circuit.crew.run()


@shared_task(name="sweep")
def sweep() -> None:
    sweeping.sweep()
