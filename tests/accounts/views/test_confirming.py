"""What cannot be taken back is asked before, by a page too: a browser without JavaScript has no dialog."""

import pytest

from accounts.models import ApiKey, Role, User
from tests.factories import make_key, make_member
from tests.pages import SURE, text_of
from tests.team_pages import role_of, state, url


def paths(team):
    key, _secret = make_key(team=team)
    member = make_member(team=team)
    return {
        "leave": (url("team_leave"), "/team/"),
        "remove": (url("member_remove", member.pk), url("member", member.pk)),
        "transfer": (url("team_transfer", member.pk), url("member", member.pk)),
        "revoke": (url("key_revoke", key.pk), url("key", key.pk)),
        "end old": (url("key_end_old", key.pk), url("key", key.pk)),
        "end others": (url("sessions_end_others"), url("sessions")),
    }


@pytest.mark.parametrize("name", ["leave", "remove", "transfer", "revoke", "end old", "end others"])
def test_a_form_that_was_not_confirmed_is_answered_by_the_question(team, owner, sign_in, name):
    make_member(team=team, role=Role.OWNER)
    path, parent = paths(team)[name]
    before = state(team), list(ApiKey.objects.values())

    page = text_of(sign_in(owner).post(path, {"page_team": str(team.pk)}))

    assert f'action="{path}"' in page
    assert 'name="confirmed" value="1"' in page
    assert f'name="page_team" value="{team.pk}"' in page
    assert f'href="{parent}"' in page
    assert (state(team), list(ApiKey.objects.values())) == before


def test_the_question_sends_the_same_form_again(team, owner, sign_in):
    member = make_member(team=team)

    page = text_of(sign_in(owner).post(url("member_role", member.pk), {"role": "owner"}))

    assert 'name="role" value="owner"' in page
    assert role_of(team, member) == "member"


def test_what_is_sent_stays_text(team, owner, sign_in):
    member = make_member(team=team)

    page = text_of(sign_in(owner).post(url("member_remove", member.pk), {"page_team": "", "x": '"><script>'}))

    assert '<script>"' not in page
    assert "&quot;&gt;&lt;script&gt;" in page


def test_a_new_owner_is_told_of(team, owner, sign_in):
    member = make_member(team=team)
    User.objects.filter(pk=member.pk).update(name="Ann Lee")

    page = text_of(sign_in(owner).post(url("member_role", member.pk), {"role": "owner", **SURE}, follow=True))

    assert "Ann Lee is an owner now." in page
    assert role_of(team, member) == "owner"


def test_who_lowers_their_own_role_is_asked(team, sign_in):
    admin = make_member(team=team, role=Role.ADMIN)

    page = text_of(sign_in(admin).post(url("member_role", admin.pk), {"role": "member"}))

    assert "Change your own role to Member?" in page
    assert role_of(team, admin) == "admin"


@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER])
def test_ownership_is_offered_to_who_can_take_it(team, owner, sign_in, role):
    candidate, gone = make_member(team=team, role=role), make_member(team=team)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    browser = sign_in(owner)

    offered = [
        url("team_transfer", each.pk) in text_of(browser.get(url("member", each.pk))) for each in (candidate, gone)
    ]

    assert offered == [role != Role.OWNER, False]
