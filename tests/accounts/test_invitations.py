import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import invitations, members, teams
from accounts.actors import Actor
from accounts.models import AuditEntry, Invitation, Membership, Role, Team, User
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed, may_manage
from tests.factories import make_member, make_team, make_user
from tests.races import race

LINK = re.compile(rf"{re.escape(settings.PUBLIC_URL)}/invitations/([\w-]+)/")


@pytest.fixture
def owner(db):
    return make_user(name="Alice", email="alice@example.com")


@pytest.fixture
def team(owner):
    return make_team(name="Lumière", owner=owner)


@pytest.fixture
def invite(team, owner, django_capture_on_commit_callbacks):
    """Invites, and returns the token that was mailed."""

    def invite(email="bob@example.com", role=Role.MEMBER, *, by=owner):
        with django_capture_on_commit_callbacks(execute=True):
            invitations.invite(team, email, role, by=Actor(user=by))
        return token_in(mail.outbox[-1])

    return invite


def token_in(letter):
    return LINK.search(letter.body)[1]


def confirmed(email="bob@example.com"):
    """A user who reads this address's mail."""
    user = make_user(email=email)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def over(act, *arguments, **named):
    with pytest.raises(invitations.InvitationOver) as caught:
        act(*arguments, **named)
    return caught.value.reason


def test_the_mail_tells_who_invites_where_as_what_and_until_when(invite, team):
    token = invite("Bob@Example.com ", Role.VIEWER)

    letter, invitation = mail.outbox[0], Invitation.objects.get()
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "Join Lumière on Filmgate"
    assert "Alice (alice@example.com) invites you to join the team Lumière on Filmgate." in letter.body
    assert "Your role there: Viewer" in letter.body
    assert f"until {invitation.expires_at:%Y-%m-%d %H:%M} UTC" in letter.body
    assert letter.body.count("http") == 1
    assert len(token) == 43
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)


