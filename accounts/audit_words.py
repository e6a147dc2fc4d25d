"""What the audit log tells, in words: who, and what changed from what to what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts import devices
from accounts.models import AuditAction, AuditEntry, RatePlan, Role, Scope, WebhookEndpoint
from accounts.money import money

LABELS = {
    "address": gettext_lazy("address"),
    "alert_url": gettext_lazy("webhook URL for alerts"),
    "allowed_models": gettext_lazy("models"),
    "allowed_networks": gettext_lazy("networks"),
    "amount": gettext_lazy("amount"),
    "available": gettext_lazy("then available"),
    "browser": gettext_lazy("device"),
    "change": gettext_lazy("change"),
    "count": gettext_lazy("number"),
    "credits": gettext_lazy("credits"),
    "description": gettext_lazy("description"),
    "email": gettext_lazy("e-mail address"),
    "ended_secrets": gettext_lazy("old secrets ended"),
    "events": gettext_lazy("events"),
    "expires_at": gettext_lazy("expires"),
    "grace_seconds": gettext_lazy("old secret valid for"),
    "is_active": pgettext_lazy("an account", "active"),
    "is_staff": gettext_lazy("operator"),
    "is_superuser": gettext_lazy("superuser"),
    "lifetime_budget_credits": gettext_lazy("lifetime budget"),
    "low_balance_credits": gettext_lazy("low-balance alert below"),
    "max_in_progress": gettext_lazy("at once"),
    "method": gettext_lazy("method"),
    "monthly_allowance_credits": gettext_lazy("monthly allowance"),
    "monthly_budget_credits": gettext_lazy("monthly budget"),
    "name": gettext_lazy("name"),
    "note": gettext_lazy("note"),
    "package": gettext_lazy("package"),
    "rate_limit": gettext_lazy("requests"),
    "rate_plan": gettext_lazy("rate plan"),
    "rate_seconds": gettext_lazy("within"),
    "reason": gettext_lazy("reason"),
    "refunded": gettext_lazy("refunded"),
    "refunded_amount": gettext_lazy("money given back"),
    "requires_two_factor": gettext_lazy("two-factor sign-in required"),
    "returned_credits": gettext_lazy("credits taken back"),
    "role": gettext_lazy("role"),
    "scopes": gettext_lazy("scopes"),
    "time_zone": gettext_lazy("time zone"),
    "unreturned_credits": gettext_lazy("credits that were spent already"),
    "url": gettext_lazy("URL"),
}
# What is written down of an account, in words: a method may be several, "password, totp".
METHODS = {
    "code": gettext_lazy("code"),
    "mfa": gettext_lazy("second factor"),
    "passkey": gettext_lazy("passkey"),
    "password": gettext_lazy("password"),
    "password_reset": gettext_lazy("password reset"),
    "recovery_codes": gettext_lazy("recovery code"),
    "totp": gettext_lazy("authenticator app"),
    "webauthn": gettext_lazy("passkey"),
}
CHANGES = {
    "address added": gettext_lazy("address added"),
    "address removed": gettext_lazy("address removed"),
    "authenticator app added": gettext_lazy("authenticator app added"),
    "authenticator app removed": gettext_lazy("authenticator app removed"),
    "new recovery codes": gettext_lazy("new recovery codes"),
    "passkey added": gettext_lazy("passkey added"),
    "passkey removed": gettext_lazy("passkey removed"),
    "recovery codes removed": gettext_lazy("recovery codes removed"),
}
AMOUNTS = ("amount", "refunded_amount")


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of what an entry tells. `before` is None where nothing changed: then `after` is a plain figure."""

    label: str
    before: str | None
    after: str

    def __str__(self) -> str:
        words = {"label": self.label, "before": self.before, "after": self.after}
        return (_("%(label)s: %(after)s") if self.before is None else _("%(label)s: %(before)s → %(after)s")) % words


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry in words. `who` is a name; `email` is empty where no member did it, `ip` where an operator did."""

    entry: AuditEntry
    who: str
    email: str
    ip: str
    details: list[Detail]


def told(entry: AuditEntry) -> AuditLine:
    """`entry.by_member` says whether its user is a member of its team: an operator is not named to a team."""
    user = entry.user
    who, email, ip = "Filmgate", "", entry.ip or ""
    if entry.api_key:
        who = entry.api_key.name
    elif user and (entry.by_member or not user.is_staff):  # type: ignore[attr-defined]
        who, email = user.display_name, user.email
    elif user:
        who, ip = _("Operator"), ""
    elif entry.action == AuditAction.SIGN_IN_FAILED:
        who = _("Unknown")
    return AuditLine(entry, who, email, ip, list(_details(entry.detail)))


def _details(detail: dict[str, Any]) -> Iterator[Detail]:
    currency = str(detail.get("currency", ""))
    for field, value in detail.items():
        if field == "currency" and not set(AMOUNTS).isdisjoint(detail):
            continue
        if field == "system":  # told with the browser
            continue
        label = capfirst(str(LABELS.get(field, field.replace("_", " "))))
        if field == "url" and isinstance(value, list) and value[0] == value[1]:
            yield Detail(label, None, _("%(url)s, with another path") % {"url": value[0]})
        elif isinstance(value, list) and len(value) == 2:  # from and to
            yield Detail(label, *(_words(field, each, currency) for each in value))
        elif field == "browser":
            yield Detail(label, None, devices.in_words(value, detail.get("system", "")))
        else:
            yield Detail(label, None, _words(field, value, currency))


def _words(field: str, value: Any, currency: str) -> str:
    match value:
        case None | "" | []:
            return pgettext("nothing is set", "none")
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(str(each) for each in value)
        case int() if field in AMOUNTS and currency:
            return str(money(value, currency))
        case int() if field.endswith("_seconds"):
            return span(value)
        case int():
            return str(intcomma(value, False))
        case str() if field == "role" and value in Role.values:
            return str(Role(value).label)
        case str() if field == "rate_plan" and value in RatePlan.values:
            return str(RatePlan(value).label)
        case str() if field == "scopes":
            return ", ".join(Scope(each).word if each in Scope.values else each for each in value.split(", "))
        case str() if field == "method":
            return ", ".join(str(METHODS.get(each, each)) for each in value.split(", "))
        case str() if field == "reason" and value in WebhookEndpoint.Reason.values:
            return str(WebhookEndpoint.Reason(value).label)
        case str() if field == "change":
            return str(CHANGES.get(value, value))
        case str() if field.endswith("_at") and (moment := parse_datetime(value)):
            return f"{date_format(moment, 'DATETIME_FORMAT')} {moment:%Z}".strip()
    return str(value)


def span(seconds: int) -> str:
    """In the largest unit that tells it whole."""
    if seconds and seconds % 86400 == 0:
        days = seconds // 86400
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if seconds and seconds % 3600 == 0:
        hours = seconds // 3600
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    if seconds and seconds % 60 == 0:
        minutes = seconds // 60
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
