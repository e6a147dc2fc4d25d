import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import Actor
from generations.collections import items, sharing
from generations.models import Collection, CollectionItem, Generation
from tests.collecting import clips, gathered, order_of
from tests.factories import make_member, make_team
from tests.pages import HTMX, browser_of, queries, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

NEW, ADD = "/collections/new/", "/collections/add/"


def ids(generations) -> str:
    return ",".join(str(each.id) for each in generations)


def given(**changed) -> dict[str, str]:
    return {"name": "Harbour", "description": "", "visibility": "team"} | changed


@pytest.fixture
def five(team):
    return clips(team, 5)


@pytest.fixture
def board(team, maker, five) -> Collection:
    return gathered(team, maker, five[:2])


def test_they_are_listed_with_how_many_are_in_them_and_who_sees_them(browser, team, maker, board, five):
    gathered(team, maker, name="Mine & only", visibility="private")
    gathered(team, maker, name="Found", search={"q": "boat"})
    sharing.share(board, days=1, by=Actor(user=maker))
    Generation.objects.filter(pk=five[0].pk).update(hidden_at=timezone.now())

    page = text_of(browser.get("/collections/"))

    shelves = {
        name: page[page.index(f">{name}<") :].partition("</li>")[0] for name in ("Harbour", "Mine &amp; only", "Found")
    }
    assert "1 item" in shelves["Harbour"]
    assert "Shared by link" in shelves["Harbour"]
    assert "0 items" in shelves["Mine &amp; only"]
    assert "Private" in shelves["Mine &amp; only"]
    assert "Smart" in shelves["Found"]
    assert "item" not in shelves["Found"].replace("items-", "")


@pytest.mark.usefixtures("media_folder")
def test_a_cover_is_the_first_picture_until_one_is_chosen_and_again_when_that_goes(browser, team, maker):
    first, second = clips(team, 2, size=10)
    board = gathered(team, maker, [first, second])

    def cover() -> str:
        page = text_of(browser.get("/collections/"))
        return next(str(each.id) for each in (first, second) if str(each.assets.get(kind="poster").id) in page)

    covers = [cover()]
    items.set_cover(board, second.id, by=maker)
    covers.append(cover())
    Generation.objects.filter(pk=second.pk).update(hidden_at=timezone.now())
    covers.append(cover())

    assert covers == [str(first.id), str(second.id), str(first.id)]


def test_the_list_asks_as_much_for_one_as_for_three(browser, team, maker, board):
    with queries(8):  # session, user, team, how many there are, they, covers, their files, how many are in progress
        browser.get("/collections/")
    for _ in range(2):
        gathered(team, maker, clips(team, 2))

    with queries(8):
        browser.get("/collections/")


def test_the_list_has_pages(browser, team, maker):
    for number in range(25):
        gathered(team, maker, name=f"No. {number}")

    first, second = (text_of(browser.get(f"/collections/?page={page}")) for page in (1, 2))

    assert (first.count('class="frame shelf"'), second.count('class="frame shelf"')) == (24, 1)


def test_where_there_is_none_the_page_says_what_they_are_for(browser, viewer):
    page, looking = text_of(browser.get("/collections/")), text_of(viewer.get("/collections/"))

    assert "No collections yet" in page
    assert page.count(f'href="{NEW}"') == 2
    assert looking.count(f'href="{NEW}"') == 1  # which its style hides


def test_one_is_made_and_opened(browser, team, maker):
    response = browser.post(NEW, given(name=" Blue ", description="a\r\nb", visibility="private"), follow=True)

    made = Collection.objects.get()
    assert (made.team, made.created_by, made.name, made.description) == (team, maker, "Blue", "a\nb")
    assert (made.visibility, made.search) == ("private", None)
    assert response.redirect_chain == [(f"/collections/{made.pk}/", 302)]
    assert "The collection is made." in text_of(response)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "a\u202eb"}, "The name holds a character that cannot be seen. Remove it."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"description": "x" * 501}, "at most 500 characters"),
        ({"visibility": "world"}, "Select a valid choice."),
    ],
)
def test_a_wrong_one_comes_back_with_the_reason(browser, board, wrong, reason):
    for path in (NEW, f"/collections/{board.pk}/edit/"):
        response = browser.post(path, given(name="Kept as typed") | wrong)
        assert (response.status_code, reason in text_of(response)) == (422, True)

    assert [each.name for each in Collection.objects.all()] == ["Harbour"]


def test_a_search_is_kept_as_a_smart_one(browser):
    form = text_of(browser.get(f"{NEW}?smart=1&q=a+boat&show=completed&before=junk"))
    response = browser.post(NEW, given(search="q=a+boat&show=completed"))

    made = Collection.objects.get()
    assert "“a boat”" in form
    assert 'name="search" value="q=a+boat&amp;show=completed"' in form
    assert made.search == {"q": "a boat", "show": "completed"}
    assert "“a boat”" in text_of(browser.get(response.url))


def test_a_search_that_can_not_be_is_refused_in_words(browser):
    response = browser.post(NEW, given(search=f"q={'x' * 100_000}"), follow=True)

    assert response.redirect_chain[0][0] == "/gallery/"
    assert "notice error" in text_of(response)
    assert not Collection.objects.exists()


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
    monkeypatch.setattr(items, "MOST", 3)

    response = browser.post(ADD, {"generations": ids(five[:4]), "collection": str(board.pk)})

    assert (response.status_code, "A collection holds at most 3." in text_of(response)) == (422, True)
    assert board.items.count() == 2


def test_a_viewer_looks_and_makes_nothing(viewer, board, five):
    statuses = [
        viewer.get("/collections/").status_code,
        viewer.get(NEW).status_code,
        viewer.post(NEW, given()).status_code,
        viewer.post(ADD, {"generations": ids(five), "collection": str(board.pk)}).status_code,
    ]

    assert statuses == [200, 403, 403, 403]
    assert (Collection.objects.count(), CollectionItem.objects.count()) == (1, 2)


def test_a_stranger_is_led_to_the_sign_in_and_another_team_sees_its_own(board):
    assert Client().get("/collections/").url == "/sign/login/?next=/collections/"
    assert Client().post(NEW, given()).status_code == 302
    assert "Harbour" not in text_of(browser_of(make_team().memberships.get().user).get("/collections/"))
    assert Collection.objects.count() == 1


def test_other_methods_are_refused(browser):
    assert browser.post("/collections/").status_code == 405
    assert browser.put(NEW).status_code == 405
    assert browser.get(ADD).headers["Location"] == "/collections/"


def test_hostile_names_are_text(browser, team, maker, five):  # B1
    name = '<img src=x onerror="alert(1)">'
    board = gathered(team, maker, five, name=name, description=name)

    for page in (
        browser.get("/collections/"),
        browser.get(f"/collections/{board.pk}/"),
        browser.get(f"/collections/{board.pk}/edit/"),
        browser.post(ADD, {"generations": ids(five)}),
        browser.get(f"/generations/{five[0].id}/"),
    ):
        assert "<img src=x" not in text_of(page)
        assert "&lt;img src=x" in text_of(page)
