"""The operator's view of accounts. Keys and credits can only be looked at: their one writer is not a form."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, CreditBalance, CreditEntry, Membership, Team, User

# Operators sign in through the same door as everyone else, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "created_at")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "language")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)


class MembershipInline(admin.TabularInline):
    model = Membership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ("name", "id", "created_at", "closed_at")
    search_fields = ("name", "id")
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("name", "hint", "team", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("team",)
    search_fields = ("name", "hint", "team__name")
    exclude = ("digest",)


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
        "note",
        "actor",
        "created_at",
    )
    list_select_related = ("team", "actor")
    list_filter = ("kind",)
    search_fields = ("team__name", "hold_id", "note")
    ordering = ("-created_at", "-sequence")
