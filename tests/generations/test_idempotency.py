import pytest

from generations import catalog, lifecycle, pricing
from generations.idempotency import Idempotency, IdempotencyMismatch
from generations.intake import GenerationRequest
from generations.lifecycle import Asker
from generations.models import Generation
from tests.api import ensure_prices
from tests.factories import make_team
from tests.pipeline import figures, media_folder
from tests.races import race

__all__ = ["media_folder"]


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


@pytest.mark.django_db(transaction=True)
def test_one_idempotency_key_a_hundred_times_makes_one_generation(media_folder):  # L3
    ensure_prices()
    team = make_team(granted=1000)

    made = race(lambda _: _asked(team, digest="a"), range(100), threads=16)

    assert sum(is_new for _, is_new in made) == 1
    assert len({generation.id for generation, _ in made}) == 1
    assert figures(team) == (985, 15, 0)


def test_the_same_key_for_another_request_is_a_mismatch(team):
    _asked(team, digest="a")

    with pytest.raises(IdempotencyMismatch):
        _asked(team, digest="b")

    assert Generation.objects.count() == 1


def test_another_team_may_use_the_same_key(team):  # A14
    other = make_team(granted=1000)

    made = [_asked(each, digest="a")[1] for each in (team, other)]

    assert made == [True, True]


def _asked(team, *, digest: str) -> tuple[Generation, bool]:
    resolved = catalog.resolve(GenerationRequest(prompt="Once"))
    return lifecycle.create(
        resolved,
        pricing.quote(resolved),
        asker=Asker(team_id=team.pk),
        idempotency=Idempotency(key="k", request_digest=digest),
    )
