"""Teams, keys and sign-ins for a benchmark, and many generations at once."""

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils import timezone

from accounts import credits, keys, teams
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import Team, User
from accounts.session_store import SessionStore
from generations import catalog, lifecycle, pricing, provider_accounts
from generations.intake import GenerationRequest
from generations.models import ProviderAccount, Submission

_MANY = """
INSERT INTO generations_generation (
    id, team_id, model, task_type, prompt, params, metadata, callback_url, state, progress, quote, price_version,
    hold_id, held_credits, charged_credits, failure_code, warnings, attempt_count, created_at, updated_at, ended_at)
SELECT uuidv7(make_interval(secs => n - %(count)s)), %(team_id)s, 'seedance-2.0', 'text_to_video',
    'A clip, number ' || n, '{"duration": 5, "resolution": "480p", "aspect_ratio": "16:9", "generate_audio": false}',
    '{}', '', 'completed', 100,
    '[{"conditions": {}, "unit": "clip", "quantity": 1, "unit_credits": 15, "credits": 15}]', 1,
    uuidv7(), 15, 15, '', '[]', 1, now(), now(), now()
FROM generate_series(1, %(count)s) AS n
"""
_OUTPUTS = """
INSERT INTO generations_asset (
    id, team_id, generation_id, kind, position, path, content_type, size_bytes, sha256, width, height,
    duration_seconds, created_at)
SELECT uuidv7(), team_id, id, kind, 0, 'none', 'video/mp4', 1, '', 854, 480, 5, now()
FROM generations_generation, unnest(ARRAY['output', 'poster']) AS kind WHERE team_id = %(team_id)s
"""
_COUNT = """
INSERT INTO generations_generationcount (team_id, model, task_type, status, count)
VALUES (%(team_id)s, 'seedance-2.0', 'text_to_video', 'completed', %(count)s)
"""


def team(name: str, *, granted: int = 10_000_000) -> Team:
    owner = User.objects.create_user(email=f"{name}@bench.local", password=None)
    made = teams.create_team(name=name, owner=owner)
    credits.grant(made, granted, note="bench")
    return made


def key(of: Team) -> str:
    return keys.issue(of, KeySettings(name="bench"), by=INSTALLATION)[1]


def submission(of: Team, *, secret: str) -> str:
    """The token of an attempt that runs, at the one account whose callbacks are signed with that secret."""
    account = ProviderAccount.objects.filter(label="bench").first()
    if account is None:
        account = ProviderAccount(provider="vibegen", label="bench", base_url="http://127.0.0.1:9")
        account.key = "bench"
        account.save()
        provider_accounts.sign_callbacks(account, scheme="standard_webhooks", secret=secret)
    resolved = catalog.resolve(GenerationRequest.from_mapping({"prompt": "A clip that runs"}))
    generation, _ = lifecycle.create(resolved, pricing.quote(resolved), asker=lifecycle.Asker(team_id=of.id))
    made = Submission.objects.create(generation=generation, account=account, created_at=timezone.now())
    return made.token


def generations(of: Team, count: int) -> None:
    """That many completed generations with their assets, none of them paid for."""
    with connection.cursor() as cursor:
        for statement in (_MANY, _OUTPUTS, _COUNT):
            cursor.execute(statement, {"team_id": of.id, "count": count})
        cursor.execute("ANALYZE")


def cookie(of: Team) -> str:
    """A session cookie of the team's owner."""
    user = User.objects.get(memberships__team=of)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}"
