from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.forms import KeyForm
from accounts.keys import issue
from accounts.keys import revoke as revoke_key
from accounts.webhooks.signing import secret_for
from project.http import render_fragment


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
@sensitive_variables("secret")
def keys(request: TeamHttpRequest) -> HttpResponse:
    """The team's keys. Making one answers with its secret in the page: there is no second time, so no redirect."""
    form = KeyForm(request.POST or None)
    if request.method != "POST":
        return _page(request, form=KeyForm())
    if not form.is_valid():
        return _page(request, status=422, form=form)
    key, secret = issue(request.team, name=form.cleaned_data["name"], created_by=request.user)
    return _page(request, form=KeyForm(), issued=key, secret=secret)


@require_POST
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def revoke(request: TeamHttpRequest, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(request.team.api_keys, pk=key_id)
    revoke_key(key)
    if request.htmx:
        return _page(request, form=KeyForm())
    messages.success(request, _("The key has been revoked."))
    return redirect("accounts:keys")


@require_POST
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def signing_secret(request: TeamHttpRequest) -> HttpResponse:
    """The page with the secret that signs our webhooks, which is not in it until it is asked for."""
    return _page(request, fragment="signing-secret", form=KeyForm(), signing_secret=secret_for(request.team))


def _page(request: TeamHttpRequest, *, status: int = 200, fragment: str = "keys", **context: Any) -> HttpResponse:
    context["keys"] = request.team.api_keys.order_by(F("revoked_at").desc(nulls_first=True), "-created_at")
    context["api_url"] = f"{settings.PUBLIC_URL}/api/v1"
    return render_fragment(request, "accounts/keys.html", context, fragment=fragment, status=status)
