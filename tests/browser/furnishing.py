"""The demo team as a busy one: people, keys, budgets, purchases, and weeks of use. For tests of pages and for pictures.

    furnished = furnish(stack)

This module runs as a program of the stack's environment: python -m tests.browser.furnishing
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from tests.browser import furnishing_deliveries, furnishing_webhooks
from tests.browser.people import PASSWORD, Person, in_stack
from tests.stack import RunningStack

EMAIL = "demo@filmgate.local"
ADDRESS = "203.0.113.24"
MEMBERS = (  # name, address, role, monthly cap, used
    ("Mara Lindqvist", "mara@northlight.example", "admin", None, 412),
    ("林小雨", "xiaoyu@northlight.example", "member", 1000, 655),
    ("Tom Okafor", "tom@northlight.example", "member", 300, 300),
    ("Freya Holm", "freya@northlight.example", "viewer", None, 0),
)
PACKAGES = (("Starter", 500, 1900), ("Studio", 2000, 6900), ("Production", 10_000, 29_900))
TOTP_SECRET = "JBSWY3DPEHPK3PXP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnished:
    """Addresses of what is there: keys, a member who is capped, links of invitations. And two with two factors.

    `hooked` has `endpoints`, by their state: endpoint, failing, paused, disabled. And one `delivery`, often tried.
    """

    key: str
    revoked_key: str
    member: str
    invitation: str
    over: str
    secured: dict[str, str]
    with_app: dict[str, str]
    passkey: int
    hooked: dict[str, str]
    endpoints: dict[str, str]
    delivery: str

    @property
    def secured_person(self) -> Person:
        return Person(**self.secured)

    @property
    def hooked_person(self) -> Person:
        return Person(**self.hooked)


def furnish(stack: RunningStack) -> Furnished:
    return Furnished(**in_stack(stack, "tests.browser.furnishing"))


def _furnish() -> Furnished:
    from accounts import teams
    from accounts.actors import Actor
    from accounts.models import User

    owner = User.objects.get(email=EMAIL)
    owner.name = "Ines Duarte"
    owner.save(update_fields=["name"])
    team = owner.memberships.get().team
    by = Actor(user=owner, ip=ADDRESS)
    _sell(team, owner)
    keys = _make_keys(team, by)
    member = _fill(team, by)
    links = _invite(team, by)
    limits: dict[str, Any] = {"monthly_budget_credits": 20_000, "low_balance_credits": 500}
    teams.change(team, by=by, **{name: getattr(team, name) for name in teams.SETTINGS} | limits)
    _spread_out(team)
    hooked = furnishing_webhooks.hooked()
    delivery = furnishing_deliveries.attempted(hooked["hooked"]["email"])
    return Furnished(**keys, member=member, **links, **_secure(), **hooked, **delivery)


def _sell(team: Any, owner: Any) -> None:
    from accounts import credits
    from accounts.billing import purchases
    from accounts.models import CreditPackage, Purchase

    for position, (name, worth, amount) in enumerate(PACKAGES):
        package = {"name": name, "credits": worth, "amount": amount}
        CreditPackage.objects.create(**package, position=position)
        bought = Purchase.objects.create(**package, team=team, bought_by=owner, currency="usd")
        paid = {"checkout_id": f"cs_{position}", "amount": amount, "currency": "usd"}
        if name == "Starter":
            purchases.expired(bought.pk, checkout_id="cs_0")
        else:
            purchases.paid(bought.pk, **paid)
    purchases.refunded(bought.pk, amount=amount, currency="usd", refunded_amount=9900)
    credits.adjust(team, -40, note="Counted twice in October", actor=None)


def _make_keys(team: Any, by: Any) -> dict[str, str]:
    from django.utils import timezone

    from accounts import keys
    from accounts.key_settings import KeySettings

    settings = KeySettings(
        name="Website", monthly_budget_credits=5000, max_in_progress=8, allowed_networks=("203.0.113.0/24",)
    )
    website, _ = keys.issue(team, settings, by=by)
    for day in range(24):
        _spend(team, 30 + (day * 37) % 61, api_key_id=website.pk)
    keys.rotate(website, grace=timedelta(hours=24), by=by)
    ends = timezone.now() + timedelta(days=9)
    settings = KeySettings(name="Nightly trailers", rate_plan="own", rate_limit=40, rate_seconds=60, expires_at=ends)
    nightly, secret = keys.issue(team, settings, by=by)
    for day in range(9):
        _spend(team, 110 - 9 * day, api_key_id=nightly.pk)
    keys.touch(keys.authenticate(secret).secret, "198.51.100.7")
    prototype, _ = keys.issue(team, KeySettings(name="Prototype"), by=by)
    keys.revoke(prototype, by=by)
    return {"key": f"/keys/{website.pk}/", "revoked_key": f"/keys/{prototype.pk}/"}


def _fill(team: Any, by: Any) -> str:
    from django.contrib.auth.hashers import make_password

    from accounts import members
    from accounts.models import Membership, User

    password = make_password(PASSWORD)
    for name, email, role, cap, used in MEMBERS:
        user = User.objects.create(email=email, name=name, password=password)
        Membership.objects.create(team=team, user=user, role=role)
        if cap:
            members.set_cap(team, user.pk, monthly=cap, lifetime=None, by=by)
        if used:
            _spend(team, used, member_id=user.pk)
    freya = User.objects.get(name="Freya Holm")
    members.change_role(team, freya.pk, "member", by=by)
    members.change_role(team, freya.pk, "viewer", by=by)
    return f"/team/members/{User.objects.get(name='Tom Okafor').pk}/"


def _invite(team: Any, by: Any) -> dict[str, str]:
    import re

    from django.core import mail
    from django.test.utils import override_settings

    from accounts import invitations

    mail.outbox = []  # type: ignore[attr-defined]
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        invitations.invite(team, "sasha@northlight.example", "member", by=by)
        over = invitations.invite(team, "old@northlight.example", "viewer", by=by)
        invitations.invite(team, "yun@northlight.example", "admin", by=by)
    links = {letter.to[0]: re.search(r"/invitations/[^/]+/", letter.body)[0] for letter in mail.outbox}  # type: ignore
    invitations.revoke(over, by=by)
    return {"invitation": links["sasha@northlight.example"], "over": links["old@northlight.example"]}


def _secure() -> dict[str, Any]:
    """Two who have an app, whose codes each sign in once; the first has one passkey too."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP
    from allauth.mfa.webauthn.internal.auth import WebAuthn

    from accounts.models import User
    from tests.browser import people
    from tests.passkeys import Passkey

    person, with_app = people._make(2, "secured")
    user = User.objects.get(email=person.email)
    for email in (person.email, with_app.email):
        TOTP.activate(User.objects.get(email=email), TOTP_SECRET)
    RecoveryCodes.activate(user)
    options = {"publicKey": {"user": {"id": "aWQ"}, "challenge": "Y2hhbGxlbmdl"}}
    passkey = WebAuthn.add(user, "My laptop", json.loads(Passkey().create(options)))
    return {"secured": asdict(person), "with_app": asdict(with_app), "passkey": passkey.instance.pk}


def _spend(team: Any, amount: int, **of: Any) -> None:
    from uuid_utils.compat import uuid7

    from accounts import credits

    hold_id = uuid7()
    credits.hold(team.pk, amount, hold_id=hold_id, **of)
    credits.capture(hold_id, amount)


def _spread_out(team: Any) -> None:
    """Over the days before: entries are made now, and nobody may change them but a picture."""
    from django.db import connection

    for table in ("accounts_creditentry", "accounts_auditentry"):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE {table} SET created_at = {table}.created_at - age * interval '7 hours' FROM "
                f"(SELECT id, row_number() OVER (ORDER BY id DESC) - 1 AS age FROM {table} WHERE team_id = %s) AS aged "
                f"WHERE aged.id = {table}.id",
                [team.pk],
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(asdict(_furnish())))
