import io
import json
import re
import zipfile

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Role
from generations import words
from generations.collections import keeping, sharing
from generations.models import Collection, Generation
from generations.search import query
from tests.collecting import clips, gathered, order_of
from tests.factories import make_member, make_team
from tests.pages import HTMX, SURE, browser_of, queries, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture


@pytest.fixture
def five(team):
    return clips(team, 5)


@pytest.fixture
def board(team, maker, five) -> Collection:
    return gathered(team, maker, five)


@pytest.fixture
def other(team):
    """A client signed in as another member."""
    return browser_of(make_member(team=team))


def address(board: Collection, action: str = "") -> str:
    return f"/collections/{board.pk}/{action}"


def shown(text: str) -> list[str]:
    return [prompt.rpartition(" ")[2] for prompt in re.findall(r'class="cover"[^>]*>([^<]+)<', text)]


def test_its_cards_are_in_its_order(browser, board, five):
    browser.post(address(board, "move/"), {"generation": five[4].id, "to": "before", "beside": five[0].id})

    page = text_of(browser.get(address(board)))

    assert shown(page) == ["5", "1", "2", "3", "4"]
    assert "5 items" in page


def test_a_long_one_comes_in_pages_that_htmx_adds(browser, team, maker):
    board = gathered(team, maker, clips(team, 30))
    page = text_of(browser.get(address(board)))
    more = re.search(r'hx-get="(/collections/[^"]+)"', page)[1]

    rest = text_of(browser.get(more, headers=HTMX))
    by_hand = text_of(browser.get(more))

    assert len(shown(page)) == 24
    assert shown(rest) == shown(by_hand) == [str(number) for number in range(25, 31)]
    assert "<html" not in rest
    assert "Back to the beginning" in by_hand


def test_the_page_asks_as_much_for_one_as_for_five(browser, team, maker, board):
    one = gathered(team, maker, clips(team, 1))
    # session, user, team, the collection, its items, their files, how many there are, its links, how many in progress
    for each in (one, board):
        with queries(9):
            browser.get(address(each))


def test_an_empty_one_says_how_it_is_filled(browser, team, maker):
    page = text_of(browser.get(address(gathered(team, maker))))

    assert "Nothing in it yet" in page
    assert 'id="collect-bar"' not in page


def test_arrows_move_one_and_lead_back_to_it(browser, board, five):
    later = browser.post(address(board, "move/"), {"generation": five[0].id, "to": "later"})
    by_htmx = browser.post(address(board, "move/"), {"generation": five[0].id, "to": "later"}, headers=HTMX)

    assert later.url == f"{address(board)}#item-{five[0].id}"
    assert (by_htmx.status_code, "item-moved" in by_htmx.headers["HX-Trigger"]) == (204, True)
    assert order_of(board) == ["2", "3", "1", "4", "5"]


def told(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["item-moved"]


def test_the_answer_says_whether_it_moved_and_to_which_place(browser, board, five):
    def move(number: int, to: str, **given) -> tuple[bool, str]:
        asked = {"generation": five[number - 1].id, "to": to, **given}
        event = told(browser.post(address(board, "move/"), asked, headers=HTMX))
        return event["moved"], event["says"]

    assert move(3, "first") == (True, "Moved to place 1.")
    assert move(3, "first") == move(3, "earlier") == (False, "It is the first already.")
    assert move(1, "last") == (True, "Moved to place 5.")
    assert move(1, "last") == move(1, "later") == (False, "It is the last already.")
    assert move(4, "before", beside=five[1].id) == (True, "Moved to place 2.")
    assert move(4, "before", beside=five[1].id) == (False, "It is at place 2 already.")
    assert order_of(board) == ["3", "4", "2", "5", "1"]


def test_a_move_leads_to_the_page_that_shows_it_then(browser, team, maker):
    made = clips(team, 30)
    board = gathered(team, maker, made)
    last = board.items.get(generation=made[23])
    second = f"?after={last.position}.{last.pk}"

    onward = browser.post(address(board, "move/"), {"generation": made[0].id, "to": "last"}).url
    back = browser.post(address(board, "move/"), {"generation": made[29].id, "to": "first", "after": second}).url

    assert onward.startswith(f"{address(board)}?after=")
    assert shown(text_of(browser.get(onward)))[-1] == "1"
    assert back == f"{address(board)}#item-{made[29].id}"


def test_at_the_end_an_arrow_changes_nothing_and_says_so(browser, board, five):
    for _ in range(2):
        response = browser.post(address(board, "move/"), {"generation": five[4].id, "to": "later"}, follow=True)
        assert "It is the last already." in text_of(response)

    assert order_of(board) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "asked", [{}, {"to": "later"}, {"generation": "junk", "to": "later"}, {"to": "before"}, {"to": "up"}]
)
def test_a_move_that_is_none_is_not_found(browser, board, five, asked):
    given = {"generation": str(five[0].id)} | asked if asked != {"to": "later"} else asked

    assert browser.post(address(board, "move/"), given).status_code == 404
    assert order_of(board) == ["1", "2", "3", "4", "5"]


