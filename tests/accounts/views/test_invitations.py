import re
import socket
from contextlib import suppress
from datetime import timedelta
from threading import Thread

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from uuid_utils.compat import uuid7

from accounts import invitations, teams
from accounts.access import TEAM_SESSION_KEY
from accounts.actors import Actor
from accounts.models import Invitation, Membership, Role, Team, User
from tests.factories import make_member, make_team, make_user
from tests.pages import browser_of, text_of
from tests.races import race
from tests.team_pages import actions, assert_only_post, assert_refused, role_of, state, url

INVITE = "/team/invite/"
DENIED = {"viewer": 403, "member": 403, "nobody": "sign-in"}


@pytest.fixture
def post(django_capture_on_commit_callbacks):
    """Posts, and sends the mails that wait for the commit."""

    def post(browser, path, data=None, **named):
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(path, data or {}, **named)

    return post


@pytest.fixture
def invite(team, owner, django_capture_on_commit_callbacks):
    """Invites, and returns the path of the link that was mailed."""

    def invite(email="bob@example.com", role=Role.MEMBER):
        with django_capture_on_commit_callbacks(execute=True):
            invitations.invite(team, email, role, by=Actor(user=owner))
        return path_in(mail.outbox[-1])

    return invite


def path_in(letter):
    return re.search(r"(/invitations/[\w-]+/)", letter.body)[1]


def confirmed(email="bob@example.com", **named):
    user = make_user(email=email, **named)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def waiting(team):
    return sorted(team.invitations.waiting().values_list("email", "role"))


# Inviting


def test_several_are_invited_at_once(team, sign_in, post):
    browser = sign_in(make_member(team=team, role=Role.ADMIN))
    lines = "Ann@example.com\r\n\r\nBob Lee <bob@example.com>, ann@example.com;eve@example.com"

    response = post(browser, INVITE, {"addresses": lines, "role": "viewer"}, follow=True)

    assert response.redirect_chain == [("/team/", 302)]
    assert "3 invitations were sent." in text_of(response)
    assert waiting(team) == [(f"{name}@example.com", "viewer") for name in ("ann", "bob", "eve")]
    assert sorted(letter.to[0] for letter in mail.outbox) == [f"{name}@example.com" for name in ("ann", "bob", "eve")]


def test_each_address_is_answered_for_and_those_not_sent_stay_in_the_form(team, owner, sign_in, post):
    lines = f"nobody\n{owner.email}\nann@example.com\n{'a' * 250}@example.com\n<b>@x"

    response = post(sign_in(owner), INVITE, {"addresses": lines, "role": "member"})

    page = text_of(response)
    assert response.status_code == 422
    assert re.search(r"nobody</bdi></strong>\s*<p>This is not an e-mail address.</p>", page)
    assert re.search(rf"{owner.email}</bdi></strong>\s*<p>They are in the team already.</p>", page)
    assert re.search(r"ann@example.com</bdi></strong>\s*<p>\s*The invitation was sent.\s*</p>", page)
    assert re.search(r"&lt;b&gt;@x</bdi></strong>\s*<p>This is not an e-mail address.</p>", page)
    left = re.search(r"<textarea.*?>\s*(.*?)</textarea>", page, re.S)[1].splitlines()
    assert left == ["nobody", f"{'a' * 250}@example.com", "&lt;b&gt;@x"]
    assert waiting(team) == [("ann@example.com", "member")]


def test_more_mails_than_an_hour_has_are_named_with_the_next_time(team, owner, sign_in, post):
    Team.objects.update(time_zone="Asia/Shanghai")
    lines = "\n".join(f"m{number:02}@example.com" for number in range(invitations.MAILS_AN_HOUR + 2))

    page = text_of(post(sign_in(owner), INVITE, {"addresses": f"nobody\n{lines}", "role": "member"}))

    assert page.count("The invitation was sent.") == 20
    assert page.count("A team, and each person, sends at most 20 mails an hour. The next can go at") == 1
    assert "2 addresses have to wait" in page
    assert "They are still in the form below: send it again then." in page
    assert "(Asia/Shanghai)" in page
    left = re.search(r"<textarea.*?>\s*(.*?)</textarea>", page, re.S)[1].splitlines()
    assert left == ["nobody", "m20@example.com", "m21@example.com"]
    assert [page.count(address) for address in left[1:]] == [1, 1]


def test_how_many_mails_an_hour_has_is_said_before(team, owner, sign_in):
    assert "At most 20 mails an hour" in text_of(sign_in(owner).get(INVITE))


