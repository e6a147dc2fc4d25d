import pytest

from tests.api import asked
from tests.batches import make_all, started

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_page_of_one_batch_is_told_of_that_one_alone(open_page, team, maker):
    batch = started(team, "Of the batch")
    page = open_page(maker, batch=str(batch.id))

    asked(team, prompt="Of nothing")
    make_all(batch)

    assert "Of the batch" in page.next("card").data