def test_what_is_removed_is_put_back_by_undo(browser, board, five):
    answer = browser.post(address(board, "remove/"), {"generations": f"{five[1].id},{five[2].id}"})
    page = text_of(browser.get(answer.url))
    without = order_of(board)

    response = browser.post(address(board, "remove/"), {"restore": restore_of(page)}, follow=True)

    assert (answer.status_code, answer.url) == (302, address(board))
    assert "2 were removed." in page
    assert shown(page) == without == ["1", "4", "5"]
    assert "2 were put back." in text_of(response)
    assert order_of(board) == ["1", "2", "3", "4", "5"]


def restore_of(page: str) -> str:
    return re.search(r'name="restore" value="([^"]+)"', page)[1]


def test_the_undo_is_offered_once_on_the_page_where_it_was_asked_and_on_no_other_s(browser, team, maker, board, five):
    other = gathered(team, maker, five)
    answer = browser.post(address(board, "remove/"), {"generations": str(five[1].id), "after": "1.1"})

    pages = [text_of(browser.get(url)) for url in (address(other), f"{address(board)}?after=1.1", address(board))]

    assert answer.url == f"{address(board)}?after=1.1"
    assert ["was removed." in page for page in pages] == [False, True, False]


def test_sent_twice_the_undo_is_not_lost(browser, board, five):
    given = {"generations": f"{five[1].id},{five[2].id}"}
    for _ in range(2):
        answer = browser.post(address(board, "remove/"), given)

    page = text_of(browser.get(answer.url))

    assert "2 were removed." in page
    assert restore_of(page).count(":") == 2
    assert "not in the collection any more" not in page


def test_to_htmx_the_answer_is_the_undo_and_how_many_are_left(browser, board, five):
    answer = text_of(browser.post(address(board, "remove/"), {"generations": str(five[1].id)}, headers=HTMX))

    assert "1 was removed." in answer
    assert "4 items" in answer
    assert answer.count("hx-swap-oob") == 2
    assert "<html" not in answer


def test_removed_again_and_undone_again_nothing_happens(browser, board, five):
    given = {"generations": str(five[1].id)}
    page, again = (text_of(browser.post(address(board, "remove/"), given, follow=True)) for _ in range(2))
    restore = {"restore": restore_of(page)}

    statuses = [browser.post(address(board, "remove/"), restore).status_code for _ in range(2)]

    assert "It was not in the collection any more." in again
    assert statuses == [302, 302]
    assert order_of(board) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "restore", ["", "junk", ":", "x:1", f"{'9' * 40}:1", "{id}:", "{id}:x", "{id}:99999999999999999999"]
)
def test_an_undo_of_nothing_puts_nothing_back(browser, board, five, restore):
    browser.post(address(board, "remove/"), {"generations": str(five[1].id)})

    browser.post(address(board, "remove/"), {"restore": restore.replace("{id}", str(five[1].id))})

    assert order_of(board) == ["1", "3", "4", "5"]


def test_a_cover_is_chosen_from_what_is_in_it(browser, team, board, five):
    outside = clips(team, 1)[0]

    chosen = browser.post(address(board, "cover/"), {"generation": five[2].id})
    by_htmx = browser.post(address(board, "cover/"), {"generation": five[3].id}, headers=HTMX)
    refused = browser.post(address(board, "cover/"), {"generation": outside.id}).status_code

    board.refresh_from_db()
    assert chosen.url.endswith(f"#item-{five[2].id}")
    assert (by_htmx.status_code, refused, board.cover_id) == (204, 404, five[3].id)


