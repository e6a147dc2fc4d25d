"""The operator's view of accounts. Keys, credits and members can only be looked at: their one writer is not a form."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from . import books, codes, sign_in, teams, users
from .read_only import ReadOnly

__all__ = ["ReadOnly", "books", "codes", "sign_in", "teams", "users"]

# Operators sign in through the same door as everyone else, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
