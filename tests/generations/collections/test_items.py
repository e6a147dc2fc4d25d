from uuid import uuid4

import pytest
from django.utils import timezone

from generations.collections import contents, items, keeping, shelves
from generations.collections.items import IsSmart, NotThere, TooManyItems
from generations.collections.keeping import Gone
from generations.models import Collection, CollectionItem, Generation
from tests.collecting import clips, gathered, order_of
from tests.factories import make_member, make_team


def hide(generation) -> None:
    Generation.objects.filter(pk=generation.pk).update(hidden_at=timezone.now())


def test_they_are_added_at_the_end_in_the_order_that_was_given(team, maker, five):
    board = gathered(team, maker, five[:2])

    added = items.add(board, [five[4].id, five[2].id, five[4].id], by=maker)

    assert (added.added, added.already) == (2, 0)
    assert order_of(board) == ["1", "2", "5", "3"]


def test_what_is_in_it_stays_where_it_is(team, maker, board, five):
    added = items.add(board, [five[0].id, clips(team, 1, prompt="new")[0].id], by=maker)

    assert (added.added, added.already) == (1, 1)
    assert order_of(board) == ["1", "2", "3", "4", "5", "1"]


def test_with_one_of_another_team_nothing_is_added(team, maker, five):  # A2
    board, theirs = gathered(team, maker), clips(make_team(), 1)[0]

    for foreign in (theirs.id, uuid4()):
        with pytest.raises(NotThere):
            items.add(board, [five[0].id, foreign], by=maker)

    assert not CollectionItem.objects.exists()


def test_what_was_deleted_meanwhile_is_left_out(team, maker, five):
    board = gathered(team, maker)
    hide(five[0])

    added = items.add(board, [each.id for each in five], by=maker)

    assert (added.added, order_of(board)) == (4, ["2", "3", "4", "5"])


def test_it_holds_5000_and_no_more(team, maker):
    many = clips(team, 5001)
    board = gathered(team, maker, many[:5000])

    with pytest.raises(TooManyItems):
        items.add(board, [many[5000].id], by=maker)

    assert board.items.count() == 5000
    assert items.add(board, [many[0].id], by=maker).already == 1


def test_what_is_taken_out_can_be_put_back_where_it_was(team, maker, board, five):
    places = items.remove(board, [five[1].id, five[3].id, uuid4()], by=maker)
    without = order_of(board)

    items.add(board, list(places), places=places, by=maker)

    assert (without, order_of(board)) == (["1", "3", "5"], ["1", "2", "3", "4", "5"])


def test_to_take_it_out_again_changes_nothing(team, maker, board, five):
    items.remove(board, [five[0].id], by=maker)
    board.refresh_from_db()
    changed_at = board.updated_at

    assert items.remove(board, [five[0].id], by=maker) == {}

    board.refresh_from_db()
    assert board.updated_at == changed_at


@pytest.mark.parametrize(
    ("moved", "beside", "is_after", "order"),
    [
        (5, 1, False, "51234"),
        (1, 5, True, "23451"),
        (1, 3, False, "21345"),
        (1, 3, True, "23145"),
        (4, 2, True, "12435"),
        (2, 1, True, "12345"),
        (2, 3, False, "12345"),
        (3, 3, True, "12345"),
    ],
)
def test_one_is_put_beside_another(maker, board, five, moved, beside, is_after, order):
    has_moved = items.move(board, five[moved - 1].id, beside=five[beside - 1].id, is_after=is_after, by=maker)

    assert (has_moved, "".join(order_of(board))) == (order != "12345", order)


def test_with_no_room_between_two_all_are_numbered_anew(maker, board, five):
    for number in range(60):  # each halves what is left between the first two, and 20 use it up
        mover, stays = (five[1], five[2]) if number % 2 else (five[2], five[1])
        items.move(board, mover.id, beside=stays.id, is_after=False, by=maker)

    positions = list(board.items.values_list("position", flat=True))
    assert order_of(board) == ["1", "2", "3", "4", "5"]
    assert len(set(positions)) == 5


def test_equal_positions_come_apart_when_one_is_put_between_them(maker, board, five):
    board.items.update(position=7)

    items.move(board, five[4].id, beside=five[1].id, is_after=False, by=maker)

    assert order_of(board) == ["1", "5", "2", "3", "4"]


def test_an_arrow_passes_over_what_was_deleted_and_ends_at_the_end(maker, board, five):
    hide(five[1])

    moves = [items.shift(board, five[2].id, is_later=False, by=maker) for _ in range(2)]

    assert moves == [True, False]
    assert order_of(board) == ["3", "1", "4", "5"]
    assert items.shift(board, five[2].id, is_later=True, by=maker)
    assert order_of(board) == ["1", "3", "4", "5"]