def test_a_chosen_cover_is_taken_back(browser, board, five):
    browser.post(address(board, "cover/"), {"generation": five[2].id})
    chosen = text_of(browser.get(address(board, "edit/")))

    answers = [browser.post(address(board, "cover/"), {"generation": ""}) for _ in range(2)]

    board.refresh_from_db()
    assert board.cover_id is None
    assert [answer.url for answer in answers] == [address(board)] * 2
    assert 'id="unset-cover"' in chosen
    assert 'id="unset-cover"' not in text_of(browser.get(address(board, "edit/")))


def test_the_pages_of_a_smart_one_say_what_it_leaves_out(browser, team, maker, monkeypatch):
    monkeypatch.setattr(query, "MOST", 1)
    for each in clips(team, 2, prompt="A boat"):
        words.keep(each)
    board = gathered(team, maker, search={"q": "boat"})
    link = sharing.share(board, days=7, by=Actor(user=maker))

    pages = [text_of(browser.get(url)) for url in (address(board), f"/shared/{sharing.token_of(link)}/")]

    assert ["The best 1 of what its search finds." in page for page in pages] == [True, True]


def test_everybody_in_the_team_is_told_that_it_is_public(browser, other, viewer, maker, board, five):
    before = [text_of(client.get(address(board))) for client in (browser, other, viewer)]
    link = sharing.share(board, days=7, by=Actor(user=maker))

    after = [text_of(client.get(address(board))) for client in (browser, other, viewer)]
    choice = text_of(other.post("/collections/add/", {"generations": str(five[0].id)}))

    assert ["Shared by link" in page for page in before] == [False] * 3
    assert ["Shared by link" in page for page in after] == [True] * 3
    assert [sharing.token_of(link) in page for page in after] == [True, False, False]
    assert "Harbour (Shared by link)</option>" in choice


def test_it_is_changed_by_another_member_who_can_not_hide_it(other, board):
    page = text_of(other.get(address(board, "edit/")))

    response = other.post(address(board, "edit/"), {"name": "Renamed", "description": "", "visibility": "private"})

    board.refresh_from_db()
    assert 'name="visibility"' not in page
    assert 'action="' + address(board, "delete/") not in page
    assert (response.url, board.name, board.visibility) == (address(board), "Renamed", "team")


def test_its_maker_makes_it_private_and_then_it_is_not_there_for_others(browser, other, team, board):  # A1
    owner = browser_of(team.memberships.get(role="owner").user)
    browser.post(address(board, "edit/"), {"name": "Mine", "description": "", "visibility": "private"})

    statuses = [
        client.generic(
            method, address(board, action), "x=1", content_type="application/x-www-form-urlencoded"
        ).status_code
        for client in (other, owner)
        for method, action in (
            ("GET", ""),
            ("GET", "edit/"),
            ("GET", "export.zip"),
            ("POST", "edit/"),
            ("POST", "move/"),
            ("POST", "remove/"),
            ("POST", "cover/"),
            ("POST", "delete/"),
            ("POST", "share/"),
        )
    ]

    assert statuses == [404] * 18
    assert browser.get(address(board)).status_code == 200
    assert "Mine" not in text_of(owner.get("/collections/"))


def test_it_is_deleted_once_it_was_asked(browser, board):
    asking = text_of(browser.post(address(board, "delete/")))
    assert Collection.objects.exists()

    done = browser.post(address(board, "delete/"), SURE)
    again = browser.post(address(board, "delete/"), SURE)

    assert "Delete the collection “Harbour”?" in asking
    assert (done.url, again.status_code) == ("/collections/", 404)
    assert Generation.objects.count() == 5


def test_another_member_does_not_delete_it_and_an_admin_does(other, team, board):  # A15
    refused = other.post(address(board, "delete/"), SURE)
    there = Collection.objects.exists()

    browser_of(make_member(team=team, role=Role.ADMIN)).post(address(board, "delete/"), SURE)

    assert (refused.status_code, there) == (403, True)
    assert board.created_by.display_name in text_of(refused)
    assert not Collection.objects.exists()


