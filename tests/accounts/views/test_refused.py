"""Who is refused is told why, and who could help."""

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.factories import make_member, make_user
from tests.pages import text_of


@pytest.mark.parametrize(
    ("path", "role", "told"),
    [
        ("/create/", Role.VIEWER, "Your role in Lumière is Viewer. It takes a member; ask Olga, Ann."),
        ("/keys/", Role.MEMBER, "Your role in Lumière is Member. Admins and owners may do this: Olga, Ann."),
        ("/team/close/", Role.ADMIN, "Your role in Lumière is Admin. Owners may do this: Olga."),
    ],
)
def test_a_role_that_may_not_is_told_who_may(team, owner, sign_in, path, role, told):
    User.objects.filter(pk=owner.pk).update(name="Olga")
    make_member(team=team, user=make_user(name="Ann"), role=Role.ADMIN)
    refused = sign_in(make_member(team=team, user=make_user(name="Zed"), role=role)).get(path)

    assert refused.status_code == 403
    assert told.removesuffix(".") in text_of(refused)


def test_a_page_that_is_too_old_says_so(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    refused = browser.post("/team/leave/")

    assert refused.status_code == 403
    assert "reload the page and try again" in text_of(refused)


def test_a_wrong_method_is_answered_by_a_page(owner, sign_in):
    answer = sign_in(owner).delete("/team/")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert "<h1>" in text_of(answer)
