import pytest

from accounts import members, roles
from accounts.actors import Actor
from accounts.models import Role
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from generations.collections import keeping, sharing
from generations.collections.keeping import Gone, TooManyCollections, may_end, visible_to
from generations.models import Collection, CollectionItem, Generation, ShareLink
from tests.collecting import gathered
from tests.factories import make_member, make_team


def change(collection, by, **given) -> None:
    kept = {"name": collection.name, "description": "", "visibility": collection.visibility}
    keeping.change(collection, **(kept | given), by=by)


def may(collection, user) -> bool:
    """What the page offers, which is what is then allowed."""
    offered = may_end(collection, user, user.memberships.get(team=collection.team).role)
    try:
        keeping.authorise(collection, Actor(user=user))
    except NotAllowed:
        assert not offered
        return False
    assert offered
    return True


def test_the_team_s_are_seen_by_all_and_private_ones_by_their_maker_alone(team, maker):
    owner, viewer = team.memberships.get(role="owner").user, make_member(team=team, role=Role.VIEWER)
    shared, own = gathered(team, maker), gathered(team, maker, name="Mine", visibility="private")

    assert set(visible_to(maker, team.pk)) == {shared, own}
    assert [set(visible_to(user, team.pk)) for user in (owner, viewer)] == [{shared}, {shared}]


def test_another_team_s_are_not_there_for_someone_who_made_one_in_it_either(team, maker):
    gathered(team, maker, visibility="private")

    assert not visible_to(maker, make_team().pk).exists()


@pytest.mark.parametrize(("role", "allowed"), [("viewer", False), ("member", False), ("admin", True), ("owner", True)])
def test_admins_and_owners_may_end_one_of_the_team_s_that_another_made(team, maker, role, allowed):  # A15
    board = gathered(team, maker)

    assert may(board, make_member(team=team, role=role)) is allowed


def test_its_maker_may_end_it_as_long_as_they_may_make_things(team, maker):
    board = gathered(team, maker)
    before = may(board, maker)

    members.change_role(team, maker.pk, Role.VIEWER, by=Actor(user=team.memberships.get(role="owner").user))

    assert (before, may(board, maker)) == (True, False)


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_nobody_but_its_maker_ends_a_private_one(team, maker, role):
    own = gathered(team, maker, visibility="private")

    assert not may(own, make_member(team=team, role=role))
    assert may(own, maker)


def test_a_member_changes_what_it_is_called_and_not_who_sees_it(team, maker):
    board, other = gathered(team, maker), make_member(team=team)

    change(board, other, name="Renamed", description="Blue hour", visibility="private")

    board.refresh_from_db()
    assert (board.name, board.description, board.visibility) == ("Renamed", "Blue hour", "team")
    change(board, maker, name="Renamed", visibility="private")
    with pytest.raises(Gone):
        change(board, other, name="Taken")
    board.refresh_from_db()
    assert (board.name, board.visibility) == ("Renamed", "private")


def test_it_is_deleted_once_with_its_items_and_links_and_the_clips_stay(team, maker, board):
    sharing.share(board, days=7, by=Actor(user=maker))

    done = [keeping.delete(board, by=Actor(user=maker)) for _ in range(2)]

    assert done == [True, False]
    assert [model.objects.count() for model in (Collection, CollectionItem, ShareLink)] == [0, 0, 0]
    assert Generation.objects.count() == 5


def test_another_member_does_not_delete_it(team, board):
    with pytest.raises(NotAllowed):
        keeping.delete(board, by=Actor(user=make_member(team=team)))

    assert Collection.objects.exists()


def test_a_team_has_so_many_and_no_more(team, maker, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 2)
    gathered(team, maker)
    gathered(team, maker, visibility="private")

    with pytest.raises(TooManyCollections):
        gathered(team, maker)

    gathered(make_team(), maker)
    assert Collection.objects.filter(team=team).count() == 2


def test_private_ones_of_those_who_have_left_do_not_count(team, maker, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 2)
    leaver = make_member(team=team)
    for visibility in ("private", "team"):
        gathered(team, leaver, visibility=visibility)
    with pytest.raises(TooManyCollections):
        gathered(team, maker)

    members.remove(team, leaver.pk, by=Actor(user=team.memberships.get(role="owner").user))
    gathered(team, maker)

    with pytest.raises(TooManyCollections):
        gathered(team, maker)


def test_none_is_made_in_a_team_that_is_closing(team, maker):
    roles.lock(team.pk)
    team.closing_at = team.created_at
    team.save()

    with pytest.raises(TeamClosing):
        gathered(team, maker)