def test_nobody_is_mailed_before_it_is_committed(team, owner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks():
        invitations.invite(team, "bob@example.com", Role.MEMBER, by=Actor(user=owner))

    assert mail.outbox == []


def test_the_token_is_kept_nowhere(invite):  # A8
    token = invite()

    invitation = Invitation.objects.get()
    kept = [
        str(value) for row in (*Invitation.objects.values(), *AuditEntry.objects.values()) for value in row.values()
    ]
    assert not any(token in each for each in kept)
    assert re.fullmatch("[0-9a-f]{64}", invitation.digest)


def test_it_is_in_the_language_of_who_invites(invite, owner, settings):
    owner.language = "zh-hans"
    owner.save()

    invite()

    # The catalogue may lack a word; the role has been in it from the start.
    assert "Viewer" not in mail.outbox[0].body


@pytest.mark.parametrize(
    "name",
    [
        "Lumière\r\nBcc: victim@example.com",
        "Win at https://evil.example/prize",
        "www.evil.example",
        "mail me@evil.example",
        "\u202egro.live//:sptth\u202c http://evil.example",
        "{{ link }}",
        "<a href='https://evil.example'>Lumière</a>",
    ],
)
def test_a_hostile_name_adds_no_header_and_no_link(invite, team, owner, name):  # B1, A13
    Team.objects.update(name=name)
    owner.name = name[:150]
    owner.save()

    invite()

    letter = mail.outbox[0]
    assert "\n" not in letter.subject
    assert letter.recipients() == ["bob@example.com"]
    assert set(letter.message().keys()) & {"Bcc", "Cc"} == set()
    words = letter.body.replace(token_link(letter), "").replace("(alice@example.com)", "")
    assert not re.search(r"://\S|\bwww\.\S|\w\.[a-z]{2,}|\S@\S|[\u202a-\u202e\u2066-\u2069]", words)
    assert LINK.findall(letter.body) == [token_in(letter)]


def token_link(letter):
    return LINK.search(letter.body)[0]


def test_the_link_leads_to_our_own_address(team, owner, settings, django_capture_on_commit_callbacks):  # A13
    settings.PUBLIC_URL = "https://films.example"

    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite(team, "bob@example.com", Role.MEMBER, by=Actor(user=owner))

    assert re.findall(r"http\S+/", mail.outbox[0].body)[0].startswith("https://films.example/invitations/")


def test_accepting_makes_a_member(invite, team):
    user = confirmed()

    membership = invitations.accept(invite(role=Role.ADMIN), by=Actor(user=user, ip="203.0.113.9"))

    assert (membership.team, membership.user, membership.role) == (team, user, "admin")
    invitation = Invitation.objects.get()
    assert (invitation.accepted_by, invitation.revoked_at) == (user, None)
    entry = AuditEntry.objects.get(action="member.joined")
    assert (entry.team, entry.user, entry.subject, entry.ip) == (team, user, user.email, "203.0.113.9")
    assert entry.detail == {"role": "admin", "invited_by": "alice@example.com"}


def test_a_link_works_once(invite):  # A13
    token, user = invite(), confirmed()
    invitations.accept(token, by=Actor(user=user))
    Membership.objects.filter(user=user).delete()

    assert over(invitations.accept, token, by=Actor(user=user)) == "accepted"
    assert over(invitations.find, token) == "accepted"
    assert not Membership.objects.filter(user=user).exists()


def test_opened_by_many_at_once_it_works_once(transactional_db):  # A13
    owner = make_user()
    team = make_team(owner=owner)
    invitations.invite(team, "bob@example.com", Role.MEMBER, by=Actor(user=owner))
    token, user = token_in(mail.outbox[0]), confirmed()

    def accept(_):
        try:
            return invitations.accept(token, by=Actor(user=user))
        except invitations.InvitationOver as refusal:
            return refusal.reason

    answers = race(accept, range(16), threads=8)

    assert answers.count("accepted") == 15
    assert Membership.objects.filter(user=user).count() == 1
    assert AuditEntry.objects.filter(action="member.joined").count() == 1


@pytest.mark.parametrize("which", ["another user", "not confirmed", "confirmed by another"])
def test_only_who_reads_that_address_may_accept(invite, which):  # A13
    token = invite()
    user = make_user(email="mallory@example.com" if which != "not confirmed" else "bob@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=which != "not confirmed")
    if which == "confirmed by another":
        EmailAddress.objects.create(user=user, email="bob@example.com", verified=False)

    with pytest.raises(invitations.WrongAddress) as caught:
        invitations.accept(token, by=Actor(user=user))

    assert caught.value.email == "bob@example.com"
    assert "bob" not in str(caught.value)
    assert not Membership.objects.filter(user=user).exists()
    assert Invitation.objects.get().accepted_at is None


def test_any_confirmed_address_counts_whatever_its_case(invite):
    token, user = invite(), make_user(email="robert@example.com")
    EmailAddress.objects.create(user=user, email="Bob@example.com", verified=True)

    assert invitations.accept(token, by=Actor(user=user)).user == user


def test_who_became_a_member_meanwhile_keeps_their_role(invite, team):
    token, user = invite(role=Role.VIEWER), confirmed()
    make_member(team=team, user=user, role=Role.ADMIN)

    membership = invitations.accept(token, by=Actor(user=user))

    assert membership.role == "admin"
    assert Invitation.objects.get().accepted_by == user
    assert not AuditEntry.objects.filter(action="member.joined").exists()


def test_who_joined_by_a_link_may_open_it_again_and_nobody_else(invite, team):
    token, user = invite(), confirmed()
    before = invitations.joined_with(token, user)
    membership = invitations.accept(token, by=Actor(user=user))
    colleague = make_member(team=team)

    assert before is None
    assert invitations.joined_with(token, user) == membership
    assert invitations.joined_with(token, colleague) is None
    membership.delete()
    assert invitations.joined_with(token, user) is None


def test_a_link_ends_after_seven_days_and_can_be_sent_again(invite, owner, django_capture_on_commit_callbacks):
    token, user = invite(), confirmed()
    Invitation.objects.update(expires_at=timezone.now())

    reason = over(invitations.accept, token, by=Actor(user=user))
    with django_capture_on_commit_callbacks(execute=True):
        invitations.send_again(Invitation.objects.get(), by=Actor(user=owner))

    assert reason == "expired"
    assert over(invitations.find, token) == "unknown"
    assert invitations.accept(token_in(mail.outbox[1]), by=Actor(user=user)).user == user


def test_inviting_again_replaces_the_link_and_the_role(invite):
    first, second = invite(role=Role.VIEWER), invite(role=Role.MEMBER)

    assert over(invitations.find, first) == "unknown"
    assert invitations.find(second).role == "member"
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "\ud800", "A" * 10_000])
def test_a_token_nobody_was_sent_is_unknown(invite, token):
    invite()

    assert over(invitations.find, token) == "unknown"


