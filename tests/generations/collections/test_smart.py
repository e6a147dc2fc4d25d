import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import members
from accounts.actors import Actor
from generations import words
from generations.collections import contents, items, keeping, shelves, smart
from generations.collections.keeping import ByHand, Gone
from generations.models import Collection, Generation
from generations.search import asking, query
from generations.search.query import BadSearch, Search, find
from tests.collecting import clips, gathered
from tests.factories import make_member, make_team
from tests.searching import keep_vector, make_index, turned


def searchable(generations) -> None:
    """As the way through leaves them."""
    for generation in generations:
        words.keep(generation)


def found(collection, **given) -> list[str]:
    page = contents.page(collection, **({"after": "", "limit": 50} | given))
    return sorted(generation.prompt for generation in page.generations)


def test_what_of_an_address_is_a_search_is_kept():
    kept = smart.search_of({"q": " boat ", "show": "completed", "before": "x", "collection": "junk", "page": "2"})

    assert kept == {"q": "boat", "show": "completed"}
    assert smart.search_of({"show": "all"}) == {}
    with pytest.raises(BadSearch):
        smart.search_of({"q": "x" * 100_000})


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({}, ["All"]),
        ({"show": "mine"}, ["Mine"]),
        ({"q": "boat"}, ["“boat”"]),
        ({"q": "boat", "show": "completed", "tag": "fog"}, ["“boat”", "tag “fog”", "Completed"]),
    ],
)
def test_it_says_what_it_looks_for(search, words):
    assert smart.words(search) == words


def test_it_has_what_its_search_finds_and_what_is_made_later(team, maker):
    searchable(clips(team, 1, prompt="A boat"))
    searchable(clips(team, 1, prompt="A kite"))
    searchable(clips(make_team(), 1, prompt="Another boat"))
    board = gathered(team, maker, search={"q": "boat"})
    before = found(board)

    searchable(clips(team, 1, prompt="One more boat"))

    assert (before, found(board)) == (["A boat 1"], ["A boat 1", "One more boat 1"])
    assert contents.count(board) is None


def test_mine_are_its_maker_s_whoever_looks(team, maker):
    clips(team, 1, prompt="Theirs", created_by=make_member(team=team))
    clips(team, 1, prompt="The maker's", created_by=maker)

    assert found(gathered(team, maker, search={"show": "mine"})) == ["The maker's 1"]


def test_the_public_sees_what_is_completed(team, maker):
    clips(team, 1, prompt="Done")
    clips(team, 1, prompt="Failed", state="failed", failure_code="TIMEOUT")
    board = gathered(team, maker, search={})

    assert found(board) == ["Done 1", "Failed 1"]
    assert found(board, is_public=True) == ["Done 1"]


def test_for_the_public_each_page_is_searched_for_once_in_a_minute(team, maker):  # A20
    made = clips(team, 5, prompt="A boat")
    searchable(made)
    board = gathered(team, maker, search={"q": "boat"})
    shown = [contents.page(board, after=after, limit=2, is_public=True) for after in ("", "2")]

    with CaptureQueriesContext(connection) as asked:
        again = [contents.page(board, after=after, limit=2, is_public=True) for after in ("", "1", "2", "3")]

    assert [page.generations for page in again] == [shown[0].generations] * 2 + [shown[1].generations] * 2
    assert [page.next for page in again] == ["2", "2", "4", "4"]
    assert not [query for query in asked if "searchtext" in query["sql"]]
    Generation.objects.filter(pk=shown[0].generations[0].pk).update(hidden_at=timezone.now())
    assert contents.page(board, after="", limit=2, is_public=True).generations == shown[0].generations[1:]


@pytest.mark.parametrize("visibility", ["team", "private"])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_private_collection_of_its_maker_shows_in_a_private_one_alone(team, maker, visibility, is_named):  # A20
    own = gathered(team, maker, clips(team, 1), name="Secret client", visibility="private")
    search = {"q": "secret client"} if is_named else {"collection": str(own.pk)}
    board = gathered(team, maker, search=search, visibility=visibility)

    shown = [len(found(board, is_public=is_public)) for is_public in (False, True)]

    assert shown == ([1, 1] if visibility == "private" else [0, 0])
    assert len(contents.whole(board).ids) == shown[0]


def test_nor_does_it_show_through_a_smart_one_that_is_looked_through(team, maker):  # A20
    gathered(team, maker, clips(team, 1), name="Secret client", visibility="private")
    board = gathered(team, maker, search={"q": "secret client"})
    other = make_member(team=team)

    through = {"collection": str(board.pk)}
    seen = [find(Search.from_query(through), team_id=team.pk, user_id=user.pk, offset=0, limit=9).found
            for user in (maker, other)]  # fmt: skip

    assert seen == [[], []]


def test_it_goes_on_when_its_maker_has_left(team, maker):
    clips(team, 1, prompt="The maker's", created_by=maker)
    board = gathered(team, maker, search={"show": "mine"})

    members.remove(team, maker.pk, by=Actor(user=team.memberships.get(role="owner").user))

    assert found(board) == ["The maker's 1"]


