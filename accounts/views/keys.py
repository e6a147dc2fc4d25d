from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import budgets, key_rows, keys, questions
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms import KeyForm, NewKeyForm, RotateForm
from accounts.keys import AlreadyIssued, KeyRevoked, NotCurrent, TooManyKeys
from accounts.models import ApiKey
from accounts.refusals import InvalidSetting
from project.confirming import ask, is_confirmed
from project.http import post_to, render_fragment

from .refused import answered


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def key_list(request: TeamHttpRequest) -> HttpResponse:
    return render(request, "accounts/keys.html", {"rows": key_rows.of_team(request.team)})


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
@sensitive_variables("secret")
def new(request: TeamHttpRequest) -> HttpResponse:
    """Making a key answers with its secret in the page: there is no second time, so no redirect."""
    form = NewKeyForm(request.POST if request.method == "POST" else None, team=request.team)
    if not form.is_valid():
        return _new_page(request, status=422 if form.is_bound else 200, form=form)
    try:
        with answered():
            key_id = form.cleaned_data["form_key"]
            key, secret = keys.issue(request.team, form.settings(), by=actor_of(request), key_id=key_id)
    except AlreadyIssued:
        messages.warning(request, _("This form has made its key already. A secret is shown once: rotate a lost one."))
        return _go(request, reverse("accounts:keys"))
    except TooManyKeys as refusal:
        form.add_error(None, _too_many(refusal.limit))
        return _new_page(request, status=422, form=form)
    return _new_page(request, key=key, secret=secret, warning=_own_address_warning(request, key))


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def key(request: TeamHttpRequest, key_id: UUID) -> HttpResponse:
    """All of a key, and the form that changes its settings."""
    key = _found(request, key_id)
    form = KeyForm(request.POST if request.method == "POST" else None, team=request.team, key=key)
    if not form.is_valid():
        return _key_page(request, key, status=422 if form.is_bound else 200, form=form)
    try:
        with answered():
            key = keys.change_some(key, form.changes(), by=actor_of(request))
    except KeyRevoked:
        return _revoked_meanwhile(request, key)
    except TooManyKeys as refusal:
        form.add_error("expiry", _too_many(refusal.limit))
        return _key_page(request, key, status=422, form=form)
    except InvalidSetting as refusal:
        form.refuse(refusal)
        return _key_page(request, key, status=422, form=form)
    messages.success(request, _("Saved."))
    if warning := _own_address_warning(request, key):
        messages.warning(request, warning)
    return redirect("accounts:key", key.pk)


@post_to("accounts:key", "key_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
@sensitive_variables("secret")
def rotate(request: TeamHttpRequest, key_id: UUID) -> HttpResponse:
    """The page with the new secret in it; sent again, the same form rotates nothing and shows nothing."""
    key = _found(request, key_id)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return _key_page(request, key, fragment="secrets", status=422, rotate_form=form)
    if not form.cleaned_data["grace"] and not is_confirmed(request):
        return ask(request, questions.of_rotating_at_once(), cancel=_url(key))
    current_id = form.cleaned_data["current"]
    try:
        with answered():
            secret = keys.rotate(key, grace=form.cleaned_data["grace"], by=actor_of(request), current_id=current_id)
    except KeyRevoked:
        return _revoked_meanwhile(request, key)
    except NotCurrent:
        messages.warning(request, _("That secret had been replaced already, and nothing more was done."))
        return _go(request, _url(key))
    return _key_page(request, key, fragment="secrets", secret=secret, replaced_id=current_id)


@post_to("accounts:key", "key_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def end_old(request: TeamHttpRequest, key_id: UUID) -> HttpResponse:
    key = _found(request, key_id)
    if not is_confirmed(request):
        return ask(request, questions.of_ending_old_secrets(), cancel=_url(key))
    try:
        with answered():
            keys.end_old_secrets(key, by=actor_of(request))
    except KeyRevoked:
        return _revoked_meanwhile(request, key)
    messages.success(request, _("Only the current secret works now."))
    return redirect("accounts:key", key.pk)


@post_to("accounts:key", "key_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_KEYS)
def revoke(request: TeamHttpRequest, key_id: UUID) -> HttpResponse:
    key = _found(request, key_id)
    if not is_confirmed(request):
        return ask(request, questions.of_revoking(key), cancel=_url(key))
    with answered():
        keys.revoke(key, by=actor_of(request))
    messages.success(request, _("The key has been revoked."))
    return redirect("accounts:keys")


def _found(request: TeamHttpRequest, key_id: UUID) -> ApiKey:
    return get_object_or_404(request.team.api_keys.select_related("created_by"), pk=key_id)


def _new_page(request: TeamHttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    context["api_url"] = f"{settings.PUBLIC_URL}/api/v1"
    return render_fragment(request, "accounts/key_new.html", context, fragment="new-key", status=status)


def _key_page(
    request: TeamHttpRequest,
    key: ApiKey,
    *,
    fragment: str = "key",
    status: int = 200,
    form: KeyForm | None = None,
    rotate_form: RotateForm | None = None,
    **context: Any,
) -> HttpResponse:
    used = budgets.of_key(key)
    row = key_rows.of_key(key, used.monthly.used)
    context |= {
        "row": row,
        "key": key,
        "budgets": used,
        "revoking": questions.of_revoking(key),
        "ending_old": questions.of_ending_old_secrets(),
        "rotating_at_once": questions.of_rotating_at_once(),
        "form": form or KeyForm(team=request.team, key=key),
        "rotate_form": rotate_form or RotateForm(initial={"current": row.current and row.current.pk}),
    }
    return render_fragment(request, "accounts/key.html", context, fragment=fragment, status=status)


def _url(key: ApiKey) -> str:
    return reverse("accounts:key", args=[key.pk])


def _go(request: TeamHttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _revoked_meanwhile(request: TeamHttpRequest, key: ApiKey) -> HttpResponse:
    messages.error(request, _("The key has been revoked, and cannot be changed any more."))
    return _go(request, _url(key))


def _too_many(limit: int) -> str:
    return _("A team can have %(limit)s live keys. Revoke one that is not needed any more.") % {"limit": limit}


def _own_address_warning(request: TeamHttpRequest, key: ApiKey) -> str:
    own = actor_of(request).ip
    if own is None or keys.accepts_from(key, own):
        return ""
    text = _("Your own address, %(address)s, is not among those that this key may be used from.")
    return text % {"address": own}
