"""One secret of each kind is planted and used for real, rightly, wrongly, and while the database fails under it.

Afterwards none of them is in what was logged, in a table, in the broker's folder, in a page, or in an exception. A8.
Not looked for: the mails, of which each may carry its own link, and what has to be where it is used: the keys of
sessions in Django's and allauth's tables of sessions, by which both look them up, the token of a submission in its row,
and the URL of an endpoint in its settings, in what is sent there, and on the pages about both.
"""

import base64
import io
import logging
import pickle
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from django.core import mail
from django.core.signals import got_request_exception
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.views.debug import get_exception_reporter_class

from accounts import credits, invitations, keys, teams
from accounts.actors import Actor
from accounts.billing import low_balance, redeem
from accounts.models import Role
from accounts.webhooks import endpoints, events, signing
from generations.provider_accounts import sign_callbacks
from generations.providers.signatures import STANDARD_WEBHOOKS
from generations.submitting.submit import crew as submitters
from project.celery import nudge
from project.env import DATA_FOLDER
from tests.api import asked, ensure_prices, running
from tests.factories import make_account, make_endpoint, make_key, make_package, make_submission
from tests.sandbox_process import wait_until
from tests.signing_in import (
    CODE,
    code_of,
    enter,
    fresh_counts,  # noqa: F401 -- a fixture
    make_person,
    quick_passwords,  # noqa: F401 -- a fixture
    recovery_codes_of,
    signed_in,
    with_app,
)
from tests.stack import free_port
from tests.web import WebProcess
from tests.webhooks import deliver

PROVIDER_KEY = "sk-video-Pr0viderKeyThatNobodyMaySee0123456789"
STRIPE_KEY = "sk_test_51SentinelStripeKeyThatNobodyMaySee"
STRIPE_HOOK_SECRET = "whsec_SentinelOfStripeThatNobodyMaySee"
HOOK_PATH = "HookOfThisTeamThatNobodyMaySee0123456789"
CALLBACK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_CALLBACK_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PASSWORD = "a sentinel of a passphrase"
MISTYPED = "a sentinel of a mistyped one"
READ_BY_KEY = [
    "/api/v1/credits",
    "/api/v1/keys",
    "/api/v1/webhook_endpoints",
    "/api/v1/webhook_deliveries",
]
PAGES = [
    "/account/",
    "/account/sessions/",
    "/keys/",
    "/webhooks/",
    "/webhooks/new/",
    "/webhooks/deliveries/",
    "/webhooks/verify/",
    "/credits/",
    "/credits/buy/",
    "/credits/statement.csv",
    "/team/",
    "/team/settings/",
    "/team/audit-log/",
    "/team/audit-log.csv",
    "/gallery/",
    "/create/",
    "/sign/two-factor/",
    "/sign/email/",
    "/sign/password/change/",
]


