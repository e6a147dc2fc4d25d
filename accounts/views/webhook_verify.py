"""How to tell that a webhook is ours, in three languages to copy, and what a receiver has to know besides."""

from functools import cache
from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import webhooks
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.webhooks.delivery import TOTAL_SECONDS

FOLDER = Path(webhooks.__file__).parent / "verifiers"
VERIFIERS = (("verify.py", "Python"), ("verify.js", "JavaScript"), ("verify.sh", "curl"))


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def verify(request: TeamHttpRequest) -> HttpResponse:
    verifiers = [(file, name, _text(file)) for file, name in VERIFIERS]
    return render(request, "accounts/webhook_verify.html", {"verifiers": verifiers, "seconds": TOTAL_SECONDS})


@cache
def _text(file: str) -> str:
    return (FOLDER / file).read_text("utf-8")