def test_a_revoked_link_is_over_and_revoking_again_changes_nothing(invite, owner):
    token = invite()

    invitations.revoke(Invitation.objects.get(), by=Actor(user=owner))
    revoked_at = Invitation.objects.get().revoked_at
    invitations.revoke(Invitation.objects.get(), by=Actor(user=owner))

    assert over(invitations.accept, token, by=Actor(user=confirmed())) == "revoked"
    assert Invitation.objects.get().revoked_at == revoked_at
    assert AuditEntry.objects.filter(action="member.invitation_revoked").count() == 1
    assert over(invitations.send_again, Invitation.objects.get(), by=Actor(user=owner)) == "revoked"


def test_an_accepted_invitation_is_not_revoked(invite, owner):
    invitations.accept(invite(), by=Actor(user=confirmed()))

    invitations.revoke(Invitation.objects.get(), by=Actor(user=owner))

    assert Invitation.objects.get().revoked_at is None


def test_a_closing_team_takes_nobody_and_invites_nobody(invite, team, owner):
    token = invite()
    teams.close(team, by=Actor(user=owner))

    assert over(invitations.accept, token, by=Actor(user=confirmed())) == "revoked"
    with pytest.raises(TeamClosing):
        invitations.invite(team, "carol@example.com", Role.MEMBER, by=Actor(user=owner))
    assert Invitation.objects.count() == 1


def test_of_accepting_and_closing_at_once_one_comes_first(transactional_db):
    for number in range(10):
        owner = make_user()
        team = make_team(owner=owner)
        email = f"guest{number}@example.com"
        invitations.invite(team, email, Role.MEMBER, by=Actor(user=owner))
        token, user = token_in(mail.outbox[-1]), confirmed(email)

        def act(accepts, token=token, team=team, user=user):
            try:
                return invitations.accept(token, by=Actor(user=user)) if accepts else teams.close(team, by=Actor())
            except invitations.InvitationOver as refusal:
                return refusal.reason

        accepted, _closed = race(act, [True, False], threads=2)

        invitation = Invitation.objects.get(team=team)
        assert accepted == "revoked" or accepted.user == user
        assert bool(invitation.accepted_at) is team.memberships.filter(user=user).exists()
        assert bool(invitation.accepted_at) is not bool(invitation.revoked_at)


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("acting", Role.values)
def test_every_role_may_invite_send_and_revoke_those_it_manages_and_no_other(invite, team, acting, role):  # A15
    actor = Actor(user=make_member(team=team, role=acting))
    invite("waiting@example.com", role)
    waiting = Invitation.objects.get()
    count = AuditEntry.objects.count()

    for act in (
        lambda: invitations.invite(team, "bob@example.com", role, by=actor),
        lambda: invitations.send_again(waiting, by=actor),
        lambda: invitations.revoke(waiting, by=actor),
    ):
        if may_manage(acting, role):
            act()
        else:
            with pytest.raises(NotAllowed):
                act()

    assert AuditEntry.objects.count() - count == (3 if may_manage(acting, role) else 0)