@pytest.mark.parametrize("search", [None, {"show": "completed"}])
def test_a_page_follows_another_and_none_is_shown_twice(team, maker, search):  # K11
    made = clips(team, 7)
    board = gathered(team, maker, made if search is None else (), search=search)
    shown, after = [], ""

    while True:
        page = contents.page(board, after=after, limit=3)
        shown += [each.id for each in page.generations]
        after = page.next
        if not after:
            break

    assert sorted(shown) == sorted(each.id for each in made)
    assert len(shown) == 7
    assert contents.whole(board).ids == shown


@pytest.mark.parametrize("after", ["junk", "-", "1.", ".1", "9" * 40, "٣.٣", "1.1.1", "-1.5x", "0.0"])
def test_a_page_after_nothing_is_the_first(board, after):
    assert len(contents.page(board, after=after, limit=3).generations) == 3


def test_it_says_that_its_search_finds_more_than_it_takes(team, maker, monkeypatch):
    monkeypatch.setattr(query, "MOST", 3)
    searchable(clips(team, 4, prompt="A boat"))
    board = gathered(team, maker, search={"q": "boat"})

    pages = [contents.page(board, after="", limit=2, is_public=is_public) for is_public in (False, True, True)]

    assert [page.cut for page in pages] == ["The best 3 of what its search finds."] * 3
    assert contents.whole(board).notice == "The best 3 of what its search finds."
    assert len(contents.whole(board).ids) == 3


def test_where_nothing_is_left_out_nothing_is_said(team, maker):
    searchable(clips(team, 4, prompt="A boat"))

    for search in ({"q": "boat"}, {"show": "completed"}):
        board = gathered(team, maker, search=search)
        assert (contents.page(board, after="", limit=2).cut, contents.whole(board).notice) == ("", "")


def test_of_the_newest_it_takes_so_many_and_says_so(team, maker, monkeypatch):
    monkeypatch.setattr(smart, "MAX_ITEMS", 3)
    monkeypatch.setattr(smart, "ROUND", 3)
    clips(team, 4)
    board = gathered(team, maker, search={"show": "completed"})

    whole = contents.whole(board)

    assert (len(whole.ids), whole.notice) == (3, "The newest 3 of what its search finds.")


def test_what_its_search_could_not_ask_is_told_of_the_whole(team, maker):
    make_index()  # of a provider that there is no account of
    searchable(clips(team, 1, prompt="A boat"))

    notice = contents.whole(gathered(team, maker, search={"q": "boat"})).notice

    assert "Search by meaning is not available right now" in notice


def cover_of(board: Collection) -> str:
    """What a list shows of it."""
    (shelf,) = shelves.shelves(shelves.counted(Collection.objects.filter(pk=board.pk)))
    return shelf.cover.generation.prompt if shelf.cover else ""


def test_its_cover_is_the_first_completed_that_it_finds_until_one_is_chosen(team, maker):
    first, _second = clips(team, 2, prompt="Done")
    clips(team, 1, prompt="Failed", state="failed", failure_code="TIMEOUT")
    board = gathered(team, maker, search={})

    covers = [cover_of(board)]
    items.set_cover(board, first.id, by=maker)
    covers.append(cover_of(board))
    Generation.objects.filter(pk=first.pk).update(hidden_at=timezone.now())
    covers.append(cover_of(board))

    assert covers == ["Done 2", "Done 1", "Done 2"]


def test_a_list_searches_for_few_covers_and_keeps_what_it_has_found(team, maker):
    searchable(clips(team, 1, prompt="A boat"))
    boards = [gathered(team, maker, search={"q": "boat"}) for _ in range(smart.MOST_COVERS + 3)]
    contents.page(boards[-1], after="", limit=2)

    known = [len(smart.covers(boards)) for _ in range(2)]
    with CaptureQueriesContext(connection) as asked:
        smart.covers(boards)

    assert known == [smart.MOST_COVERS + 1, smart.MOST_COVERS + 3]
    assert len(asked) == 0


def test_its_search_is_changed_and_what_was_found_for_it_forgotten(team, maker):
    searchable([*clips(team, 1, prompt="A boat"), *clips(team, 1, prompt="A kite")])
    board = gathered(team, maker, search={"q": "boat"})
    shown = [found(board, is_public=True), cover_of(board)]

    before = keeping.change_search(board, {"q": "kite"}, by=make_member(team=team))

    board.refresh_from_db()
    assert before == {"q": "boat"}
    assert shown == [["A boat 1"], "A boat 1"]
    assert [found(board, is_public=True), cover_of(board)] == [["A kite 1"], "A kite 1"]


def test_one_that_is_filled_by_hand_looks_for_nothing_and_another_member_s_own_is_not_there(team, maker, board):
    own = gathered(team, maker, search={}, visibility="private")

    with pytest.raises(ByHand):
        keeping.change_search(board, {"q": "kite"}, by=maker)
    with pytest.raises(Gone):
        keeping.change_search(own, {"q": "kite"}, by=make_member(team=team))

    assert list(Collection.objects.exclude(search=None).values_list("search", flat=True)) == [{}]


def test_what_only_lies_further_away_is_not_in_it(team, maker):
    index = make_index()
    asking.keep(index, "harbour", turned(0))
    for generation, degrees in zip(clips(team, 3), (1, 80, 85), strict=True):
        keep_vector(index, generation, turned(degrees))
    board = gathered(team, maker, search={"q": "harbour"})

    assert [len(found(board, is_public=is_public)) for is_public in (False, True)] == [1, 1]
    assert len(contents.whole(board).ids) == 1
