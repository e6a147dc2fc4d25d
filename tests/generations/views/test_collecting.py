import pytest

from generations.collections import items
from generations.models import Collection, CollectionItem
from tests.collecting import clips, gathered, order_of
from tests.factories import make_member
from tests.pages import HTMX, text_of

ADD = "/collections/add/"


def ids(generations) -> str:
    return ",".join(str(each.id) for each in generations)


@pytest.fixture
def five(team):
    return clips(team, 5)


@pytest.fixture
def board(team, maker, five) -> Collection:
    return gathered(team, maker, five[:2])


def test_where_it_goes_is_asked_in_a_page_or_a_dialog(browser, team, board, five):
    gathered(team, make_member(team=team), name="Another's own", visibility="private")
    gathered(team, board.created_by, name="Found", search={})

    page = text_of(browser.post(ADD, {"generations": ids(five)}))
    dialog = text_of(browser.post(ADD, {"generations": ids(five)}, headers=HTMX))

    for asked in (page, dialog):
        assert "5 selected." in asked
        assert f'value="{ids(five)}"' in asked
        assert [name in asked for name in ("Harbour", "Another", "Found")] == [True, False, False]
    assert ("<html" in page, "<html" in dialog) == (True, False)


def test_what_was_selected_is_put_into_one_and_said(browser, board, five):
    response = browser.post(ADD, {"generations": ids(five), "collection": str(board.pk)}, follow=True)

    assert "3 were added. 2 were in it already." in text_of(response)
    assert order_of(board) == ["1", "2", "3", "4", "5"]


def test_or_into_a_new_one(browser, maker, five):
    answer = browser.post(ADD, {"generations": ids(five), "collection": "new", "name": "Dusk"}, headers=HTMX)

    made = Collection.objects.get()
    assert (made.name, made.created_by, made.items.count()) == ("Dusk", maker, 5)
    assert "5 were added." in text_of(answer)
    assert "collected" in answer.headers["HX-Trigger"]


def test_a_new_one_without_a_name_is_asked_again_and_not_made(browser, five):
    response = browser.post(ADD, {"generations": ids(five), "collection": "new", "name": " "}, headers=HTMX)

    assert (response.status_code, "This field is required." in text_of(response)) == (422, True)
    assert 'value="new" selected' in text_of(response)
    assert not Collection.objects.exists()


def test_of_what_is_another_team_s_nothing_goes_in_and_none_is_made(browser, board, other_team, five):  # A2
    theirs, foreign = clips(other_team, 1), gathered(other_team, other_team.memberships.get().user)

    statuses = [
        browser.post(ADD, {"generations": ids([*five, *theirs]), "collection": str(board.pk)}).status_code,
        browser.post(ADD, {"generations": ids([*five, *theirs]), "collection": "new", "name": "x"}).status_code,
        browser.post(ADD, {"generations": ids(five), "collection": str(foreign.pk)}).status_code,
        browser.post(ADD, {"generations": "junk", "collection": str(board.pk)}).status_code,
        browser.post(ADD, {"generations": ids(five), "collection": "junk"}).status_code,
    ]

    assert statuses == [404] * 5
    assert CollectionItem.objects.count() == 2
    assert Collection.objects.count() == 2


def test_more_than_there_is_room_for_is_refused_in_words(browser, board, five, monkeypatch):
    monkeypatch.setattr(items, "MAX_ITEMS", 3)

    response = browser.post(ADD, {"generations": ids(five[:4]), "collection": str(board.pk)})

    assert (response.status_code, "A collection holds at most 3." in text_of(response)) == (422, True)
    assert board.items.count() == 2


def test_a_viewer_puts_nothing_in(viewer, board, five):
    given = {"generations": ids(five), "collection": str(board.pk)}

    assert viewer.post(ADD, given).status_code == 403
    assert CollectionItem.objects.count() == 2


def test_whoever_looks_at_the_address_is_led_to_the_collections(browser):
    assert browser.get(ADD).headers["Location"] == "/collections/"
    assert browser.put(ADD).status_code == 405
