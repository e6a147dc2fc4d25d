import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import Actor
from generations.collections import items, sharing
from generations.models import Collection, Generation
from tests.collecting import clips, gathered
from tests.factories import make_team
from tests.pages import browser_of, queries, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

NEW = "/collections/new/"


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


@pytest.mark.usefixtures("media_folder")
def test_the_cover_of_a_smart_one_is_what_it_finds_first(browser, team, maker):
    clips(team, 1, prompt="A boat", size=10)
    first = clips(team, 1, prompt="A kite", size=10)[0]
    gathered(team, maker, name="Found", search={"show": "completed"})

    page = text_of(browser.get("/collections/"))

    assert f"/media/{first.assets.get(kind='poster').id}?" in page
    with queries(8):  # what it finds is known by now
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


@pytest.mark.usefixtures("board")
def test_a_viewer_looks_and_makes_nothing(viewer):
    statuses = [
        viewer.get("/collections/").status_code,
        viewer.get(NEW).status_code,
        viewer.post(NEW, given()).status_code,
    ]

    assert statuses == [200, 403, 403]
    assert Collection.objects.count() == 1


def test_a_stranger_is_led_to_the_sign_in_and_another_team_sees_its_own(board):
    assert Client().get("/collections/").url == "/sign/login/?next=/collections/"
    assert Client().post(NEW, given()).status_code == 302
    assert "Harbour" not in text_of(browser_of(make_team().memberships.get().user).get("/collections/"))
    assert Collection.objects.count() == 1


def test_other_methods_are_refused(browser):
    assert browser.post("/collections/").status_code == 405
    assert browser.put(NEW).status_code == 405


def test_hostile_names_are_text(browser, team, maker, five):  # B1
    name = '<img src=x onerror="alert(1)">'
    board = gathered(team, maker, five, name=name, description=name)

    for page in (
        browser.get("/collections/"),
        browser.get(f"/collections/{board.pk}/"),
        browser.get(f"/collections/{board.pk}/edit/"),
        browser.post("/collections/add/", {"generations": str(five[0].id)}),
        browser.get(f"/generations/{five[0].id}/"),
    ):
        assert "<img src=x" not in text_of(page)
        assert "&lt;img src=x" in text_of(page)