def test_an_admin_can_not_turn_the_invitation_of_an_owner_into_another(invite, team):  # A15
    token = invite(role=Role.OWNER)
    admin = make_member(team=team, role=Role.ADMIN)

    with pytest.raises(NotAllowed):
        invitations.invite(team, "bob@example.com", Role.VIEWER, by=Actor(user=admin))

    assert invitations.find(token).role == "owner"


@pytest.mark.parametrize("by_other_address", [False, True])
def test_a_member_is_not_invited(team, owner, by_other_address):
    user = confirmed()
    make_member(team=team, user=user)
    email = "BOB@example.com"
    if by_other_address:
        EmailAddress.objects.create(user=user, email="robert@example.com", verified=True)
        email = "robert@example.com"

    with pytest.raises(invitations.AlreadyMember):
        invitations.invite(team, email, Role.MEMBER, by=Actor(user=owner))

    assert not Invitation.objects.exists()


def test_twenty_mails_an_hour_are_enough(team, owner):
    by = Actor(user=owner)
    for number in range(10):
        invitations.invite(team, f"guest{number}@example.com", Role.MEMBER, by=by)
        invitations.send_again(Invitation.objects.get(email=f"guest{number}@example.com"), by=by)

    for act in (
        lambda: invitations.invite(team, "late@example.com", Role.MEMBER, by=by),
        lambda: invitations.invite(team, "guest1@example.com", Role.MEMBER, by=by),
        lambda: invitations.send_again(Invitation.objects.first(), by=by),
    ):
        with pytest.raises(invitations.TooManyMails) as caught:
            act()
        assert caught.value.limit == 20
        assert timedelta(minutes=58) < caught.value.retry_at - timezone.now() < timedelta(hours=1)
    other = make_user()
    invitations.invite(make_team(owner=other), "late@example.com", Role.MEMBER, by=Actor(user=other))

    assert AuditEntry.objects.filter(action="member.invited").count() == 21


def test_at_most_twenty_mails_go_out_however_many_ask_at_once(transactional_db):
    owner = make_user()
    team = make_team(owner=owner)

    def act(number):
        try:
            invitations.invite(team, f"guest{number}@example.com", Role.MEMBER, by=Actor(user=owner))
        except invitations.TooManyMails:
            return False
        return True

    assert race(act, range(32), threads=8).count(True) == 20
    assert len(mail.outbox) == 20


def test_at_most_fifty_wait(team, owner):
    moment = timezone.now() + timedelta(days=7)
    Invitation.objects.bulk_create(
        Invitation(team=team, email=f"guest{n}@example.com", role="member", digest=str(n), expires_at=moment)
        for n in range(50)
    )
    by = Actor(user=owner)

    with pytest.raises(invitations.TooManyWaiting) as caught:
        invitations.invite(team, "late@example.com", Role.MEMBER, by=by)
    invitations.revoke(Invitation.objects.first(), by=by)
    invitations.invite(team, "late@example.com", Role.MEMBER, by=by)

    assert caught.value.limit == 50
    assert Invitation.objects.waiting().count() == 50


def test_the_session_remembers_an_invitation_without_its_token(invite, rf):
    token = invite()
    request = rf.get("/")
    request.session = {}

    before = invitations.remembered(request)
    invitations.remember(request, token)
    opened = invitations.remembered(request)
    invitations.accept(token, by=Actor(user=confirmed()))

    assert before is None
    assert opened == Invitation.objects.get()
    assert token not in str(request.session)
    assert invitations.remembered(request) is None


