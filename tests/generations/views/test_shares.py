import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts import members
from accounts.actors import Actor
from accounts.models import Role
from generations.collections import items, sharing, smart
from generations.models import Collection, Generation, ShareLink
from tests.api import completed_images
from tests.collecting import clips, gathered, output_of
from tests.factories import make_member
from tests.pages import SURE, browser_of, queries, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

pytestmark = pytest.mark.usefixtures("media_folder")
ANYONE = Client
LINKS = "/collections/links/"


@pytest.fixture
def three(team):
    return clips(team, 3, prompt="Secret words", size=1000)


@pytest.fixture
def board(team, maker, three) -> Collection:
    return gathered(team, maker, three, description="Blue hour")


@pytest.fixture
def link(board, maker) -> ShareLink:
    return sharing.share(board, days=7, by=Actor(user=maker))


def address(board: Collection, action: str = "") -> str:
    return f"/collections/{board.pk}/{action}"


def opened(link: ShareLink) -> str:
    return f"/shared/{sharing.token_of(link)}/"


def file_of(link: ShareLink, asset) -> str:
    return sharing.media_path(sharing.token_of(link), link, asset)


def test_a_link_is_made_shown_and_opens_without_an_account(browser, board):
    page = text_of(browser.post(address(board, "share/"), {"days": "30"}, follow=True))
    url = re.search(r"http://[^<]+/shared/[0-9a-f]{72}/", page)[0]

    seen = ANYONE().get(url.partition("8000")[2] or url[url.index("/shared/") :])

    assert "The link is made." in page
    assert "Not opened yet" in page
    assert seen.status_code == 200
    assert "Last opened" in text_of(browser.get(address(board)))


@pytest.mark.parametrize("days", ["", "2", "x", "-1"])
def test_another_term_than_is_offered_is_refused(browser, board, days):
    assert browser.post(address(board, "share/"), {"days": days}).status_code == 422
    assert not ShareLink.objects.exists()


def test_the_public_page_shows_the_collection_and_nothing_else_of_the_team(link, team, maker, three):  # A3
    page = text_of(ANYONE().get(opened(link)))

    assert "Harbour" in page
    assert "Blue hour" in page
    assert page.count("<video") == 3
    for secret in (
        "Secret words",
        team.name,
        maker.email,
        maker.display_name,
        str(team.pk),
        "sign/",
        "csrf",
        "gallery",
    ):
        assert secret not in page
    assert not re.search(r"<script|/media/[0-9a-f-]{36}\?expires", page)


def test_it_is_kept_by_nobody_and_found_by_no_search_engine(link, three):  # B8
    client = ANYONE()

    for path in (opened(link), file_of(link, output_of(three[0])), "/shared/junk/"):
        answer = client.get(path)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "private" in answer.headers["Cache-Control"]
        assert not answer.cookies
    assert client.get(opened(link)).headers["Cache-Control"] == "private, no-store"


def test_its_files_come_as_files_do(link, three):  # M8
    asset = output_of(three[0])
    whole = ANYONE().get(file_of(link, asset))
    part = ANYONE().get(file_of(link, asset), headers={"Range": "bytes=0-3"})

    assert (whole.status_code, len(b"".join(whole)), whole.headers["Content-Type"]) == (200, 1000, "video/mp4")
    assert (part.status_code, len(b"".join(part))) == (206, 4)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-cache" in whole.headers["Cache-Control"]


@pytest.mark.parametrize(
    "end",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now()},
    ],
)
def test_an_expired_or_revoked_one_and_its_files_are_not_there(link, three, end):  # A19
    path = file_of(link, output_of(three[0]))
    before = [ANYONE().get(each).status_code for each in (opened(link), path)]

    ShareLink.objects.update(**end)

    after = [ANYONE().get(each) for each in (opened(link), path)]
    assert before == [200, 200]
    assert [each.status_code for each in after] == [404, 404]
    assert "Harbour" not in text_of(after[0])
    assert text_of(after[0]) == text_of(ANYONE().get("/shared/junk/"))


