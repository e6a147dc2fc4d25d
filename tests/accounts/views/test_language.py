import pytest
from django.conf import settings
from django.test import Client

from tests.factories import make_team, make_user

URL = "/i18n/setlang/"
COOKIE = settings.LANGUAGE_COOKIE_NAME


def test_switching_lasts_and_leads_back(db):
    browser = Client()

    response = browser.post(URL, {"language": "zh-hans", "next": "/sign/login/"}, follow=True)

    assert response.redirect_chain == [("/sign/login/", 302)]
    assert '<html lang="zh-hans"' in response.content.decode()


def test_switching_is_remembered_for_the_user(sign_in):
    user = make_user(language="en")

    sign_in(user).post(URL, {"language": "zh-hans", "next": "/"})

    user.refresh_from_db()
    assert user.language == "zh-hans"


@pytest.mark.parametrize("language", ["", "fr", "xx", "zh-hans\x00", "en'--"])
def test_a_language_that_is_not_offered_is_not_remembered(sign_in, language):
    user = make_user(language="en")

    sign_in(user).post(URL, {"language": language, "next": "/"})

    user.refresh_from_db()
    assert user.language == "en"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_leads_nowhere_else(db, address):
    response = Client().post(URL, {"language": "en", "next": address})

    assert (response.status_code, response.url) == (302, "/")


def test_a_link_does_not_switch(sign_in):
    user = make_user(language="en")

    response = sign_in(user).get(URL, {"language": "zh-hans"})

    user.refresh_from_db()
    assert (response.status_code, response.url, user.language) == (302, "/", "en")


def test_signing_in_brings_the_users_language_to_a_browser_that_spoke_another(db):
    user = make_user(language="zh-hans", password="a long pass phrase")
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    make_team(owner=user)
    browser = Client()
    browser.cookies[COOKIE] = "en"

    browser.post("/sign/login/", {"login": user.email, "password": "a long pass phrase"})

    assert browser.cookies[COOKIE].value == "zh-hans"
    assert '<html lang="zh-hans"' in browser.get("/account/").content.decode()


def test_a_page_for_nobody_asks_the_database_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().get("/sign/login/", headers={"Accept-Language": "zh-CN"})
