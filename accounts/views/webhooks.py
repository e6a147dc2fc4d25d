from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit_log, webhook_questions, webhook_rows
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.webhooks import NewEndpointForm, RotateSecretForm
from accounts.models import AuditAction, WebhookSecret
from accounts.refusals import InvalidSetting
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoints import MAX_ENDPOINTS, AlreadyCreated, TooManyEndpoints
from accounts.webhooks.versions import NotCurrent, version_of
from project.confirming import ask, is_confirmed
from project.http import post_to, render_fragment

from .refused import answered


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def endpoint_list(request: TeamHttpRequest) -> HttpResponse:
    return _list_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
@sensitive_variables("secret")
def new(request: TeamHttpRequest) -> HttpResponse:
    """Making an endpoint answers with its secret in the page: there is no second time, so no redirect."""
    form = NewEndpointForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _new_page(request, status=422 if form.is_bound else 200, form=form)
    endpoint_id = form.cleaned_data["form_key"]
    try:
        with answered():
            endpoint, secret = endpoints.create(
                request.team, **form.settings(), by=actor_of(request), endpoint_id=endpoint_id
            )
    except AlreadyCreated:
        text = _("This form has made its endpoint already. A secret is shown once: rotate a lost one.")
        messages.warning(request, text)
        return go(request, reverse("accounts:webhooks"))
    except TooManyEndpoints as refusal:
        form.add_error(None, _too_many(refusal.limit))
        return _new_page(request, status=422, form=form)
    except InvalidSetting as refusal:
        form.add_error(refusal.field, refusal.message)
        return _new_page(request, status=422, form=form)
    return _new_page(request, endpoint=endpoint, secret=secret)


@post_to("accounts:webhooks")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
@sensitive_variables("secret")
def signing_secret(request: TeamHttpRequest) -> HttpResponse:
    """The page with the secret that signs what goes to callback URLs, which is not in it until it is asked for."""
    secret = signing.current(signing.secrets_of(request.team))
    audit_log.record(actor_of(request), AuditAction.SIGNING_SECRET_SHOWN, team=request.team)
    return _list_page(request, fragment="signing-secret", secret=secret)


@post_to("accounts:webhooks")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
@sensitive_variables("secret")
def rotate_signing_secret(request: TeamHttpRequest) -> HttpResponse:
    """The page with the new secret in it; sent again, the same form rotates nothing and shows nothing."""
    form = RotateSecretForm(request.POST)
    if not form.is_valid():
        return _list_page(request, fragment="signing-secret", status=422, rotate_form=form)
    grace = form.cleaned_data["grace"]
    if not grace and not is_confirmed(request):
        return ask(request, webhook_questions.of_rotating_at_once(), cancel=reverse("accounts:webhooks"))
    try:
        with answered():
            current = form.cleaned_data["current"]
            secret = endpoints.rotate_of_team(request.team, grace=grace, by=actor_of(request), current=current)
    except NotCurrent:
        messages.warning(request, _("That secret had been replaced already, and nothing more was done."))
        return go(request, reverse("accounts:webhooks"))
    return _list_page(request, fragment="signing-secret", secret=secret, is_new=True)


def go(request: TeamHttpRequest, url: str) -> HttpResponse:
    """On to another page, from a form or from htmx."""
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _list_page(
    request: TeamHttpRequest,
    *,
    fragment: str = "endpoints",
    status: int = 200,
    rotate_form: RotateSecretForm | None = None,
    **context: Any,
) -> HttpResponse:
    row = WebhookSecret.objects.filter(team=request.team).first()
    context |= {
        "rows": webhook_rows.of_team(request.team),
        "limit": MAX_ENDPOINTS,
        "signs_along_until": row and webhook_rows.signs_along_until(row),
        "rotate_form": rotate_form or RotateSecretForm(initial={"current": version_of(row)}, auto_id="callbacks-%s"),
        "rotating_at_once": webhook_questions.of_rotating_at_once(),
    }
    return render_fragment(request, "accounts/webhooks.html", context, fragment=fragment, status=status)


def _new_page(request: TeamHttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    return render_fragment(request, "accounts/webhook_new.html", context, fragment="new-endpoint", status=status)


def _too_many(limit: int) -> str:
    return _("A team can have %(limit)s endpoints. Delete one that is not needed any more.") % {"limit": limit}