class Planted:
    """Someone with every secret that there is."""

    def __init__(self) -> None:
        ensure_prices()
        self.user = make_person()
        self.user.set_password(PASSWORD)
        self.user.save()
        self.team = self.user.teams.get()
        self.by = Actor(user=self.user)
        self.key, self.old_secret = make_key(team=self.team, scopes=("generate", "read", "embed", "manage"))
        self.secret = keys.rotate(self.key, grace=timedelta(days=1), by=self.by)
        self.signing_secret = signing.current(signing.secrets_of(self.team))
        self.package = make_package()
        self.spent_code, self.code = redeem.issue(2, 500, note="", expires_at=None, by=self.by)
        invitations.invite(self.team, "new@example.com", Role.MEMBER, by=self.by)
        self.invitation = self._link()
        self.browser = signed_in(self.user, password=PASSWORD)
        self.totp = self._set_up_app()
        self.recovery_codes = recovery_codes_of(self.user)
        self.browser.post("/sign/password/reset/", {"email": self.user.email})
        self.reset = self._link()
        account = make_account(base_url=f"http://127.0.0.1:{free_port()}", key=PROVIDER_KEY)
        for secret in (CALLBACK_SECRET, NEW_CALLBACK_SECRET):
            sign_callbacks(account, scheme=STANDARD_WEBHOOKS, secret=secret, overlap=timedelta(days=1))
        credits.grant(self.team, 100, note="for a test")
        self.submission = make_submission(generation=running(self.team), account=account)
        url = f"http://127.0.0.1:{free_port()}/{HOOK_PATH}"
        self.endpoint = make_endpoint(team=self.team, url=url, events=["credits.low"])
        self.old_endpoint_secret = signing.current(self.endpoint)
        self.endpoint_secret = endpoints.rotate(self.endpoint, grace=timedelta(days=1), by=self.by)
        teams.change(self.team, by=self.by, low_balance_credits=1_000_000)

    def all(self) -> dict[str, str]:
        return {
            "API key": self.secret,
            "old secret of a key in its grace": self.old_secret,
            "signing secret of webhooks": self.signing_secret,
            "signing secret of an endpoint": self.endpoint_secret,
            "old signing secret of an endpoint in its grace": self.old_endpoint_secret,
            "key at a provider": PROVIDER_KEY,
            "signing secret of callbacks": NEW_CALLBACK_SECRET,
            "old signing secret of callbacks": CALLBACK_SECRET,
            "token of an invitation": self.invitation.split("/")[2],
            "password": PASSWORD,
            "mistyped password": MISTYPED,
            "secret of an authenticator app": self.totp,
            "recovery code": self.recovery_codes[0],
            "used recovery code": self.recovery_codes[1],
            "redeem code": self.code,
            "redeemed code": self.spent_code,
            "session key": self.browser.session.session_key,
            "SECRET_KEY": settings.SECRET_KEY,
            "CREDENTIAL_KEYS": settings.CREDENTIAL_KEYS[0],
            "Stripe key": STRIPE_KEY,
            "Stripe webhook secret": STRIPE_HOOK_SECRET,
            "token of a submission": self.submission.token,
            "URL of an endpoint": HOOK_PATH,
            "token to reset a password": self.reset.rpartition("/key/")[2].strip("/").partition("-")[2],
        }

    def _set_up_app(self) -> str:
        return with_app(self.browser, password=PASSWORD)

    def _link(self) -> str:
        links = [urlsplit(link).path for link in re.findall(r"https?://\S+/\S+", mail.outbox[-1].body)]
        return next(link for link in links if "/invitations/" in link or "/key/" in link)


@pytest.fixture
def planted(transactional_db, settings, quick_passwords, fresh_counts) -> Planted:  # noqa: F811
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = STRIPE_KEY, STRIPE_HOOK_SECRET
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{free_port()}"
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    settings.ACCOUNT_RATE_LIMITS = settings.MFA_RATE_LIMITS = {}
    return Planted()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the handlers of the product write, from DEBUG on."""
    root, written = logging.getLogger(), io.StringIO()
    handlers = [handler for handler in root.handlers if handler.name in settings.LOGGING["handlers"]]
    before = [(handler, handler.setStream(written)) for handler in handlers]
    level = root.level
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    for handler, stream in before:
        handler.setStream(stream)


@pytest.fixture
def raised() -> Iterator[list[str]]:
    """What is said of each exception that a view did not catch: its text, and Django's whole report."""
    told: list[str] = []

    def note(sender, request, **kwargs):
        kind, error, trace = sys.exc_info()
        report = get_exception_reporter_class(request)(request, kind, error, trace)
        told.append(f"{error!r} {error}\n{report.get_traceback_text()}\n{report.get_traceback_html()}")

    got_request_exception.connect(note)
    yield told
    got_request_exception.disconnect(note)


