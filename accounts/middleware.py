"""The language of a page: the cookie's, else the browser's. Signing in writes the user's own into the cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware

from accounts.models import User


class PreferredLanguage(LocaleMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        user = getattr(request, "user", None)
        # Signing in puts a plain User here. Elsewhere it is lazy, and reading it would cost every picture two queries.
        if type(user) is User and user.language:
            keep_language(response, user.language)
        return response


def keep_language(response: HttpResponseBase, language: str) -> None:
    """Let the browser ask for this language from now on; "" leaves it to its own settings again."""
    if not language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
