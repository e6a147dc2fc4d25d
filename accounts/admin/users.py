from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import names, people, sessions
from accounts.actors import actor_of
from accounts.models import ApiKey, User

from .read_only import ReadOnly


class UserForm(UserChangeForm):
    def clean_name(self) -> str:
        names.validate(self.cleaned_data["name"])
        return self.cleaned_data["name"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if EmailAddress.objects.filter(email=email).exclude(user=self.instance).exists():
            raise forms.ValidationError(gettext("Somebody else has this address."))
        return email


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    form = UserForm
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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are deactivated: what they have done keeps its name, and their teams keep an owner."""
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Django's page, all of whose transaction is undone by a refusal."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except people.OnlyOwner as refusal:
            words = gettext(
                "Nothing was saved. Without this person nobody who can sign in would own %(teams)s: "
                "make another member an owner first, on the page of each team."
            )
            messages.error(request, words % {"teams": ", ".join(team.name for team in refusal.teams)})
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            people.save(obj, by=actor_of(request))
        else:
            super().save_model(request, obj, form, change)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's page, which gives the operator's own session another key whoever's password it sets."""
        key, before = request.session.session_key, self.get_object(request, id)
        response = super().user_change_password(request, id, form_url)
        user = User.objects.get(pk=before.pk) if before else None
        if before and user and user.password != before.password:
            sessions.move(key, to=request.session.session_key)
            current = request.session.session_key if user == request.user else None
            people.password_was_set(user, current=current, by=actor_of(request))
        return response


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("name", "team", "rate_plan", "created_at", "expires_at", "revoked_at")
    list_select_related = ("team",)
    search_fields = ("name", "team__name")