@contextmanager
def without(table: str) -> Iterator[None]:
    """The database fails as soon as this table is needed."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO broken")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE broken RENAME TO {table}")


def use_all(planted: Planted) -> list[int]:
    """Every secret where it belongs, and where it does not. Returns what was answered."""
    owner, somebody = planted.browser, Client(raise_request_exception=False)
    owner.raise_request_exception = False
    second = Client(raise_request_exception=False)
    answers = [enter(second, planted.user.email, PASSWORD), enter(somebody, planted.user.email, MISTYPED)]
    answers += [second.post(CODE, {"code": "000000"}), second.post(CODE, {"code": planted.recovery_codes[1]})]
    for secret in (planted.secret, planted.old_secret, planted.secret + "x", planted.secret[:-1]):
        bearer = {"Authorization": f"Bearer {secret}"}
        answers += [somebody.get(path, headers=bearer) for path in READ_BY_KEY]
        answers.append(somebody.get("/api/v1/credits", {"api_key": secret}))
        answers.append(somebody.post("/api/v1/generations", b"{", content_type="application/json", headers=bearer))
    answers += [somebody.get(planted.invitation), somebody.get(planted.invitation.rstrip("/") + "x/")]
    answers += [owner.post(planted.invitation), somebody.get(planted.reset), somebody.get(planted.reset[:-1] + "x/")]
    answers += [owner.post("/credits/redeem/", {"code": code}) for code in (planted.spent_code, planted.code + "X")]
    answers += [owner.post("/webhooks/signing-secret/"), owner.post(f"/credits/buy/{planted.package.pk}/")]
    answers.append(
        somebody.post("/hooks/stripe", b"{}", content_type="application/json", headers={"Stripe-Signature": "t=1,v1=0"})
    )
    for token in (planted.submission.token, planted.submission.token[:-1], f"{planted.submission.token}x"):
        answers.append(somebody.post(f"/hooks/vibegen/{token}", b"{}", content_type="application/json"))
        answers.append(somebody.get(f"/hooks/vibegen/{token}"))
    page = f"/webhooks/endpoints/{planted.endpoint.pk}/"
    for url in (planted.endpoint.url, planted.endpoint.url.replace("http:", "ftp:"), f"{planted.endpoint.url}/too"):
        answers.append(owner.post(page, {"url": url, "events": ["credits.low"], "description": "Alerts"}))
        answers.append(owner.post("/webhooks/new/", {"url": url, "events": ["made.up"], "form_key": str(uuid4())}))
        answers.append(_by_program(planted, url))
    answers += [owner.post(f"{page}test/"), owner.post(f"{page}rotate/", {"grace": "1"})]
    answers.append(somebody.get("/account/", headers={"Cookie": f"sessionid={owner.session.session_key}x"}))
    answers.append(owner.post("/sign/two-factor/reauthenticate/", {"code": code_of(planted.totp)}))
    return [answer.status_code for answer in answers]


def _by_program(planted: Planted, url: str) -> HttpResponse:
    program = Client(raise_request_exception=False, headers={"X-API-Key": planted.secret})
    return program.patch(f"/api/v1/webhook_endpoints/{planted.endpoint.pk}", {"url": url}, "application/json")


def run_jobs(planted: Planted) -> None:
    """The provider cannot be reached, nor can the customer's own address."""
    asked(planted.team)
    url = f"http://127.0.0.1:{free_port()}/"
    events.record(team_id=planted.team.pk, type="task.failed", subject_id=uuid4(), body=dict, url=url)
    low_balance.tell_due()
    submitters.run()
    deliver()
    nudge("submit")