def test_files_of_what_is_not_in_it_are_not_there(link, team, maker, three, other_team):  # A2
    outside, theirs = clips(team, 1, size=10)[0], clips(other_team, 1, size=10)[0]
    items.remove(link.collection, [three[2].id], by=maker)
    Generation.objects.filter(pk=three[1].pk).update(hidden_at=timezone.now())

    statuses = [
        ANYONE().get(file_of(link, output_of(each))).status_code
        for each in (three[0], three[1], three[2], outside, theirs)
    ]

    assert statuses == [200, 404, 404, 404, 404]


def test_what_is_not_finished_is_not_shown(link, three):
    Generation.objects.filter(pk=three[0].pk).update(state="running", ended_at=None)

    assert text_of(ANYONE().get(opened(link))).count("<video") == 2


def test_a_large_one_comes_in_pages(team, maker):
    link = sharing.share(gathered(team, maker, clips(team, 30, size=10)), days=1, by=Actor(user=maker))
    page = text_of(ANYONE().get(opened(link)))
    more = re.search(r'href="(\?after=[^"]+)" rel="next"', page)[1]

    rest = text_of(ANYONE().get(f"{opened(link)}{more}"))

    assert (page.count("<video"), rest.count("<video")) == (24, 6)
    assert 'rel="next"' not in rest


def test_a_page_asks_no_more_for_many_than_for_one(link, team, maker):
    with queries(3):  # the link with its collection and team, its items, their files
        ANYONE().head(opened(link))
    items.add(link.collection, [each.id for each in clips(team, 9, size=10)], by=maker)

    with queries(3):
        ANYONE().head(opened(link))


def test_a_smart_one_shows_what_it_finds_at_the_moment(team, maker, three, monkeypatch):
    monkeypatch.setattr(smart, "PUBLIC_SECONDS", 0)
    link = sharing.share(gathered(team, maker, search={"show": "completed"}), days=1, by=Actor(user=maker))
    clips(team, 1, state="failed", failure_code="TIMEOUT")

    page = text_of(ANYONE().get(opened(link)))
    clips(team, 1, size=10)

    paths = re.findall(r'<video src="([^"]+)"', page)
    assert [ANYONE().get(path.replace("&amp;", "&")).status_code for path in paths] == [200] * 3
    assert ANYONE().get(paths[0].partition("?")[0]).status_code == 404
    assert text_of(ANYONE().get(opened(link))).count("<video") == 4


def test_each_image_of_a_set_is_shown(team, maker):
    link = sharing.share(gathered(team, maker, [completed_images(team, 3)]), days=1, by=Actor(user=maker))

    page = text_of(ANYONE().get(opened(link)))

    assert page.count("<img") == 3
    assert [ANYONE().get(path).status_code for path in re.findall(r'(?:src|href)="(/shared/[^"]+)"', page)] == [200] * 6


def test_it_is_in_the_reader_s_language(link):
    page = ANYONE().get("/shared/junk/", headers={"Accept-Language": "zh-CN"})

    assert 'lang="zh-hans"' in text_of(page)


def test_whoever_is_signed_in_is_told_no_more(browser, link):
    with queries(4):  # as anyone, and when it was opened: no session, no user
        page = text_of(browser.get(opened(link)))

    assert "Secret words" not in page


def test_a_link_is_revoked_once_it_was_asked(browser, board, link):
    path = address(board, f"shares/{link.pk}/revoke/")
    asking = text_of(browser.post(path))
    before = ANYONE().get(opened(link)).status_code

    for _ in range(2):
        assert browser.post(path, SURE).url == address(board)

    assert "Revoke this link?" in asking
    assert (before, ANYONE().get(opened(link)).status_code) == (200, 404)
    assert str(link.pk) not in text_of(browser.get(address(board)))


def test_who_may_share_sees_the_links_and_the_others_do_not(team, board, link, viewer):  # A8
    member, admin = (browser_of(make_member(team=team, role=role)) for role in (Role.MEMBER, Role.ADMIN))
    token = sharing.token_of(link)

    assert [token in text_of(each.get(address(board))) for each in (viewer, member, admin)] == [False, False, True]


