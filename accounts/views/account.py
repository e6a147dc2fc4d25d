from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.forms import AccountForm
from accounts.middleware import keep_language


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.VIEW)
def account(request: TeamHttpRequest) -> HttpResponse:
    form = AccountForm(request.POST if request.method == "POST" else None, instance=request.user)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "accounts/account.html", {"form": form}, status=status)
    user = form.save()
    with override(user.language or request.LANGUAGE_CODE):
        messages.success(request, _("Saved."))
    response = redirect("accounts:account")
    if "language" in form.changed_data:
        keep_language(response, user.language)
    return response
