"""What became of generations and of their submissions, and what these cost and brought: to be looked at."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.admin import ReadOnly
from generations.models import Generation, Submission
from generations.takings import by_account, margin

LOOKED_BACK = timedelta(days=30)
# What an amount is of; a provider's other words on its bill are there to ask it about them.
AMOUNTS = ("cost_points", "input_tokens", "output_tokens", "total_tokens")


@admin.register(Generation)
class GenerationAdmin(ReadOnly):
    list_display = ("id", "team", "model", "state", "failure_code", "held_credits", "charged_credits", "created_at")
    list_filter = ("state", "model")
    list_select_related = ("team",)
    show_full_result_count = False


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    """What an attempt cost us and what it brought. The provider's figures and remarks are shown nowhere else."""

    list_display = (
        *("id", "account", "outcome", "arrived_late", "cost", "charged", "margin", "loss_credits", "warnings"),
        *("unknown_word", "created_at"),
    )
    list_filter = ("arrived_late", "account", "outcome", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("account", "generation")
    exclude = ("token", "provider_cost", "provider_warnings")
    readonly_fields = ("cost", "bill", "charged", "margin", "warnings")
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        margin = self.admin_site.admin_view(require_safe(self.margin_page))
        return [path("margin/", margin, name="generations_submission_margin"), *super().get_urls()]

    def margin_page(self, request: HttpRequest) -> HttpResponse:
        """What came in and what it cost, by account and model."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Margin"),
            "days": LOOKED_BACK.days,
            "recent": by_account(since=timezone.now() - LOOKED_BACK),
            "ever": by_account(since=None),
        }
        return render(request, "admin/generations/submission/margin.html", context)

    @admin.display(description=_("Provider's cost"))
    def cost(self, submission: Submission) -> str:
        """In units of its own: 120 cost points, 90000 total tokens."""
        return _told(submission.provider_cost, AMOUNTS)

    @admin.display(description=_("What else the provider told of it"))
    def bill(self, submission: Submission) -> str:
        return _told(submission.provider_cost, sorted(set(submission.provider_cost) - set(AMOUNTS)))

    @admin.display(description=_("Charged, in credits"))
    def charged(self, submission: Submission) -> int | None:
        return submission.charged_credits

    @admin.display(description=_("Margin, in credits for 1,000 of its points"))
    def margin(self, submission: Submission) -> str:
        """Two currencies, so a rate: it is told once there was a charge, of what the provider bills in points."""
        if submission.charged_credits is None:
            return ""
        rate = margin(submission.charged_credits, submission.provider_cost.get("cost_points"))
        return "" if rate is None else f"{rate:.2f}"

    @admin.display(description=_("Provider's warnings"))
    def warnings(self, submission: Submission) -> str:
        return "\n".join(submission.provider_warnings)


def _told(cost: dict[str, Any], names: Iterable[str]) -> str:
    return ", ".join(f"{cost[name]} {name.replace('_', ' ')}" for name in names if name in cost)
