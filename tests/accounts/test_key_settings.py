from datetime import UTC, datetime, timedelta, timezone

import pytest

from accounts.key_settings import KeySettings, check, model_choices
from accounts.models.credits import MAX_CREDITS
from accounts.refusals import InvalidSetting

LIMITS = ("max_in_progress", "monthly_budget_credits", "lifetime_budget_credits")


def refusal_of(**settings) -> tuple[str, str]:
    with pytest.raises(InvalidSetting) as refusal:
        check(KeySettings(**{"name": "robot", **settings}))
    assert refusal.value.message
    return refusal.value.field, refusal.value.constraint


def test_what_is_not_said_has_a_plain_default():
    assert check(KeySettings(name="robot")) == KeySettings(name="robot", scopes=("generate", "read"))


def test_what_is_kept_is_trimmed_in_order_and_nothing_twice():
    kept = check(
        KeySettings(
            name="  robot ",
            scopes=("read", "generate", "read"),
            allowed_models=("seedance-2.0", "Seedance 2.0"),
            allowed_networks=("10.1.1.1/8", "10.0.0.0/8", "::1/128"),
            expires_at=datetime(2031, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))),
        )
    )

    assert kept.name == "robot"
    assert kept.scopes == ("generate", "read")
    assert kept.allowed_models == ("seedance-2.0",)
    assert kept.allowed_networks == ("10.0.0.0/8", "::1")
    assert kept.expires_at == datetime(2031, 1, 1, tzinfo=UTC)
    assert check(kept) == kept


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("", "required"),
        (" \n", "required"),
        ("a" * 101, "max_length"),
        ("a\0b", "text"),
        ("\ud800", "text"),
        (7, "type"),
    ],
)
def test_a_name_is_text_of_some_length(name, constraint):
    assert refusal_of(name=name) == ("name", constraint)


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"scopes": ()}, ("scopes", "required")),
        ({"scopes": ("read", "admin")}, ("scopes", "one_of")),
        ({"scopes": "read"}, ("scopes", "type")),
        ({"scopes": (1,)}, ("scopes", "type")),
        ({"allowed_models": ("sora",)}, ("allowed_models", "one_of")),
        ({"allowed_networks": ("here",)}, ("allowed_networks", "network")),
        ({"allowed_networks": tuple(f"10.0.0.{n}" for n in range(21))}, ("allowed_networks", "max_items")),
        ({"rate_plan": "gold"}, ("rate_plan", "one_of")),
        ({"rate_plan": "own"}, ("rate_limit", "required")),
        ({"rate_plan": "own", "rate_limit": 5}, ("rate_seconds", "required")),
        ({"rate_plan": "free", "rate_limit": 5}, ("rate_limit", "own_plan")),
        ({"rate_seconds": 5}, ("rate_seconds", "own_plan")),
        ({"rate_plan": "own", "rate_limit": 0, "rate_seconds": 1}, ("rate_limit", "range")),
        ({"rate_plan": "own", "rate_limit": 1, "rate_seconds": 2**31}, ("rate_seconds", "range")),
        ({"max_in_progress": 0}, ("max_in_progress", "range")),
        ({"expires_at": datetime(2031, 1, 1)}, ("expires_at", "type")),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, ("expires_at", "future")),
        ({"expires_at": datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12)))}, ("expires_at", "range")),
        ({"expires_at": "2031-01-01T00:00:00Z"}, ("expires_at", "type")),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(settings, refusal):
    assert refusal_of(**settings) == refusal


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("figure", [-1, 0.1, 5.0, "5", True, 2**63])
def test_limits_are_whole_and_not_negative(field, figure):  # L12
    assert refusal_of(**{field: figure})[0] == field


@pytest.mark.parametrize("field", LIMITS[1:])
def test_a_budget_may_be_nothing_or_nearly_everything(field):
    for figure in (0, MAX_CREDITS):
        assert getattr(check(KeySettings(name="robot", **{field: figure})), field) == figure


def test_what_was_so_before_is_not_judged_by_today():
    before = KeySettings(name="robot", allowed_models=("retired",), expires_at=datetime(2020, 1, 1, tzinfo=UTC))

    assert check(before, before=before) == before


def test_the_models_offered_are_those_of_the_catalog():
    assert ("seedance-2.0", "Seedance 2.0") in model_choices()
