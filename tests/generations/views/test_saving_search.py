import re

import pytest
from django.test import Client
from django.utils.http import urlencode

from accounts.actors import Actor
from generations.collections import sharing
from generations.models import Collection
from tests.collecting import gathered
from tests.factories import make_member, make_team
from tests.pages import HTMX, browser_of, text_of

SAVE = "/collections/search/"
BOAT, KITE = {"q": "a boat", "show": "completed"}, {"q": "a kite"}


def given(search: dict[str, str], **changed) -> dict[str, str]:
    fields = {"search": urlencode(search), "into": "new", "name": "Harbour", "description": "", "visibility": "team"}
    return fields | changed


@pytest.fixture
def board(team, maker) -> Collection:
    """One that looks for boats."""
    return gathered(team, maker, name="Boats", search=BOAT)


def search_of(board: Collection) -> dict[str, str]:
    board.refresh_from_db()
    return board.search


def test_a_search_is_kept_as_a_smart_collection(browser):
    form = text_of(browser.get(f"{SAVE}?q=a+boat&show=completed&before=junk"))
    response = browser.post(SAVE, given(BOAT))

    made = Collection.objects.get()
    assert "“a boat”" in form
    assert 'name="search" value="q=a+boat&amp;show=completed"' in form
    assert (made.name, made.search, response.url) == ("Harbour", BOAT, f"/collections/{made.pk}/")
    assert "“a boat”" in text_of(browser.get(response.url))


def test_a_search_that_can_not_be_is_refused_in_words(browser):
    response = browser.post(SAVE, given({"q": "x" * 100_000}), follow=True)

    assert response.redirect_chain[0][0] == "/gallery/"
    assert "notice error" in text_of(response)
    assert not Collection.objects.exists()


def test_a_wrong_name_comes_back_with_the_reason(browser):
    page, dialog = (browser.post(SAVE, given(BOAT, name=""), headers=headers) for headers in ({}, HTMX))

    for answer in (page, dialog):
        assert (answer.status_code, "This field is required." in text_of(answer)) == (422, True)
    assert ["<html" in text_of(answer) for answer in (page, dialog)] == [True, False]
    assert not Collection.objects.exists()


def test_offered_are_the_smart_ones_that_one_sees(browser, team, maker, board):
    gathered(team, maker, name="By hand")
    gathered(team, make_member(team=team), name="Another's own", search=KITE, visibility="private")
    stranger = make_member(team=make_team())
    gathered(stranger.memberships.get().team, stranger, name="Another team's", search=KITE)

    page = text_of(browser.get(f"{SAVE}?q=kite&into={board.pk}"))

    offered = re.findall(r'<option value="([^"]+)"\s*(selected)?', page)
    assert offered == [("new", ""), (str(board.pk), "selected")]


def test_one_that_there_is_looks_for_it_from_now_on_and_its_links_stay(browser, maker, board):
    link = sharing.share(board, days=7, by=Actor(user=maker))

    answer = browser.post(SAVE, given(KITE, into=str(board.pk)), follow=True)

    assert answer.redirect_chain == [(f"/collections/{board.pk}/", 302)]
    assert "It looks for this from now on." in text_of(answer)
    assert (search_of(board), board.name, Collection.objects.count()) == (KITE, "Boats", 1)
    assert Client().get(f"/shared/{sharing.token_of(link)}/").status_code == 200


def test_that_is_undone_where_it_is_said_which_is_once(browser, board):
    page = text_of(browser.post(SAVE, given(KITE, into=str(board.pk)), follow=True))
    again = text_of(browser.get(f"/collections/{board.pk}/"))
    before = re.search(r'name="search" value="([^"]*)"', page)[1].replace("&amp;", "&")

    browser.post(SAVE, {"search": before, "into": str(board.pk)})

    assert "It looks for this from now on." not in again
    assert search_of(board) == BOAT


def test_where_it_looks_for_that_already_nothing_is_said(browser, board):
    page = text_of(browser.post(SAVE, given(BOAT, into=str(board.pk)), follow=True))

    assert "It looks for this from now on." not in page


def test_to_htmx_the_answer_leads_on(browser, board):
    answer = browser.post(SAVE, given(KITE, into=str(board.pk)), headers=HTMX)

    assert answer.headers["HX-Redirect"] == f"/collections/{board.pk}/"


def test_its_page_leads_to_the_gallery_which_offers_to_change_it(browser, viewer, board):
    page, looking = (text_of(client.get(f"/collections/{board.pk}/")) for client in (browser, viewer))
    address = re.search(r'id="change-search" href="([^"]+)"', page)[1].replace("&amp;", "&")

    gallery = text_of(browser.get(address))

    assert address == f"/gallery/?q=a+boat&show=completed&into={board.pk}"
    assert f'name="into" value="{board.pk}"' in gallery
    assert f"{SAVE}?q=a+boat&amp;show=completed&amp;into={board.pk}" in gallery
    assert f"/gallery/?q=a+boat&amp;show=failed&amp;into={board.pk}" in gallery
    assert "change-search" not in looking


def test_what_is_filled_by_hand_and_what_one_does_not_see_is_not_there(browser, team, maker, board):  # A1
    by_hand = gathered(team, maker)
    own = gathered(team, make_member(team=team), search=BOAT, visibility="private")
    stranger = browser_of(make_team().memberships.get().user)

    statuses = [browser.post(SAVE, given(KITE, into=into)).status_code for into in (by_hand.pk, own.pk, "junk", "")]
    statuses.append(stranger.post(SAVE, given(KITE, into=str(board.pk))).status_code)

    assert statuses == [404] * 5
    assert [search_of(each) for each in (board, own, by_hand)] == [BOAT, BOAT, None]


def test_a_viewer_keeps_nothing_and_a_stranger_signs_in_first(viewer, board):
    statuses = [viewer.get(SAVE).status_code, viewer.post(SAVE, given(KITE, into=str(board.pk))).status_code]

    assert statuses == [403, 403]
    assert Client().post(SAVE, given(KITE)).status_code == 302
    assert (search_of(board), Collection.objects.count()) == (BOAT, 1)


def test_other_methods_are_refused(browser):
    assert browser.put(SAVE).status_code == 405
