"""A key as its pages show it: its state in words, its secrets, what it has spent and when it was last used."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import budgets, usage
from accounts.models import ApiKey, ApiSecret, Team
from accounts.usage import DailyUsage

WARN_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """`tone` is the class of the word: ok, warn, bad, or none for what is over."""

    word: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """`secrets` are all that the key has had, newest first; `zone` is the team's."""

    key: ApiKey
    secrets: list[ApiSecret]
    usage: DailyUsage
    used_this_month: int
    zone: ZoneInfo
    now: datetime

    @property
    def current(self) -> ApiSecret | None:
        return next((secret for secret in self.secrets if secret.is_current), None)

    @property
    def old(self) -> list[ApiSecret]:
        """Those that were replaced and still work."""
        if not self.key.is_live:
            return []
        return [secret for secret in self.secrets if not secret.is_current and secret.is_valid_at(self.now)]

    @property
    def ended(self) -> list[ApiSecret]:
        return [secret for secret in self.secrets if not secret.is_valid_at(self.now)]

    @property
    def last_use(self) -> ApiSecret | None:
        """The secret that was used last, for its time and address."""
        used = [secret for secret in self.secrets if secret.last_used_at]
        return max(used, key=lambda secret: secret.last_used_at or self.now, default=None)

    @property
    def last_day(self) -> date | None:
        return self.key.expires_at and last_day(self.key.expires_at, self.zone)

    @property
    def state(self) -> KeyState:
        if self.key.is_revoked:
            return KeyState(word=_("Revoked"))
        if self.key.is_expired:
            return KeyState(word=_("Expired"), tone="bad")
        if self.last_day is None or (days := (self.last_day - self.now.astimezone(self.zone).date()).days) > WARN_DAYS:
            return KeyState(word=_("Live"), tone="ok")
        if days <= 0:
            return KeyState(word=_("Expires today"), tone="warn")
        word = ngettext("Expires in %(days)s day", "Expires in %(days)s days", days) % {"days": days}
        return KeyState(word=word, tone="warn")


def of_team(team: Team) -> list[KeyRow]:
    """All keys of the team, newest first, the revoked ones last."""
    keys = team.api_keys.order_by(F("revoked_at").desc(nulls_first=True), "-created_at")
    used = budgets.used_this_month(team)["key"]
    return _rows(team, list(keys.prefetch_related("secrets")), used)


def of_key(key: ApiKey, used_this_month: int) -> KeyRow:
    return _rows(key.team, [key], {key.pk: used_this_month})[0]


def last_day(expires_at: datetime, zone: ZoneInfo) -> date:
    """The last day on which a key still works: what ends at midnight ends the day before."""
    return (expires_at - timedelta(microseconds=1)).astimezone(zone).date()


def _rows(team: Team, keys: list[ApiKey], used: dict[UUID, int]) -> list[KeyRow]:
    now = timezone.now()
    spent = usage.of_keys(team, keys, at=now)
    return [
        KeyRow(
            key=key,
            secrets=list(key.secrets.all()),
            usage=spent[key.pk],
            used_this_month=used.get(key.pk, 0),
            zone=ZoneInfo(team.time_zone),
            now=now,
        )
        for key in keys
    ]