def lower(team, user, how):
    """Take from the user what they could give."""
    owner = make_member(team=team, role=Role.OWNER)
    if how == "removed":
        members.remove(team, user.pk, by=Actor(user=owner))
    elif how == "left":
        members.leave(team, by=Actor(user=user))
    elif how == "demoted":
        members.change_role(team, user.pk, Role.MEMBER, by=Actor(user=owner))
    else:
        members.transfer(team, owner.pk, by=Actor(user=user))


@pytest.mark.parametrize("how", ["removed", "left", "demoted"])
def test_an_admin_who_is_none_any_more_cannot_come_back_by_an_invitation_of_their_own(invite, team, how):  # A15
    admin = make_member(team=team, role=Role.ADMIN)
    token = invite("second@example.com", Role.ADMIN, by=admin)

    lower(team, admin, how)

    assert over(invitations.accept, token, by=Actor(user=confirmed("second@example.com"))) == "revoked"
    entry = AuditEntry.objects.get(action="member.invitation_revoked")
    assert (entry.subject, entry.detail) == ("second@example.com", {"role": "admin"})


@pytest.mark.parametrize("how", ["removed", "left", "demoted", "transferred"])
def test_an_owner_who_is_none_any_more_cannot_come_back_by_an_invitation_of_their_own(invite, team, owner, how):  # A15
    token = invite("second@example.com", Role.OWNER)

    lower(team, owner, how)

    assert over(invitations.accept, token, by=Actor(user=confirmed("second@example.com"))) == "revoked"
    assert AuditEntry.objects.filter(action="member.invitation_revoked").count() == 1


def test_what_an_owner_who_becomes_an_admin_might_still_give_waits_on(invite, team, owner):
    tokens = {role: invite(f"{role}@example.com", role) for role in (Role.OWNER, Role.ADMIN, Role.VIEWER)}

    lower(team, owner, "transferred")

    assert {each.role for each in Invitation.objects.waiting()} == {Role.ADMIN, Role.VIEWER}
    member = invitations.accept(tokens[Role.ADMIN], by=Actor(user=confirmed("admin@example.com")))
    assert member.role == Role.ADMIN


@pytest.mark.parametrize("change", [{"role": Role.MEMBER}, {"user__is_active": False}, {}])
def test_an_invitation_is_worth_what_its_sender_is_when_it_is_accepted(invite, team, change):  # A15
    admin = make_member(team=team, role=Role.ADMIN)
    token = invite("second@example.com", Role.ADMIN, by=admin)
    memberships = Membership.objects.filter(user=admin)
    if "role" in change:
        memberships.update(**change)
    elif change:
        User.objects.filter(pk=admin.pk).update(is_active=False)
    else:
        memberships.delete()

    assert over(invitations.accept, token, by=Actor(user=confirmed("second@example.com"))) == "revoked"
    assert not Membership.objects.filter(user__email="second@example.com").exists()


def test_one_person_mails_twenty_an_hour_in_all_their_teams(invite, team, owner):
    for number in range(19):
        invite(f"guest{number}@example.com")
    teams.close(team, by=Actor(user=owner))
    second = make_team(owner=owner)
    invitations.invite(second, "twentieth@example.com", Role.MEMBER, by=Actor(user=owner))

    with pytest.raises(invitations.TooManyMails):
        invitations.invite(second, "more@example.com", Role.MEMBER, by=Actor(user=owner))


@pytest.mark.parametrize("email", ["a@b\ua7da.com", f"a@{'é' * 63}.com", "é@example.com"])
def test_what_cannot_be_mailed_to_is_refused_before_anything_is_kept(team, owner, email):  # A13
    with pytest.raises(ValidationError):
        invitations.invite(team, email, Role.MEMBER, by=Actor(user=owner))

    assert not Invitation.objects.exists()


def test_an_address_with_a_domain_in_its_own_letters_can_join(invite):
    token = invite("bob@exämple.com")

    assert mail.outbox[0].to == ["bob@xn--exmple-cua.com"]
    assert invitations.accept(token, by=Actor(user=confirmed("bob@exämple.com")))
