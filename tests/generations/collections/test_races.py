"""Two changes of one collection at once."""

from threading import Thread

import pytest
from django.db import connection, transaction

from accounts import teams
from accounts.actors import Actor
from accounts.refusals import TeamClosing
from generations import lifecycle
from generations.collections import items, keeping, sharing
from generations.collections.items import NotThere, TooManyItems
from generations.collections.keeping import Gone, TooManyCollections
from generations.collections.sharing import TooManyLinks
from generations.models import Collection, CollectionItem
from tests.collecting import clips, gathered, order_of
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_moves_at_once_lose_and_double_nothing(team, maker, board, five):
    def act(number):
        mover, beside = five[number % 5], five[(number * 2 + 1) % 5]
        return items.move(board, mover.id, beside=beside.id, is_after=bool(number % 2), by=maker)

    race(act, range(40), threads=4)

    positions = list(board.items.values_list("position", flat=True))
    assert sorted(order_of(board)) == ["1", "2", "3", "4", "5"]
    assert len(set(positions)) == 5


def test_the_same_added_twice_at_once_is_in_it_once(team, maker, five):
    board = gathered(team, maker)

    added = race(lambda _: items.add(board, [each.id for each in five], by=maker), range(8), threads=4)

    assert sorted(each.added for each in added) == [0] * 7 + [5]
    assert order_of(board) == ["1", "2", "3", "4", "5"]


def test_added_beside_removed_either_comes_first(team, maker, board, five):
    first = [five[0].id]

    race(lambda number: (items.add if number % 2 else items.remove)(board, first, by=maker), range(20), threads=4)

    assert board.items.filter(generation=five[0]).count() in (0, 1)
    assert sorted(order_of(board))[-4:] == ["2", "3", "4", "5"]


def test_the_last_places_are_given_once(team, maker, monkeypatch):
    monkeypatch.setattr(items, "MAX_ITEMS", 6)
    board, many = gathered(team, maker), clips(team, 20)

    def act(generation):
        try:
            return items.add(board, [generation.id], by=maker).added
        except TooManyItems:
            return 0

    assert sum(race(act, many, threads=4)) == 6
    assert board.items.count() == 6


def test_the_last_collection_and_the_last_link_are_made_once(team, maker, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 3)
    monkeypatch.setattr(sharing, "MOST", 2)
    board = gathered(team, maker)

    def act(number):
        try:
            return gathered(team, maker) if number % 2 else sharing.share(board, days=1, by=Actor(user=maker))
        except (TooManyCollections, TooManyLinks):
            return None

    race(act, range(16), threads=4)

    assert (Collection.objects.count(), board.share_links.count()) == (3, 2)


def test_deleted_while_it_is_filled_and_moved_it_is_gone(team, maker, board, five):
    more = clips(team, 12)

    def act(number):
        try:
            if number == 6:
                return keeping.delete(board, by=Actor(user=maker))
            if number % 2:
                return items.add(board, [more[number].id], by=maker)
            return items.shift(board, five[number % 5].id, is_later=True, by=maker)
        except (Gone, NotThere):
            return None

    race(act, range(12), threads=4)

    assert not Collection.objects.exists()
    assert not CollectionItem.objects.exists()


def test_nothing_is_made_or_filled_once_the_team_closes(team, maker, five):
    board = gathered(team, maker)
    owner = team.memberships.get(role="owner").user

    def act(number):
        try:
            if number == 4:
                return teams.close(team, by=Actor(user=owner))
            return gathered(team, maker) if number % 2 else items.add(board, [five[number % 5].id], by=maker)
        except TeamClosing:
            return None

    race(act, range(12), threads=4)

    for late in (lambda: gathered(team, maker), lambda: items.add(board, [five[0].id], by=maker)):
        with pytest.raises(TeamClosing):
            late()


def test_whoever_puts_one_beside_another_that_is_taken_away_meanwhile_is_told(team, maker, board, five):
    board.items.update(position=7)  # no room: all are numbered anew, which waits for whoever deletes one of them
    answers = []

    def late() -> None:
        try:
            items.move(board, five[4].id, beside=five[1].id, is_after=False, by=maker)
        except NotThere:
            answers.append("not there")
        finally:
            connection.close()

    with transaction.atomic():
        CollectionItem.objects.filter(generation=five[1]).delete()
        thread = Thread(target=late)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()

    assert (answers, sorted(order_of(board))) == (["not there"], ["1", "3", "4", "5"])


def test_what_is_hidden_while_it_is_added_stays_out(team, maker, five):
    board = gathered(team, maker)
    added = []

    def late() -> None:
        try:
            added.append(items.add(board, [each.id for each in five[:2]], by=maker).added)
        finally:
            connection.close()

    with transaction.atomic():
        lifecycle.hide(five[0])
        thread = Thread(target=late)
        thread.start()
        thread.join(0.5)
    thread.join()

    assert added == [1]
    assert order_of(board) == ["2"]
    assert board.items.count() == 1
