import pytest

from accounts import teams
from accounts.actors import Actor
from accounts.models import Team
from generations.collections import sharing
from generations.models import Collection, CollectionItem, ShareLink
from generations.submitting import closing, sweep
from tests.api import completed, ensure_prices
from tests.collecting import clips, gathered
from tests.factories import make_member, make_team


def close(team) -> None:
    teams.close(team, by=Actor(user=team.memberships.get(role="owner").user))


@pytest.mark.django_db
def test_a_closing_team_loses_its_collections_and_another_keeps_its_own(media_folder):  # K10
    ensure_prices()
    team = make_team(granted=100)
    maker = make_member(team=team)
    board = gathered(team, maker, [completed(team)])
    sharing.share(board, days=1, by=Actor(user=maker))
    other = make_team()
    theirs = gathered(other, other.memberships.get().user, clips(other, 2))
    close(team)

    sweep.sweep()

    assert list(Collection.objects.all()) == [theirs]
    assert (CollectionItem.objects.count(), ShareLink.objects.count()) == (2, 0)
    assert Team.objects.get(pk=team.pk).closed_at is not None


def test_they_go_a_few_at_a_time_and_only_then_is_it_closed(team, maker, media_folder, monkeypatch):
    monkeypatch.setattr(closing, "COLLECTIONS", 2)
    for _ in range(5):
        gathered(team, maker)
    close(team)

    left = []
    for _ in range(3):
        assert closing.empty_teams()
        closing.finish_teams()
        left.append((Collection.objects.count(), Team.objects.get(pk=team.pk).closed_at is not None))

    assert left == [(3, False), (1, False), (0, True)]
    assert not closing.empty_teams()