def test_more_than_may_wait_are_refused(team, owner, sign_in, post):
    for number in range(invitations.MAX_WAITING):
        at = timezone.now()
        Invitation.objects.create(
            team=team, email=f"w{number}@example.com", role="member", digest=f"{number}", expires_at=at
        )

    page = text_of(post(sign_in(owner), INVITE, {"addresses": "late@example.com", "role": "member"}))

    assert "50 invitations wait already. Revoke one first." in page


def test_a_mail_that_cannot_be_sent_is_told_and_the_invitation_waits(transactional_db, sign_in, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    team = make_team()
    browser = sign_in(team.memberships.get().user)

    page = text_of(browser.post(INVITE, {"addresses": "ann@example.com", "role": "member"}))
    again = text_of(browser.post(url("invitation_send_again", team.invitations.get().pk), follow=True))

    assert "The mail could not be sent. The invitation waits: send it again later." in page
    assert "ann@example.com: The mail could not be sent." in again
    assert not re.search(r"<textarea[^>]*>\s*ann@example.com", page)
    assert waiting(team) == [("ann@example.com", "member")]


@pytest.mark.parametrize(
    "form",
    [
        {"addresses": ""},
        {"addresses": " ,; \n"},
        {"addresses": "\n".join(f"m{number}@example.com" for number in range(51))},
        {"role": ""},
        {"role": "emperor"},
    ],
)
def test_a_form_that_will_not_do_invites_nobody(team, owner, sign_in, post, form):
    response = post(sign_in(owner), INVITE, {"addresses": "ann@example.com", "role": "member"} | form)

    assert response.status_code == 422
    assert 'class="errorlist"' in text_of(response)
    assert waiting(team) == []


def test_an_admin_invites_no_owner(team, sign_in, post):  # A15
    browser = sign_in(make_member(team=team, role=Role.ADMIN))

    page = text_of(browser.get(INVITE))
    response = post(browser, INVITE, {"addresses": "ann@example.com", "role": "owner"})

    assert 'value="admin"' in page
    assert 'value="owner"' not in page
    assert response.status_code == 403
    assert waiting(team) == []


def test_an_admin_does_not_replace_the_invitation_of_an_owner(team, invite, sign_in, post):
    invite("boss@example.com", Role.OWNER)
    browser = sign_in(make_member(team=team, role=Role.ADMIN))

    page = text_of(post(browser, INVITE, {"addresses": "boss@example.com", "role": "member"}))

    assert "only owners can replace it" in page
    assert waiting(team) == [("boss@example.com", "owner")]


# Those that wait


def test_waiting_invitations_are_listed_for_admins(team, owner, invite, sign_in):
    invite("ann@example.com")
    invite("late@example.com")
    Invitation.objects.filter(email="late@example.com").update(expires_at=timezone.now())
    viewer = make_member(team=team, role=Role.VIEWER)

    page, others = text_of(sign_in(owner).get("/team/")), text_of(sign_in(viewer).get("/team/"))

    assert page.index("late@example.com") < page.index("ann@example.com")
    assert page.count(">Expired<") == 1
    assert f"by <bdi>{owner.display_name}</bdi>" in page
    assert "ann@example.com" not in others


def test_an_admin_may_not_touch_the_invitation_of_an_owner(team, invite, sign_in):
    invite("boss@example.com", Role.OWNER)
    invitation = Invitation.objects.get()
    browser = sign_in(make_member(team=team, role=Role.ADMIN))
    before = state(team)

    page = text_of(browser.get("/team/"))
    statuses = [browser.post(url(f"invitation_{act}", invitation.pk)).status_code for act in ("send_again", "revoke")]

    assert "boss@example.com" in page
    assert str(invitation.pk) not in re.sub(r'id="invitation-[\w-]+"', "", page)
    assert statuses == [403, 403]
    assert state(team) == before


def test_one_is_sent_again_with_a_new_link(team, owner, invite, sign_in, post):
    old = invite()
    invitation = Invitation.objects.get()

    page = text_of(post(sign_in(owner), url("invitation_send_again", invitation.pk), follow=True))

    new = path_in(mail.outbox[-1])
    assert "A new link was sent to bob@example.com." in page
    assert [Client().get(path).status_code for path in (old, new)] == [404, 200]


def test_what_cannot_be_sent_again_is_told(team, owner, invite, sign_in, post):
    invite()
    invitation = Invitation.objects.get()
    invitations.revoke(invitation, by=Actor(user=owner))

    page = text_of(post(sign_in(owner), url("invitation_send_again", invitation.pk), follow=True))

    assert "bob@example.com: This invitation is over: it was accepted or revoked." in page
    assert len(mail.outbox) == 1


def test_one_is_revoked_once(team, owner, invite, sign_in):
    link = invite()
    browser, path = sign_in(owner), url("invitation_revoke", Invitation.objects.get().pk)

    pages = [text_of(browser.post(path, follow=True)) for _ in range(2)]

    assert "The invitation of bob@example.com was revoked." in pages[0]
    assert waiting(team) == []
    assert actions(team).count("member.invitation_revoked") == 1
    assert Client().get(link).status_code == 410


@pytest.mark.parametrize("name", ["invitation_send_again", "invitation_revoke"])
def test_invitations_are_for_the_admins_of_their_team(team, owner, invite, sign_in, name):  # A1
    invite()
    path = url(name, Invitation.objects.get().pk)

    assert_refused(team, path, {}, {**DENIED, "stranger": 404})
    assert_only_post(owner, path, "/team/")
    assert sign_in(owner).post(url(name, uuid7())).status_code == 404


def test_inviting_is_for_admins(team, owner, sign_in):
    assert_refused(team, INVITE, {"addresses": "ann@example.com", "role": "member"}, DENIED)
    assert browser_of(make_member(team=team)).get(INVITE).status_code == 403
    assert sign_in(owner).put(INVITE).status_code == 405


# Where the link leads


def test_a_link_says_which_team_from_whom_as_what_and_until_when(team, owner, invite):
    User.objects.filter(pk=owner.pk).update(name="Alice")
    link = invite(role=Role.VIEWER)

    response = Client().get(link)

    page = text_of(response)
    for told in ("Join <bdi>Lumière</bdi>", "<bdi>Alice</bdi>", owner.email, "bob@example.com", "Viewer"):
        assert told in page
    assert date_format(Invitation.objects.get().expires_at, "DATETIME_FORMAT") in page
    assert f'href="/sign/signup/?next={link}&amp;email=bob%40example.com"' in page
    assert f'href="/sign/login/?next={link}"' in page
    assert "no-store" in response.headers["Cache-Control"]


def test_looking_at_a_link_does_not_use_it(team, invite):
    link = invite()

    assert [Client().get(link).status_code for _ in range(2)] == [200, 200]
    assert Client().head(link).status_code == 200


def test_someone_new_signs_up_and_joins(team, invite, settings):
    settings.SIGNUP = "invited"
    link, browser = invite(), Client()
    browser.get(link)
    form = {"email": "bob@example.com", "password1": "a gate and light", "next": link}

    signed_up = browser.post("/sign/signup/", form)
    joined = browser.post(link, follow=True)

    bob = User.objects.get(email="bob@example.com")
    assert signed_up.headers["Location"] == link
    assert "Welcome to Lumière. Your role here: Member." in text_of(joined)
    assert [each.team for each in Membership.objects.filter(user=bob)] == [team]


def test_whoever_is_signed_in_with_the_address_joins_and_is_in_that_team(team, invite, sign_in):
    bob = confirmed()
    make_team(name="Pathé", owner=bob)
    link, browser = invite(role=Role.ADMIN), sign_in(bob)

    page = text_of(browser.get(link))
    response = browser.post(link, follow=True)

    assert "Join the team" in page
    assert "Welcome to Lumière. Your role here: Admin." in text_of(response)
    assert (role_of(team, bob), browser.session[TEAM_SESSION_KEY]) == ("admin", str(team.pk))
    assert actions(team)[-1] == "member.joined"


def test_a_second_click_leads_whoever_joined_into_the_team_again(team, invite, sign_in):
    bob = confirmed()
    link, browser = invite(), sign_in(bob)
    browser.post(link)
    before = state(team)

    again = browser.post(link), browser.get(link)

    assert [response.headers["Location"] for response in again] == ["/", "/"]
    assert state(team) == before


def test_of_two_clicks_in_the_same_instant_one_joins(transactional_db, sign_in):
    team, bob = make_team(), confirmed()
    invitations.invite(team, bob.email, Role.MEMBER, by=Actor(user=team.memberships.get().user))
    link = path_in(mail.outbox[-1])
    browsers = [sign_in(bob) for _ in range(2)]

    statuses = race(lambda browser: browser.post(link).status_code, browsers, threads=2)

    assert statuses == [302, 302]
    assert actions(team).count("member.joined") == 1


def test_who_is_in_the_team_already_stays_what_they_are(team, invite, sign_in):
    bob = confirmed()
    link = invite(role=Role.VIEWER)
    make_member(team=team, user=bob, role=Role.ADMIN)
    browser = sign_in(bob)

    page = text_of(browser.get(link))
    browser.post(link)

    assert "You are in this team already." in page
    assert role_of(team, bob) == "admin"


def test_with_another_address_one_is_told_which_and_may_sign_out(team, invite, sign_in):
    link, browser = invite(), sign_in(confirmed("eve@example.com"))
    before = state(team)

    page, posted = text_of(browser.get(link)), browser.post(link)

    assert "This invitation is for bob@example.com, and you are signed in as eve@example.com." in page
    assert f'name="next" value="{link}"' in page
    assert "Join the team" not in page
    assert posted.status_code == 403
    assert state(team) == before
    assert browser.post("/sign/logout/", {"next": link}).headers["Location"] == link


def test_an_address_that_is_not_confirmed_proves_nothing(team, invite, sign_in):  # A13
    eve = confirmed("eve@example.com")
    EmailAddress.objects.create(user=eve, email="bob@example.com", verified=False)
    link, browser = invite(), sign_in(eve)

    page, posted = text_of(browser.get(link)), browser.post(link)

    assert "it is not confirmed yet" in page
    assert (posted.status_code, role_of(team, eve)) == (403, None)


def test_joining_needs_a_sign_in(team, invite):
    link = invite()

    response = Client().post(link)

    assert response.headers["Location"] == f"/sign/login/?next={link}"
    assert waiting(team) == [("bob@example.com", "member")]


@pytest.mark.parametrize(
    ("reason", "status", "words"),
    [
        ("unknown", 404, "There is no such invitation"),
        ("expired", 410, "This invitation has expired"),
        ("accepted", 410, "This invitation was used"),
        ("revoked", 410, "This invitation was taken back"),
        ("closed", 410, "This invitation was taken back"),
    ],
)
def test_a_link_that_is_over_says_why_and_what_to_do(team, owner, invite, reason, status, words):  # A13
    bob, link = confirmed(), invite()
    invitation = Invitation.objects.get()
    if reason == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif reason == "accepted":
        browser_of(bob).post(link)
    elif reason == "revoked":
        invitations.revoke(invitation, by=Actor(user=owner))
    elif reason == "closed":
        teams.close(team, by=Actor(user=owner))
    else:
        link = "/invitations/no-such-token/"
    before = state(team)

    for browser in (Client(), browser_of(confirmed("eve@example.com"))):
        for response in (browser.get(link), browser.post(link)):
            assert response.status_code == status
            assert words in text_of(response)
            assert "Lumière" not in text_of(response)
    assert state(team) == before


def test_a_link_has_no_other_methods(invite):
    assert Client().delete(invite()).status_code == 405


def test_names_stay_text(team, owner, invite):
    User.objects.filter(pk=owner.pk).update(name="<script>alert(1)</script>")
    Team.objects.update(name="<script>alert(2)</script>")

    assert "<script>alert" not in text_of(Client().get(invite()))


def test_once_the_mail_server_fails_the_rest_is_kept_without_asking_it_again(transactional_db, sign_in, settings):
    asked, team = [], make_team()
    browser = sign_in(team.memberships.get().user)
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()

        def refuse():
            with suppress(OSError):
                while True:
                    asked.append(server.accept()[0].close())

        thread = Thread(target=refuse)
        thread.start()
        lines = "ann@example.com\nnobody\nbob@example.com\neve@example.com"
        page = text_of(browser.post(INVITE, {"addresses": lines, "role": "member"}))
        server.shutdown(socket.SHUT_RDWR)
        thread.join()

    assert len(asked) == 1
    assert page.count("The mail could not be sent. The invitation waits: send it again later.") == 3
    assert "This is not an e-mail address." in page
    assert waiting(team) == [(f"{name}@example.com", "member") for name in ("ann", "bob", "eve")]


@pytest.mark.parametrize("address", ["a@b\ua7da.com", f"a@{'é' * 63}.com", "é@example.com"])
def test_an_address_that_nothing_can_be_mailed_to_is_answered_for(team, owner, sign_in, post, address):  # A13
    response = post(sign_in(owner), INVITE, {"addresses": f"{address}\nann@example.com", "role": "member"})

    assert response.status_code == 422
    assert waiting(team) == [("ann@example.com", "member")]
