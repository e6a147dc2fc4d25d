"""The operator's pages: provider accounts, prices, and what became of submissions. Credentials are never shown."""

from django.contrib import admin
from django.http import HttpRequest

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
    list_display = ("id", "account", "outcome", "arrived_late", "loss_credits", "unknown_word", "created_at")
    list_filter = ("arrived_late", "account", "outcome")
    list_select_related = ("account",)
    exclude = ("token",)
    show_full_result_count = False


@admin.register(Callback)
class CallbackAdmin(ReadOnly):
    list_display = ("id", "submission", "verdict", "received_at")
    list_filter = ("verdict",)
    exclude = ("body",)
    show_full_result_count = False
