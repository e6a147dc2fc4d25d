"""Redeem codes: issued here, shown in the answer and never again."""

import base64
import csv
import io
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts.actors import actor_of
from accounts.billing import by_operator, redeem
from accounts.forms.fields import CreditsField
from accounts.models import RedeemCode
from accounts.models.credits import MAX_CREDITS, NOTE_CHARACTERS

from .read_only import ReadOnly


class IssueForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    count = forms.IntegerField(label=_("how many"), min_value=1, max_value=redeem.MOST_AT_ONCE)
    credits = CreditsField(label=_("credits each"), min_value=1, max_value=min(MAX_CREDITS, 2**31 - 1))
    note = forms.CharField(
        label=_("note"), max_length=NOTE_CHARACTERS, help_text=_("Who they are for. Only operators see it.")
    )
    expires_at = forms.DateTimeField(
        label=_("expires"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("UTC. Empty: never."),
    )

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError(gettext("This is over already."))
        return expires_at


@admin.register(RedeemCode)
class RedeemCodeAdmin(ReadOnly):
    list_display = ("hint", "credits", "note", "issued_by", "created_at", "expires_at", "redeemed_at", "team")
    list_select_related = ("issued_by", "team")
    list_filter = (("redeemed_at", admin.EmptyFieldListFilter),)
    search_fields = ("=hint", "note", "team__name")
    ordering = ("-created_at",)
    exclude = ("digest",)

    def get_urls(self) -> list[URLPattern]:
        own = path("issue/", self.admin_site.admin_view(never_cache(self.issue)), name="accounts_redeemcode_issue")
        return [own, *super().get_urls()]

    @sensitive_variables("codes", "context")
    def issue(self, request: HttpRequest) -> HttpResponse:
        """The form; posted, the codes. There is no second time, so no redirect, and the same form again issues none."""
        if not request.user.has_perm("accounts.add_redeemcode"):
            raise PermissionDenied
        form = IssueForm(request.POST or None, initial={"form_key": uuid4()})
        context: dict[str, Any] = {"form": form}
        if request.method == "POST" and form.is_valid():
            context = _issued(request, form.cleaned_data)
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Issue redeem codes")}
        return render(request, "admin/accounts/redeemcode/issue.html", context)


def _issued(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """The codes for the page, none where the form was posted before."""
    try:
        codes = _issue_once(request, given)
    except by_operator.AlreadyPosted:
        return {}
    return {"codes": codes, "csv": _csv(codes, given)}


@transaction.atomic
def _issue_once(request: HttpRequest, given: dict[str, Any]) -> list[str]:
    """Raises AlreadyPosted."""
    by = actor_of(request)
    by_operator.only_once(given["form_key"], team=None, by=by)
    return redeem.issue(**given, by=by)


def _csv(codes: list[str], given: dict[str, Any]) -> str:
    """In base64: the codes are nowhere but in this answer, so the file has to be in it too."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["code", "credits", "expires_at"])
    expires_at = given["expires_at"].isoformat() if given["expires_at"] else ""
    writer.writerows([code, given["credits"], expires_at] for code in codes)
    return base64.b64encode(file.getvalue().encode()).decode()