def test_one_that_opens_nothing_is_told_from_the_others(team, browser, board, link):  # A19
    admin = make_member(team=team, role=Role.ADMIN)
    dead = sharing.share(board, days=7, by=Actor(user=admin))
    members.remove(team, admin.pk, by=Actor(user=team.memberships.get(role="owner").user))

    page = text_of(browser.get(address(board)))
    ShareLink.objects.filter(pk=link.pk).delete()
    shelf, alone = text_of(browser.get("/collections/")), text_of(browser.get(address(board)))

    assert f"Opens nothing: <bdi>{admin.display_name}</bdi> may share no more" in page
    assert [sharing.token_of(each) in page for each in (link, dead)] == [True, False]
    assert "Shared by link" not in shelf + alone


@pytest.fixture
def admin(team):
    return browser_of(make_member(team=team, role=Role.ADMIN))


def test_admins_find_all_links_of_the_team_without_what_is_private(team, maker, board, link, admin, other_team):  # A8
    own = sharing.share(gathered(team, maker, name="Secret", visibility="private"), days=7, by=Actor(user=maker))
    theirs = gathered(other_team, other_team.memberships.get().user)
    sharing.share(theirs, days=7, by=Actor(user=theirs.created_by))

    page = text_of(admin.get(LINKS))

    assert page.count('<li class="stack tight"') == 2
    assert "Harbour" in page
    assert f"A private collection of <bdi>{maker.display_name}</bdi>" in page
    for secret in ("Secret", str(own.collection_id), sharing.token_of(own), str(theirs.pk)):
        assert secret not in page
    assert LINKS in text_of(admin.get("/collections/"))


def test_they_revoke_any_of_them_once_they_were_asked(team, maker, admin):  # A8
    own = sharing.share(gathered(team, maker, visibility="private"), days=7, by=Actor(user=maker))
    path = f"{LINKS}{own.pk}/revoke/"
    asking = text_of(admin.post(path))
    before = ANYONE().get(opened(own)).status_code

    for _ in range(2):
        assert admin.post(path, SURE).url == LINKS

    assert "Revoke this link?" in asking
    assert (before, ANYONE().get(opened(own)).status_code) == (200, 404)
    assert "No links" in text_of(admin.get(LINKS))


def test_nobody_else_sees_that_list_or_revokes_by_it(browser, viewer, link, other_team):  # A2, A15
    stranger = browser_of(make_member(team=other_team, role=Role.ADMIN))
    path = f"{LINKS}{link.pk}/revoke/"

    statuses = [
        [each.get(LINKS).status_code, each.post(path, SURE).status_code] for each in (browser, viewer, stranger)
    ]

    assert statuses == [[403, 403], [403, 403], [200, 404]]
    assert ANYONE().get(opened(link)).status_code == 200


def test_another_member_makes_and_revokes_none(team, board, link):  # A15
    member = browser_of(make_member(team=team))

    statuses = [
        member.post(address(board, "share/"), {"days": "7"}).status_code,
        member.post(address(board, f"shares/{link.pk}/revoke/"), SURE).status_code,
    ]

    assert statuses == [403, 403]
    assert ANYONE().get(opened(link)).status_code == 200
    assert ShareLink.objects.count() == 1


def test_a_link_of_another_collection_is_not_revoked_under_this_one(browser, team, maker, link):  # A2
    other = gathered(team, maker)

    assert browser.post(address(other, f"shares/{link.pk}/revoke/"), SURE).status_code == 404
    assert ANYONE().get(opened(link)).status_code == 200


def test_only_so_many_at_a_time(browser, board, monkeypatch):
    monkeypatch.setattr(sharing, "MOST", 1)
    browser.post(address(board, "share/"), {"days": "7"})

    response = browser.post(address(board, "share/"), {"days": "7"})

    assert (response.status_code, ShareLink.objects.count()) == (422, 1)
    assert "A collection has at most 1 links at a time." in text_of(response)


def test_other_methods_are_refused(browser, board, link):
    assert ANYONE().post(opened(link)).status_code == 405
    assert ANYONE().post(f"{opened(link)}media/{link.pk}").status_code == 405
    assert browser.get(address(board, "share/")).headers["Location"] == address(board)
    assert browser.get(address(board, f"shares/{link.pk}/revoke/")).headers["Location"] == address(board)