@pytest.mark.parametrize(
    ("moved", "is_last", "order"), [(3, False, "31245"), (3, True, "12453"), (1, False, "12345"), (5, True, "12345")]
)
def test_one_is_put_at_the_start_or_at_the_end_of_what_is_shown(maker, board, five, moved, is_last, order):
    has_moved = items.move_to_end(board, five[moved - 1].id, is_last=is_last, by=maker)

    assert (has_moved, "".join(order_of(board))) == (order != "12345", order)
    assert items.place_of(board, five[moved - 1].id) == order.index(str(moved)) + 1


def test_the_start_is_the_first_that_is_not_deleted_and_places_are_of_what_is_shown(maker, board, five):
    hide(five[0])

    moves = [items.move_to_end(board, five[2].id, is_last=False, by=maker) for _ in range(2)]

    assert (moves, order_of(board)) == ([True, False], ["3", "2", "4", "5"])
    assert items.place_of(board, five[1].id) == 2
    with pytest.raises(NotThere):
        items.place_of(board, five[0].id)


@pytest.mark.parametrize("far", [10**18, -(10**18)])
def test_pages_go_past_what_was_put_as_far_out_as_can_be(maker, board, five, far):  # a made-up undo
    two = [five[1].id, five[2].id]
    items.remove(board, two, by=maker)
    items.add(board, two, places=dict.fromkeys(two, far), by=maker)

    seen, page = [], contents.page(board, after="", limit=1)
    while page.next and len(seen) < 9:
        seen += page.generations
        page = contents.page(board, after=page.next, limit=1)

    prompts = [each.prompt[-1] for each in [*seen, *page.generations]]
    assert prompts == (list("14523") if far > 0 else list("23145"))


def test_the_page_that_shows_a_place_is_found(maker, board, five):
    for place, shown in ((1, "12"), (2, "12"), (3, "34"), (5, "5")):
        page = contents.page(board, after=contents.page_with(board, place, limit=2), limit=2)
        assert "".join(each.prompt[-1] for each in page.generations) == shown


def test_what_is_not_in_it_is_neither_moved_nor_a_place(team, maker, board, five):
    other = clips(team, 1)[0]

    for moved, beside in ((other, five[0]), (five[0], other)):
        with pytest.raises(NotThere):
            items.move(board, moved.id, beside=beside.id, is_after=True, by=maker)
    with pytest.raises(NotThere):
        items.shift(board, other.id, is_later=True, by=maker)


def cover_of(board) -> Generation | None:
    """What a list of collections shows of it."""
    (shelf,) = shelves.shelves(shelves.counted(Collection.objects.filter(pk=board.pk)))
    return shelf.cover and shelf.cover.generation


def test_the_cover_is_one_of_its_items_and_goes_and_comes_back_with_it(team, maker, board, five):
    changed = [items.set_cover(board, five[2].id, by=maker) for _ in range(2)]
    with pytest.raises(NotThere):
        items.set_cover(board, clips(team, 1)[0].id, by=maker)
    shown = [cover_of(board)]

    places = items.remove(board, [five[2].id], by=maker)
    shown.append(cover_of(board))
    items.add(board, list(places), places=places, by=maker)
    shown.append(cover_of(board))
    hide(five[2])

    assert (changed, shown) == ([True, False], [five[2], five[0], five[2]])
    assert cover_of(board) == five[0]


def test_a_smart_one_is_not_filled_by_hand(team, maker, five):
    smart = gathered(team, maker, search={"q": "gate"})

    for act in (
        lambda: items.add(smart, [five[0].id], by=maker),
        lambda: items.remove(smart, [five[0].id], by=maker),
        lambda: items.shift(smart, five[0].id, is_later=True, by=maker),
        lambda: items.move_to_end(smart, five[0].id, is_last=True, by=maker),
        lambda: items.move(smart, five[0].id, beside=five[1].id, is_after=True, by=maker),
    ):
        with pytest.raises(IsSmart):
            act()

    assert items.set_cover(smart, five[0].id, by=maker)
    with pytest.raises(NotThere):
        items.set_cover(smart, clips(make_team(), 1)[0].id, by=maker)


def test_one_that_has_become_private_is_gone_for_the_others(team, maker, five):
    board, other = gathered(team, maker, five), make_member(team=team)
    keeping.change(board, name="Mine", description="", visibility="private", by=maker)

    for act in (
        lambda: items.add(board, [five[0].id], by=other),
        lambda: items.remove(board, [five[0].id], by=other),
        lambda: items.shift(board, five[0].id, is_later=True, by=other),
        lambda: items.set_cover(board, five[0].id, by=other),
    ):
        with pytest.raises(Gone):
            act()

    assert order_of(board) == ["1", "2", "3", "4", "5"]
