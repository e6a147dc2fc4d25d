import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Role, Team
from tests.factories import make_member, make_team, make_user
from tests.signing_in import make_person, recovery_codes_of, signed_in, with_app, with_passkey

URL = "/account/"


@pytest.fixture
def user(db):
    user = make_user(name="Ada")
    make_team(owner=user)
    return user


def test_it_shows_who_is_signed_in(user, sign_in):
    page = sign_in(user).get(URL).content.decode()

    assert user.email in page
    assert 'value="Ada"' in page


def test_it_tells_the_team_where_one_is_open(user, sign_in):
    browser = sign_in(user)

    opened = browser.get(URL).content.decode()
    Team.objects.update(requires_two_factor=True)
    shut = browser.get(URL).content.decode()

    assert [page.count("<dt>Team</dt>") for page in (opened, shut)] == [1, 0]


def test_saving_keeps_name_and_language_and_speaks_it_at_once(user, sign_in):
    browser = sign_in(user)

    response = browser.post(URL, {"name": "Ada L.", "language": "zh-hans"}, follow=True)

    user.refresh_from_db()
    assert (user.name, user.language) == ("Ada L.", "zh-hans")
    assert response.redirect_chain == [(URL, 302)]
    assert '<html lang="zh-hans"' in response.content.decode()


def test_saving_again_changes_nothing(user, sign_in):
    browser = sign_in(user)
    wanted = {"name": "Ada L.", "language": "en"}

    answers = [browser.post(URL, wanted), browser.post(URL, wanted)]

    user.refresh_from_db()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert (user.name, user.language) == ("Ada L.", "en")


def test_no_language_follows_the_browser_again(user, sign_in):
    browser = sign_in(user)
    browser.post(URL, {"name": "Ada", "language": "zh-hans"})

    browser.post(URL, {"name": "Ada", "language": ""})

    page = browser.get(URL, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="en"' in page


def test_a_language_chosen_before_sign_in_survives_saving_the_name(user, sign_in):
    browser = sign_in(user)
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"

    page = browser.post(URL, {"name": "Ada L.", "language": ""}, follow=True).content.decode()

    assert '<html lang="zh-hans"' in page


@pytest.mark.parametrize("wanted", [{"name": "x" * 151}, {"name": "a\x00b"}, {"name": "Eve", "language": "xx"}])
def test_what_will_not_do_is_said_and_nothing_changes(user, sign_in, wanted):
    response = sign_in(user).post(URL, wanted)

    user.refresh_from_db()
    assert (response.status_code, user.name, user.language) == (422, "Ada", "")
    assert response.context["form"].errors


def test_only_name_and_language_can_be_set(user, sign_in):
    email = user.email

    sign_in(user).post(URL, {"name": "Ada", "language": "", "email": "eve@example.com", "is_staff": "on"})

    user.refresh_from_db()
    assert (user.email, user.is_staff) == (email, False)


def test_a_viewer_has_an_account_too(user, sign_in):
    viewer = make_member(team=make_team(), role=Role.VIEWER)

    response = sign_in(viewer).post(URL, {"name": "Vi", "language": ""})

    viewer.refresh_from_db()
    assert (response.status_code, viewer.name) == (302, "Vi")


def test_signed_out_it_leads_to_the_sign_in_page(db):
    response = Client().post(URL, {"name": "x"})

    assert (response.status_code, response.url) == (302, "/sign/login/?next=/account/")


def test_deleting_is_refused(user, sign_in):
    response = sign_in(user).delete(URL)

    assert response.status_code == 405


def test_a_hostile_name_is_text_and_nothing_else(user, sign_in):  # B1
    browser = sign_in(user)
    browser.post(URL, {"name": '"><script>alert(1)</script>', "language": ""})

    page = browser.get(URL).content.decode()

    assert "<script>alert(1)" not in page
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_its_queries(user, sign_in, django_assert_num_queries):
    browser = sign_in(user)

    with django_assert_num_queries(5):  # session, user, second factors, membership with team and balance, in progress
        browser.get(URL)


def test_the_language_cookie_is_kept_from_scripts(user, sign_in):
    response = sign_in(user).post(URL, {"name": "Ada", "language": "en"})

    assert response.cookies[settings.LANGUAGE_COOKIE_NAME]["httponly"]


def test_it_says_that_there_is_no_second_factor(user, sign_in):
    response = sign_in(user).get(URL)

    assert not response.context["two_factor"].is_on
    assert 'href="/sign/two-factor/"' in response.content.decode()


@pytest.mark.usefixtures("quick_passwords", "fresh_counts")
def test_it_says_which_second_factors_there_are_and_how_many_codes_are_left(db):
    person = make_person()
    browser = signed_in(person)
    with_app(browser)
    with_passkey(browser)

    response = browser.get(URL)

    two_factor, page = response.context["two_factor"], response.content.decode()
    assert (two_factor.app, two_factor.passkeys, two_factor.recovery_codes) == (True, 1, 10)
    assert "1 passkey" in page
    assert "10 recovery codes" in page
    assert not any(code in page for code in recovery_codes_of(person))


def test_it_is_open_to_someone_whose_team_waits_for_their_second_factor(user, sign_in):
    user.teams.update(requires_two_factor=True)

    assert sign_in(user).get(URL).status_code == 200
