"""The operator's pages: provider accounts, prices, and what became of submissions. Credentials are never shown."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnly

from .models import Callback, Generation, Price, PriceList, ProviderAccount, Submission


@admin.register(ProviderAccount)
class ProviderAccountAdmin(admin.ModelAdmin):
    """Pausing, resuming and order; accounts and their keys are added by `manage.py provider add`."""

    list_display = ("label", "provider", "base_url", "priority", "paused_at", "paused_reason", "busy_until")
    fields = ("label", "provider", "base_url", "priority", "paused_at", "paused_reason")
    readonly_fields = ("provider",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProviderAccount | None = None) -> bool:
        return False


class PriceInline(admin.TabularInline):
    model = Price
    can_delete = False
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: PriceList | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: PriceList | None = None) -> bool:
        return False


@admin.register(PriceList)
class PriceListAdmin(ReadOnly):
    """A price in use is never edited; `manage.py setprice` makes a new version."""

    list_display = ("model", "version", "effective_at", "note")
    inlines = (PriceInline,)


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
    list_filter = ("arrived_late", "account", "outcome")
    list_select_related = ("account", "generation")
    exclude = ("token", "provider_cost", "provider_warnings")
    readonly_fields = ("cost", "charged", "margin", "warnings")
    show_full_result_count = False

    @admin.display(description=_("Provider's cost"))
    def cost(self, submission: Submission) -> str:
        """In units of its own: 120 cost points, 90000 total tokens."""
        return ", ".join(f"{amount} {name.replace('_', ' ')}" for name, amount in submission.provider_cost.items())

    @admin.display(description=_("Charged, in credits"))
    def charged(self, submission: Submission) -> int | None:
        return submission.charged_credits

    @admin.display(description=_("Margin, in credits for each of its points"))
    def margin(self, submission: Submission) -> str:
        """Two currencies, so a rate: it is told once there was a charge, of what the provider bills in points."""
        points = submission.provider_cost.get("cost_points")
        return f"{submission.charged_credits / points:.2f}" if points and submission.charged_credits is not None else ""

    @admin.display(description=_("Provider's warnings"))
    def warnings(self, submission: Submission) -> str:
        return "\n".join(submission.provider_warnings)


@admin.register(Callback)
class CallbackAdmin(ReadOnly):
    list_display = ("id", "submission", "verdict", "received_at")
    list_filter = ("verdict",)
    exclude = ("body",)
    show_full_result_count = False
