"""The operator's page of a team, and what an operator does to its credits, each after a second look."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import names, teams
from accounts.actors import actor_of
from accounts.billing import allowances, by_operator
from accounts.credits import TooManyCredits
from accounts.forms.fields import CreditsField
from accounts.models import CreditBalance, Membership, Team
from accounts.models.credits import MAX_CREDITS
from accounts.refusals import InsufficientCredits, TeamClosing

from .owners import make_owner
from .posting import AdjustForm, GrantForm, PostingForm, RefundForm


class TeamForm(forms.ModelForm):
    """Each field says what the page had shown, so that only what was changed on it counts."""

    monthly_allowance_credits = CreditsField(
        label=_("monthly allowance"),
        required=False,
        min_value=1,
        max_value=MAX_CREDITS,
        show_hidden_initial=True,
        help_text=_("The team is topped up to so many credits on the first of each month, from the next one on."),
    )

    class Meta:
        model = Team
        fields = ("name", "monthly_allowance_credits")

    def clean_name(self) -> str:
        names.validate(self.cleaned_data["name"])
        return self.cleaned_data["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:  # not where it can only be looked at
            self.fields["name"].show_hidden_initial = True


class MembershipInline(admin.TabularInline):
    """Members and roles are the team's own affair, where the last owner cannot go and changes are in the audit log."""

    model = Membership
    fields = readonly_fields = ("user", "role", "created_at", "last_active_at")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    form = TeamForm
    list_display = ("name", "id", "available", "created_at", "closed_at")
    list_select_related = ("balance",)
    search_fields = ("name", "id")
    readonly_fields = (
        "available", "held", "spent", "granted",
        "time_zone", "requires_two_factor", "monthly_budget_credits", "lifetime_budget_credits",
        "low_balance_credits", "created_at", "closing_at", "closed_at",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("name", "monthly_allowance_credits")}),
        (_("Credits"), {"fields": (("available", "held", "spent", "granted"),)}),
        (
            _("Set by the team"),
            {
                "fields": (
                    "time_zone",
                    "requires_two_factor",
                    ("monthly_budget_credits", "lifetime_budget_credits"),
                    "low_balance_credits",
                )
            },
        ),
        (_("Dates"), {"fields": (("created_at", "closing_at", "closed_at"),)}),
    )
    inlines = (MembershipInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_open)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """The form has written on `obj` already; those who may change a team are told the row as it is."""
        team, by = Team.objects.get(pk=obj.pk), actor_of(request)
        try:
            if "name" in form.changed_data:
                teams.change(team, by=by, name=obj.name)
            if "monthly_allowance_credits" in form.changed_data:
                allowances.set_allowance(team, obj.monthly_allowance_credits, by=by)
        except TeamClosing:
            messages.error(request, _closing())

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<uuid:team_id>/grant/", self._page(GrantForm), name="accounts_team_grant"),
            path("<uuid:team_id>/adjust/", self._page(AdjustForm), name="accounts_team_adjust"),
            path("<uuid:team_id>/refund/", self._page(RefundForm), name="accounts_team_refund"),
            path("<uuid:team_id>/owner/", self.admin_site.admin_view(self._make_owner), name="accounts_team_owner"),
        ]
        return own + super().get_urls()

    def _page(self, form_class: type[PostingForm]) -> Any:
        def page(request: HttpRequest, team_id: UUID) -> HttpResponse:
            return self._post_credits(request, team_id, form_class)

        return self.admin_site.admin_view(page)

    def _make_owner(self, request: HttpRequest, team_id: UUID) -> HttpResponse:
        team = get_object_or_404(Team, pk=team_id)
        if not self.has_change_permission(request, team):
            raise PermissionDenied
        return make_owner(request, team, {**self.admin_site.each_context(request), "opts": self.opts})

    def _post_credits(self, request: HttpRequest, team_id: UUID, form_class: type[PostingForm]) -> HttpResponse:
        """Ask, show what was understood, and post it once."""
        team = get_object_or_404(Team, pk=team_id)
        if not self.has_change_permission(request, team):
            raise PermissionDenied
        form = form_class(request.POST or None, initial={"form_key": uuid4()}, team=team)
        is_understood = request.method == "POST" and form.is_valid()
        if is_understood and "confirmed" in request.POST:
            try:
                form.post(by=actor_of(request))
            except InsufficientCredits as refusal:
                form.add_error("credits", gettext("Only %(credits)s are available.") % {"credits": refusal.available})
                is_understood = False
            except TooManyCredits:
                form.add_error("credits", gettext("That is more than the team's balance can hold."))
                is_understood = False
            except TeamClosing:
                messages.error(request, _closing())
                return redirect("admin:accounts_team_change", team.pk)
            except by_operator.AlreadyPosted:
                messages.info(request, gettext("This form was sent before. Nothing was posted again."))
                return redirect("admin:accounts_team_change", team.pk)
            else:
                messages.success(request, gettext("Done. It is on the team's statement and in its audit log."))
                return redirect("admin:accounts_team_change", team.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": form_class.title,
            "team": team,
            "available": CreditBalance.objects.get(team=team).available,
            "form": form,
            "is_understood": is_understood,
        }
        return render(request, "admin/accounts/team/post_credits.html", context)

    @admin.display(description=_("available"))
    def available(self, team: Team) -> int:
        return team.balance.available

    @admin.display(description=_("held"))
    def held(self, team: Team) -> int:
        return team.balance.held

    @admin.display(description=_("spent"))
    def spent(self, team: Team) -> int:
        return team.balance.spent

    @admin.display(description=_("granted"))
    def granted(self, team: Team) -> int:
        return team.balance.granted


def _closing() -> str:
    return gettext("The team is closed, or being closed. Nothing was changed.")
