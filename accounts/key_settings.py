"""What may be set on an API key, judged in one place for the pages, the API and the command line."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings as installation
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import names, networks
from accounts.models import ApiKey, RatePlan, Scope
from accounts.models.credits import MAX_CREDITS
from accounts.refusals import InvalidSetting

MAX_NAME_CHARACTERS = 100
MAX_NETWORKS = 20
MAX_IN_PROGRESS = 1_000_000
MAX_RATE_LIMIT = 1_000_000_000
MAX_RATE_SECONDS = 31 * 24 * 3600
LAST_YEAR = 9998


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """All that its team may set on a key. Empty or None is no limit; a budget of 0 is a stop."""

    name: str
    scopes: tuple[str, ...] = (Scope.GENERATE.value, Scope.READ.value)
    allowed_models: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    rate_plan: str = RatePlan.STANDARD.value
    rate_limit: int | None = None
    rate_seconds: int | None = None
    max_in_progress: int | None = None
    monthly_budget_credits: int | None = None
    lifetime_budget_credits: int | None = None
    expires_at: datetime | None = None

    @classmethod
    def of(cls, key: ApiKey) -> "KeySettings":
        values = {each.name: getattr(key, each.name) for each in fields(cls)}
        return cls(**with_tuples(values))

    def columns(self) -> dict[str, Any]:
        """The values as ApiKey's columns hold them."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they come from a column or a JSON body, with tuples for their lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def check(settings: KeySettings, *, before: KeySettings | None = None) -> KeySettings:
    """The settings as they will be kept: trimmed, in order, nothing twice. Raises InvalidSetting.

    What is as it was `before` is not judged by today: an end that has passed, a model that is no longer offered.
    """
    _check_rate(settings)
    return replace(
        settings,
        name=_name(settings.name),
        scopes=_scopes(settings.scopes),
        allowed_models=_models(settings.allowed_models, before.allowed_models if before else ()),
        allowed_networks=_networks(settings.allowed_networks),
        max_in_progress=_whole("max_in_progress", settings.max_in_progress, 1, MAX_IN_PROGRESS),
        monthly_budget_credits=_whole("monthly_budget_credits", settings.monthly_budget_credits, 0, MAX_CREDITS),
        lifetime_budget_credits=_whole("lifetime_budget_credits", settings.lifetime_budget_credits, 0, MAX_CREDITS),
        expires_at=_end(settings.expires_at, before.expires_at if before else None),
    )


def model_choices() -> list[tuple[str, str]]:
    """The models that a key can be kept to, as [(slug, label)]: the installation's, by MODEL_CHOICES."""
    return cast(Callable[[], list[tuple[str, str]]], import_string(installation.MODEL_CHOICES))()


def _name(name: str) -> str:
    if not isinstance(name, str):
        raise InvalidSetting("name", "type", _("The name must be text."), "a string")
    name = name.strip()
    if not name:
        raise InvalidSetting("name", "required", _("Give the key a name."))
    if len(name) > MAX_NAME_CHARACTERS:
        message = _("The name may have %(most)d characters.") % {"most": MAX_NAME_CHARACTERS}
        raise InvalidSetting("name", "max_length", message, MAX_NAME_CHARACTERS)
    if not names.is_plain(name):
        raise InvalidSetting("name", "text", names.hidden_words())
    return name


def _scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    given = set(_texts("scopes", scopes))
    if not given <= set(Scope.values):
        offered = ", ".join(Scope.values)
        raise InvalidSetting("scopes", "one_of", _("Scopes are: %(scopes)s.") % {"scopes": offered}, Scope.values)
    if not given:
        raise InvalidSetting("scopes", "required", _("Choose at least one scope."))
    return tuple(scope for scope in Scope.values if scope in given)


def _models(models: Iterable[str], before: tuple[str, ...]) -> tuple[str, ...]:
    """Their slugs. As everywhere, names match without regard to case, spaces, dots and dashes."""
    given = _texts("allowed_models", models)
    offered = [slug for slug, label in model_choices()]
    slugs = {_folded(slug): slug for slug in (*before, *offered)}
    if unknown := [name for name in given if _folded(name) not in slugs]:
        message = _("Unknown model: %(model)s.") % {"model": unknown[0][:60]}
        raise InvalidSetting("allowed_models", "one_of", message, offered)
    return tuple(dict.fromkeys(slugs[_folded(name)] for name in given))


def _folded(name: str) -> str:
    return re.sub(r"[\s._-]+", "", name).lower()


def _networks(given: Iterable[str]) -> tuple[str, ...]:
    texts = _texts("allowed_networks", given)
    if len(texts) > MAX_NETWORKS:
        message = _("A key can have %(most)d addresses or ranges.") % {"most": MAX_NETWORKS}
        raise InvalidSetting("allowed_networks", "max_items", message, MAX_NETWORKS)
    found = {}
    for text in texts:
        try:
            found[networks.normalised(text)] = True
        except ValueError as error:
            message = _("“%(text)s” is not an IP address or a range such as 203.0.113.0/24.") % {"text": text[:60]}
            raise InvalidSetting("allowed_networks", "network", message) from error
    return tuple(found)


def _texts(field: str, given: Iterable[str]) -> list[str]:
    texts = [] if isinstance(given, str) else list(given)
    if isinstance(given, str) or not all(isinstance(text, str) for text in texts):
        raise InvalidSetting(field, "type", _("This must be a list of texts."), "a list of strings")
    return texts


def _check_rate(settings: KeySettings) -> None:
    if settings.rate_plan not in RatePlan.values:
        message = _("Rate plans are: %(plans)s.") % {"plans": ", ".join(RatePlan.values)}
        raise InvalidSetting("rate_plan", "one_of", message, RatePlan.values)
    for field, most in (("rate_limit", MAX_RATE_LIMIT), ("rate_seconds", MAX_RATE_SECONDS)):
        value = _whole(field, getattr(settings, field), 1, most)
        if settings.rate_plan == RatePlan.OWN and value is None:
            raise InvalidSetting(field, "required", _("A plan of your own needs both figures: requests and seconds."))
        if settings.rate_plan != RatePlan.OWN and value is not None:
            raise InvalidSetting(field, "own_plan", _("This figure belongs to a plan of your own."))


def _whole(field: str, value: int | None, least: int, most: int) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise InvalidSetting(field, "type", _("This must be a whole number."), "a whole number")
    if not least <= value <= most:
        message = _("This must be from %(least)d to %(most)d.") % {"least": least, "most": most}
        raise InvalidSetting(field, "range", message, [least, most])
    return value


def _end(expires_at: datetime | None, before: datetime | None) -> datetime | None:
    if expires_at is None or expires_at == before:
        return expires_at
    if not isinstance(expires_at, datetime) or timezone.is_naive(expires_at):
        message = _("The end must be a moment with its time zone.")
        raise InvalidSetting("expires_at", "type", message, "date-time")
    if expires_at.year > LAST_YEAR:
        raise InvalidSetting("expires_at", "range", _("The end lies too far away."), LAST_YEAR)
    if expires_at <= timezone.now():
        raise InvalidSetting("expires_at", "future", _("The end must lie in the future."))
    return expires_at.astimezone(UTC)
