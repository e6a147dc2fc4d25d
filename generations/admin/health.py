"""The operator's page of how all provider accounts stand, which keeps itself up to date."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from generations.account_health import ENDLESS, LOOKED_BACK, all_accounts
from project.http import render_fragment

# Each look puts off the end of the session, so a page that somebody forgot must not go on for ever.
KEPT_UP_SECONDS = 3600


def show_health(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """The page, or for htmx the table alone."""
    opened = _opened(request)
    context = {
        **frame,
        "title": _("Health of provider accounts"),
        "accounts": all_accounts(),
        "now": timezone.now(),
        "opened": opened,
        "is_kept_up": time.time() - opened < KEPT_UP_SECONDS,
        "endless_minutes": int(ENDLESS.total_seconds() // 60),
        "looked_back_minutes": int(LOOKED_BACK.total_seconds() // 60),
    }
    return render_fragment(request, "admin/generations/provideraccount/health.html", context, fragment="accounts")


def _opened(request: HttpRequest) -> int:
    """When the page was opened, in seconds since the epoch: the address that the table asks for itself says it."""
    given, now = request.GET.get("opened", ""), int(time.time())
    is_moment = given.isascii() and given.isdigit() and len(given) < 12
    return min(int(given), now) if request.htmx and is_moment else now  # type: ignore[attr-defined]
