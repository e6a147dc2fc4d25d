"""What a newcomer finds: a demo team with credits, the sandbox as its provider, and a few clips made the real way.

Only with the embedded database. Everything here may run again on every start and changes nothing the second time.
"""

import secrets
import time
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import keys, teams
from accounts.actors import INSTALLATION
from accounts.billing import by_operator
from accounts.key_settings import KeySettings
from accounts.models import ApiKey, Team, User
from generations import catalog, lifecycle, pricing
from generations.intake import GenerationRequest
from generations.models import Generation, ProviderAccount
from generations.providers.registry import EMBEDDERS
from project.env import kept_secret, replace_secret

EMAIL = "demo@filmgate.local"
TEAM = "Northlight Studio"
CREDITS = 5000
CLIPS: tuple[dict[str, Any], ...] = (
    {"prompt": "A lone lighthouse on a basalt cliff, storm rolling in, camera slowly pushes forward"},
    {"prompt": "White daisies under a clear blue sky, the camera drifts closer", "generate_audio": True},
    {"prompt": "一座未来城市,飞行汽车在日落时分穿梭"},
    {"prompt": "Origami cranes take off from a wooden desk, warm lamplight", "aspect_ratio": "1:1"},
    {"prompt": "Tea is poured into a celadon cup, steam in backlight", "resolution": "720p"},
    {"prompt": "女孩抱着狐狸,可以听到风声和鸟鸣", "generate_audio": True},
)
CLIPS_SECONDS = 60
LEFT_OUT = "FILMGATE_SANDBOX=0"
# The providers that the sandbox stands in for: labels of their accounts, and where below its address each API is.
SANDBOX_ACCOUNTS = {
    "vibegen": ("sandbox", "/api/v1"),
    "see2ai": ("sandbox-see2ai", ""),
    "seedance2api": ("sandbox-seedance2api", ""),
    "seeknetic": ("sandbox-seeknetic", ""),
    "scnet": ("sandbox-scnet", "/api/llm/v1"),
}
# It limits nobody, and every clip is read several times to be found.
SANDBOX_READS = dict.fromkeys(EMBEDDERS, 6000)


def prepare() -> dict[str, str] | None:
    """The demo sign-in as {"url", "email", "password", "api_key", "team"}; None with the operator's own database."""
    if not settings.EMBEDDED_DATABASE:
        return None
    password = kept_secret("demo_password", secrets.token_urlsafe(9))
    team = _team(password)
    _connect_sandbox()
    if settings.SANDBOX and not Generation.objects.filter(team=team).exists():
        _make_clips(team)
    return {
        "url": settings.PUBLIC_URL,
        "email": EMAIL,
        "password": password,
        "api_key": _api_key(team),
        "team": team.name,
    }


def _team(password: str) -> Team:
    """An open team that the demo user is in, made where there is none."""
    with transaction.atomic():
        user = User.objects.filter(email=EMAIL).first()
        if user is None:
            user = User.objects.create_user(email=EMAIL, password=password)
            EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
        team = Team.objects.open().filter(memberships__user=user).order_by("created_at").first()
        if team is None:
            team = teams.create_team(name=TEAM, owner=user)
            by_operator.grant(team, CREDITS, note="Demo credits", by=INSTALLATION)
    return team


def _api_key(team: Team) -> str:
    """A key that works, the same on every start: its secret is kept beside the demo password."""
    secret = kept_secret("demo_key", "none")
    try:
        if keys.authenticate(secret).team_id == team.id:
            return secret
    except keys.InvalidApiKey:
        pass
    for key in ApiKey.objects.filter(team=team, name="Demo", created_by=None, revoked_at=None):
        keys.revoke(key, by=INSTALLATION)
    _, secret = keys.issue(team, KeySettings(name="Demo"), by=INSTALLATION)
    replace_secret("demo_key", secret)
    return secret


def _connect_sandbox() -> None:
    """The sandbox as accounts that come last, at the port it has today; paused while it is left out."""
    for provider, (label, path) in SANDBOX_ACCOUNTS.items():
        _connect(provider, label, settings.SANDBOX_URL + path)


def _connect(provider: str, label: str, base_url: str) -> None:
    account = ProviderAccount.objects.filter(label=label).first()
    if account is None:
        if not settings.SANDBOX:
            return
        account = ProviderAccount(provider=provider, label=label, priority=1000)
        account.reads_a_minute = SANDBOX_READS.get(provider, account.reads_a_minute)
        account.key = "sandbox"
    account.base_url = base_url
    if not settings.SANDBOX and account.paused_at is None:
        account.paused_at, account.paused_reason = timezone.now(), LEFT_OUT
    elif settings.SANDBOX and account.paused_reason == LEFT_OUT:
        account.paused_at, account.paused_reason = None, ""
    account.save()


def _make_clips(team: Team) -> None:
    """Ask for the clips and wait for them, within a minute; their cost is granted on top of the demo credits."""
    resolved = [catalog.resolve(GenerationRequest.from_mapping(clip)) for clip in CLIPS]
    quotes = [pricing.quote(each) for each in resolved]
    with transaction.atomic():
        cost = sum(quote.total_credits for quote in quotes)
        by_operator.grant(team, cost, note="Demo clips", by=INSTALLATION)
        for each, quote in zip(resolved, quotes, strict=True):
            lifecycle.create(each, quote, asker=lifecycle.Asker(team_id=team.id))
    until = time.monotonic() + CLIPS_SECONDS
    while Generation.objects.filter(team=team).in_progress().exists() and time.monotonic() < until:
        time.sleep(0.2)
