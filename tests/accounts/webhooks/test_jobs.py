import pytest

from accounts.models import WebhookDelivery
from accounts.webhooks import jobs
from project.celery import app
from tests.factories import make_delivery


@pytest.mark.django_db(transaction=True)
def test_the_job_that_is_nudged_by_name_delivers(team, receiver):
    make_delivery(team=team, url=receiver.url())

    app.tasks["deliver"]()

    assert app.tasks["deliver"].name == jobs.deliver.name
    assert len(receiver.requests) == 1
    assert WebhookDelivery.objects.get().state == "delivered"
