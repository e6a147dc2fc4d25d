"""What every page shares of who asks for it: their language, that it is theirs alone, and that they were here.

The language is the cookie's, else the browser's. Signing in writes the user's own into the cookie.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware

from accounts import sessions
from accounts.models import User


class PreferredLanguage(LocaleMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        user = getattr(request, "user", None)
        # Signing in puts a plain User here. Elsewhere it is lazy, and reading it would cost every picture two queries.
        if type(user) is User and user.language:
            keep_language(response, user.language)
        return response


class NoStore:
    """A page that depends on the session is kept by no cache, so after sign-out "back" does not show it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.session.accessed and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response


class LastSeen:
    """Puts off the end of the session of whoever is signed in. A request that did not ask who it is costs nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.session.accessed and SESSION_KEY in request.session:
            sessions.seen(request)
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
