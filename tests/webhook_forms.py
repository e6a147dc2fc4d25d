"""What the tests of the pages of webhook endpoints share: their forms as a browser sends them, and what is read."""

import re
from uuid import uuid4

from django.utils import timezone

from accounts.models import WebhookEndpoint
from accounts.webhooks import health
from accounts.webhooks.versions import version_of
from tests.pages import text_of

URL = "/webhooks/"
NEW_URL = "/webhooks/new/"
SIGNING_URL = "/webhooks/signing-secret/"
ROTATE_SIGNING_URL = "/webhooks/signing-secret/rotate/"
ACTIONS = ("rotate/", "test/", "pause/", "resume/", "enable/", "delete/")
HOOK = "https://hooks.example.com/filmgate"


def endpoint_url(endpoint, action=""):
    return f"/webhooks/endpoints/{endpoint.pk}/{action}"


def settings_form(**given):
    return {"url": HOOK, "description": "", "events": ["task.completed"], **given}


def new_form(**given):
    return settings_form(form_key=str(uuid4()), **given)


def rotate_form(endpoint, **given):
    return {"current": version_of(endpoint), "grace": "3600", **given}


def seen_in(response):
    """What a page says that it has shown."""
    return re.search(r'name="seen"\s+value="([^"]+)"', text_of(response))[1]


def secret_in(response, name="new-secret"):
    found = re.search(rf'<code id="{name}">([^<]+)</code>', text_of(response))
    return found and found[1]


def errors_of(response):
    return {field: list(errors) for field, errors in response.context["form"].errors.items()}


def disable(endpoint, *, status_code=410):
    """As an answer of 410 does, from where it is sent to now."""
    endpoint.refresh_from_db()
    health.note(endpoint, endpoint.url, status_code, is_success=False, now=timezone.now())
    return WebhookEndpoint.objects.get(pk=endpoint.pk)
