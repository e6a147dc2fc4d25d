"""What the tests of the pages of API keys share: their forms as a browser sends them, and what is read from answers."""

import re
from uuid import uuid4

from accounts import credits
from accounts.models import AuditEntry
from tests.pages import text_of

URL = "/keys/"
NEW_URL = "/keys/new/"


def key_url(key, action=""):
    return f"/keys/{key.pk}/{action}"


def settings_form(**given):
    """The form with settings as a browser sends it, where nothing but the name was filled in."""
    form = {"name": "Renderer", "scopes": ["generate", "read"], "expiry": "never", "rate_plan": "standard"}
    blank = ("networks", "expiry_date", "rate_limit", "rate_seconds", "max_in_progress")
    blank += ("monthly_budget_credits", "lifetime_budget_credits")
    return {**dict.fromkeys(blank, ""), **form, **given}


def new_form(**given):
    return {**settings_form(), "form_key": str(uuid4()), **given}


def seen_in(response):
    """What a page says that it has shown."""
    return re.search(r'name="seen"\s+value="([^"]+)"', text_of(response))[1]


def sent_with(browser, key, **given):
    """The form of the key's page, opened now, as a browser sends it where nothing is touched."""
    kept = {name: "" if value is None else value for name, value in settings_of(key).items()}
    return settings_form(**kept, **given, seen=seen_in(browser.get(key_url(key))))


def settings_of(key):
    return {
        "name": key.name,
        "scopes": key.scopes,
        "networks": "\r\n".join(key.allowed_networks),
        "rate_plan": key.rate_plan,
        "monthly_budget_credits": key.monthly_budget_credits,
        "lifetime_budget_credits": key.lifetime_budget_credits,
    }


def rotate_form(key, **given):
    return {"current": str(current_of(key).pk), "grace": "3600", **given}


def current_of(key):
    return key.secrets.get(valid_until=None)


def secret_in(response):
    found = re.search(r'<code id="new-key">([^<]+)</code>', text_of(response))
    return found and found[1]


def errors_of(response):
    return {field: list(errors) for field, errors in response.context["form"].errors.items()}


def actions():
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def spend(key, amount):
    hold_id = uuid4()
    credits.hold(key.team_id, amount, hold_id=hold_id, api_key_id=key.pk)
    credits.capture(hold_id, amount)
