from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.access import TeamHttpRequest, current_membership, memberships
from accounts.forms import AccountForm
from accounts.mfa import lacks_two_factor, two_factor_of
from accounts.middleware import keep_language


def own_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of one's own, open to whoever is signed in, whatever the team asks for.

    The frame shows the current team where that lets them in.
    """

    @wraps(view)
    def guarded(request: TeamHttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if memberships(request):  # to look at oneself makes nobody a team
            membership = current_membership(request)
            if not lacks_two_factor(membership):
                request.membership, request.team = membership, membership.team
        return view(request, *args, **kwargs)

    return cache_control(private=True, no_store=True)(login_required(guarded))


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def account(request: TeamHttpRequest) -> HttpResponse:
    form = AccountForm(request.POST if request.method == "POST" else None, instance=request.user)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"form": form, "two_factor": two_factor_of(request.user)}
        return render(request, "accounts/account.html", context, status=status)
    user = form.save()
    with override(user.language or request.LANGUAGE_CODE):
        messages.success(request, _("Saved."))
    response = redirect("accounts:account")
    if "language" in form.changed_data:
        keep_language(response, user.language)
    return response
