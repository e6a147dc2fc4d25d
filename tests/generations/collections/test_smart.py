import pytest

from generations import words
from generations.collections import contents, smart
from generations.search.query import BadSearch
from tests.collecting import clips, gathered
from tests.factories import make_member, make_team


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
    assert contents.all_ids(board) == shown


@pytest.mark.parametrize("after", ["junk", "-", "1.", ".1", "9" * 40, "٣.٣", "1.1.1", "-1.5x", "0.0"])
def test_a_page_after_nothing_is_the_first(board, after):
    assert len(contents.page(board, after=after, limit=3).generations) == 3