def text_of_every_table() -> str:
    """Rows as text; bytes also as the text that they may be, and what the cache keeps unpacked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [f"{table}: {_readable(table, row)}" for row in cursor.fetchall()]
    return "\n".join(rows)


def _readable(table: str, row: tuple) -> str:
    values = [
        bytes(value).decode(errors="replace") if isinstance(value, memoryview | bytes) else value for value in row
    ]
    if table == "project_cache":
        values.append(pickle.loads(base64.b64decode(row[1])))  # noqa: S301 -- our own
    return " ".join(str(value) for value in values)


def in_the_broker() -> str:
    folder = DATA_FOLDER / "broker"
    wait_until(lambda: folder.exists() and any(folder.glob("*.msg")), seconds=10)
    files = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    bodies = [base64.b64decode(body).decode() for file in files for body in re.findall(r'"body": "([\w+/=]+)"', file)]
    return "\n".join(files + bodies)


def found(planted: Planted, text: str, *, but: tuple[str, ...] = ()) -> list[str]:
    return [name for name, secret in planted.all().items() if name not in but and secret in text]


def tables_with(secret: str, text: str) -> set[str]:
    return {row.partition(": ")[0] for row in text.split("\n") if secret in row}


TABLES = [
    "accounts_apisecret",
    "accounts_user",
    "accounts_invitation",
    "accounts_redeemcode",
    "accounts_auditentry",
    "accounts_membership",
    "mfa_authenticator",
    "django_session",
    "account_emailaddress",
    "accounts_creditpackage",
    "accounts_webhooksecret",
    "accounts_webhookendpoint",
    "accounts_team",
    "generations_submission",
    "generations_callback",
]
# What has to be kept to be used, and the only tables that may do so.
KEPT = {
    "session key": {"django_session", "usersessions_usersession"},
    "token of a submission": {"generations_submission"},
    "URL of an endpoint": {"accounts_webhookendpoint", "accounts_webhookdelivery", "accounts_webhookattempt"},
}


def test_no_secret_is_left_anywhere(planted, logged, raised):  # A8
    answers = use_all(planted)
    run_jobs(planted)
    for table in TABLES:
        with without(table):
            answers += use_all(planted)
    about_hook = [
        f"/webhooks/endpoints/{planted.endpoint.pk}/",
        f"/webhooks/deliveries/{planted.endpoint.deliveries.get(attempt_count=1).pk}/",
    ]
    pages = [planted.browser.get(path) for path in [*PAGES, f"/keys/{planted.key.pk}/", *about_hook]]
    with_url = [page.request["PATH_INFO"] for page in pages if HOOK_PATH in page.getvalue().decode()]

    log = logged.getvalue()
    assert answers.count(500) >= 30  # what was to fail did fail
    assert log.count("Traceback (most recent call last)") >= 30
    assert len(raised) >= 30
    assert "[hidden]" in log
    assert {page.status_code for page in pages} == {200}
    assert found(planted, log) == []
    assert found(planted, "\n".join(raised)) == []
    assert found(planted, "\n".join(page.getvalue().decode() for page in pages), but=("URL of an endpoint",)) == []
    assert with_url == ["/webhooks/", *about_hook]
    assert found(planted, in_the_broker()) == []
    tables = text_of_every_table()
    assert found(planted, tables, but=tuple(KEPT)) == []
    assert {name: tables_with(planted.all()[name], tables) for name in KEPT} == KEPT


def test_a_leak_would_be_found(planted, logged):
    """What is looked for above can be found: each secret in plain text, in a log without its filter and in a table."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE leak (said text)")
        cursor.executemany("INSERT INTO leak VALUES (%s)", [[secret] for secret in planted.all().values()])
    try:
        in_tables = found(planted, text_of_every_table())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE leak")

    assert in_tables == list(planted.all())


@pytest.mark.django_db(transaction=True)
def test_a_web_process_prints_none_either():
    """Its server has handlers of its own, which must not get around ours."""
    token, key = "TokenOfAnInvitationThatNobodyMaySee", "a sentinel of fifty characters, for signing"
    process = WebProcess(SECRET_KEY=key)
    try:
        process.wait_until_it_answers()
        with without("accounts_invitation"):
            answer = httpx.get(f"{process.url}/invitations/{token}/", trust_env=False, timeout=30)
        printed = process.log()
    finally:
        process.stop()

    assert answer.status_code == 500
    assert "Internal Server Error: /invitations/[hidden]/" in printed
    assert "Traceback" in printed
    assert token not in printed + answer.text
    assert key not in printed + answer.text
