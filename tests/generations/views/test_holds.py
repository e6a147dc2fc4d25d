from uuid import uuid4

from django.test import Client

from generations import lifecycle
from tests.api import asked, failed


def address(generation) -> str:
    return f"/holds/{generation.hold_id}/"


def test_a_hold_leads_to_its_generation(browser, team):
    generation = asked(team)

    response = browser.get(address(generation))

    assert (response.status_code, response.url) == (302, f"/generations/{generation.id}/")


def test_a_viewer_may_follow_it(viewer, team):
    assert viewer.get(address(asked(team))).status_code == 302


def test_another_teams_hold_is_not_found(browser, other_team):  # A1
    assert browser.get(address(asked(other_team))).status_code == 404


def test_a_hold_of_nothing_is_not_found(browser):
    assert browser.get(f"/holds/{uuid4()}/").status_code == 404


def test_a_deleted_generation_is_not_found(browser, team):
    generation = failed(team)
    lifecycle.hide(generation)

    assert browser.get(address(generation)).status_code == 404


def test_posting_is_refused(browser, team):
    assert browser.post(address(asked(team))).status_code == 405


def test_signed_out_it_leads_to_the_sign_in_page(team):
    url = address(asked(team))

    assert Client().get(url).url == f"/sign/login/?next={url}"
