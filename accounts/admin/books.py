"""Credits and what happened to them: to be looked at. Only packages, which are an offer, can be edited."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.models import Allowance, AuditEntry, CreditBalance, CreditEntry, CreditPackage, Purchase
from accounts.money import money

from .read_only import ReadOnly


@admin.register(CreditBalance)
class CreditBalanceAdmin(ReadOnly):
    list_display = ("team", "available", "held", "spent", "granted")
    list_select_related = ("team",)
    search_fields = ("team__name",)


@admin.register(CreditEntry)
class CreditEntryAdmin(ReadOnly):
    list_display = (
        "team",
        "sequence",
        "kind",
        "available_delta",
        "available_after",
        "reason",
        "actor",
        "created_at",
    )
    list_select_related = ("team", "actor", "purchase", "redeem_code", "allowance")
    list_filter = ("kind",)
    search_fields = ("team__name", "hold_id", "note")
    ordering = ("-created_at", "-sequence")
    show_full_result_count = False


class CreditPackageForm(forms.ModelForm):
    def clean_name(self) -> str:
        names.validate(self.cleaned_data["name"])
        return self.cleaned_data["name"]


@admin.register(CreditPackage)
class CreditPackageAdmin(admin.ModelAdmin):
    """What was bought keeps what it was: a purchase has the package's figures of its day."""

    form = CreditPackageForm
    list_display = ("name", "credits", "price", "position", "is_offered")

    @admin.display(description=_("price"))
    def price(self, package: CreditPackage) -> str:
        return str(money(package.amount, package.currency))


@admin.register(Purchase)
class PurchaseAdmin(ReadOnly):
    list_display = (
        "name",
        "team",
        "credits",
        "price",
        "bought_by",
        "created_at",
        "paid_at",
        "granted_credits",
        "refunded",
        "returned_credits",
        "unreturned",
    )
    list_select_related = ("team", "bought_by")
    list_filter = (("paid_at", admin.EmptyFieldListFilter),)
    search_fields = ("=id", "name", "team__name", "=checkout_id")
    ordering = ("-created_at",)

    @admin.display(description=_("price"))
    def price(self, purchase: Purchase) -> str:
        return str(money(purchase.amount, purchase.currency))

    @admin.display(description=_("refunded"), empty_value="–")
    def refunded(self, purchase: Purchase) -> str | None:
        return str(money(purchase.refunded_amount, purchase.currency)) if purchase.refunded_amount else None

    @admin.display(description=_("credits not taken back"))
    def unreturned(self, purchase: Purchase) -> int:
        return purchase.unreturned_credits


@admin.register(Allowance)
class AllowanceAdmin(ReadOnly):
    list_display = ("team", "period", "credits", "created_at")
    list_select_related = ("team",)
    search_fields = ("team__name", "=period")
    ordering = ("-created_at",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("created_at", "team", "action", "subject", "user", "api_key", "ip")
    list_select_related = ("team", "user", "api_key")
    list_filter = ("action",)
    search_fields = ("team__name", "subject", "user__email", "=ip")
    ordering = ("-id",)
    show_full_result_count = False