def test_a_viewer_looks_and_changes_nothing(viewer, board, five):
    page = viewer.get(address(board))
    generation = {"generation": five[0].id, "to": "later", "generations": str(five[0].id), "days": "7", **SURE}

    statuses = [
        viewer.post(address(board, action), generation).status_code
        for action in ("edit/", "move/", "remove/", "cover/", "delete/", "share/")
    ]

    assert (page.status_code, statuses) == (200, [403] * 6)
    assert "item-actions" not in text_of(page)
    assert order_of(board) == ["1", "2", "3", "4", "5"]
    assert not board.share_links.exists()


def test_another_team_s_is_not_there(board, five):  # A1
    stranger = browser_of(make_team().memberships.get().user)

    statuses = [
        stranger.get(address(board)).status_code,
        stranger.get(address(board, "export.zip")).status_code,
        *(
            stranger.post(address(board, action), {"generation": five[0].id, **SURE}).status_code
            for action in ("edit/", "move/", "remove/", "cover/", "delete/", "share/")
        ),
    ]

    assert statuses == [404] * 8
    assert order_of(board) == ["1", "2", "3", "4", "5"]


def test_other_methods_are_refused(browser, board):
    assert browser.post(address(board)).status_code == 405
    assert browser.post(address(board, "export.zip")).status_code == 405
    for action in ("move/", "remove/", "cover/", "delete/", "share/"):
        assert browser.get(address(board, action)).headers["Location"] == address(board)
        assert browser.put(address(board, action)).status_code == 405


def test_a_smart_one_offers_no_order_and_takes_no_hand(browser, team, maker, five):
    smart = gathered(team, maker, search={"show": "completed"})

    page = text_of(browser.get(address(smart)))
    statuses = [
        browser.post(address(smart, action), {"generation": five[0].id, "to": "later", "generations": str(five[0].id)})
        for action in ("move/", "remove/")
    ]

    assert shown(page) == ["5", "4", "3", "2", "1"]
    assert "data-move=" not in page
    assert 'href="/gallery/?show=completed"' in page
    assert 'value="earlier"' not in page
    assert [each.status_code for each in statuses] == [404, 404]


@pytest.mark.usefixtures("media_folder")
def test_it_is_downloaded_by_whoever_sees_it(viewer, team, maker):
    board = gathered(team, maker, clips(team, 2, size=100))

    response = viewer.get(address(board, "export.zip"))

    archive = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert response.headers["Content-Type"] == "application/zip"
    assert len(archive.namelist()) == 4


def test_on_the_page_of_a_clip_is_said_what_it_is_in_and_it_is_taken_out_there(
    browser, other, team, maker, board, five
):
    gathered(team, maker, [five[0]], name="Mine", visibility="private")
    clip = f"/generations/{five[0].id}/"

    page, seen_by_other = text_of(browser.get(clip)), text_of(other.get(clip))
    response = browser.post(
        address(board, "remove/"), {"generations": str(five[0].id), "to": "generation"}, follow=True
    )

    assert page.index("Harbour") < page.index("<bdi>Mine")
    assert ("Harbour" in seen_by_other, "<bdi>Mine" in seen_by_other) == (True, False)
    assert response.redirect_chain[0][0] == clip
    assert "It is not in “Harbour” any more." in text_of(response)
    assert order_of(board) == ["2", "3", "4", "5"]


def test_what_the_team_has_deleted_is_not_shown_even_before_it_has_left(browser, board, five):
    Generation.objects.filter(pk=five[1].pk).update(hidden_at=timezone.now())

    page = text_of(browser.get(address(board)))

    assert shown(page) == ["1", "3", "4", "5"]
    assert "4 items" in page


def test_one_deleted_while_its_form_is_open_is_not_found(browser, board, maker, five):
    keeping.delete(board, by=Actor(user=maker))

    assert browser.post(address(board, "move/"), {"generation": five[0].id, "to": "later"}).status_code == 404
    assert browser.post(address(board, "edit/"), {"name": "x"}).status_code == 404
