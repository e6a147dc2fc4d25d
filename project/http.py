"""What every answer has in common: a request id, one way to render a fragment, and errors in the asker's own format."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from uuid_utils.compat import uuid7

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class RequestId:
    """X-Request-Id in and out: the caller's where it is a plain word, else a new one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid7().hex
        request.META["request_id"] = request_id
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class OneThread:
    """Sync only, and the innermost: so all middleware runs in the one thread of its request.

    Around an async handler Django would run each of them by itself in a thread and back, twenty hops for a request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class Refused(PermissionDenied):
    """Refused for a reason that its text tells people, in their language."""


class WrongMethod:
    """A 405 of Django's decorators is empty: people get a page in its place."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        page = _error(request, 405, "METHOD_NOT_ALLOWED", "This address takes no such request.")
        page.headers["Allow"] = response.headers["Allow"]
        return page


def post_to(parent: str, *ids: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let the view be called by POST alone; whoever only looks at its address is led to the page `parent`.

    Browsers do look: after signing in, after a change of language, after Enter in the address bar. `ids` names those
    of the view's arguments that are in the parent's address too.
    """

    def decorator(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def only_posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return redirect(reverse(parent, kwargs={name: kwargs[name] for name in ids}))
            if request.method != "POST":
                return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
            return view(request, *args, **kwargs)

        return only_posted

    return decorator


def render_fragment(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str, **kwargs: Any
) -> HttpResponse:
    """The whole page, or only the named fragment of it when htmx asked. A history restore needs the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    if htmx and not htmx.history_restore_request:
        template = f"{template}#{fragment}"
    response = render(request, template, context, **kwargs)
    patch_vary_headers(response, ["HX-Request"])
    return response


def error_json(
    request: HttpRequest, status: int, code: str, message: str, *, details: dict[str, Any] | None = None
) -> JsonResponse:
    """The API's error envelope: {"error": {"code", "message", "details", "request_id"}}."""
    request_id = request.META.get("request_id", "")
    error = {"code": code, "message": message, "details": details or {}, "request_id": request_id}
    return JsonResponse({"error": error}, status=status, json_dumps_params={"ensure_ascii": False})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 400, "INVALID_PARAMETER", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    why = str(exception) if isinstance(exception, Refused) else ""
    return _error(request, 403, "FORBIDDEN", "You may not do this.", why=why)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 404, "NOT_FOUND", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _error(request, 500, "INTERNAL_ERROR", "Something went wrong here. Try again later.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    why = _("The page you came from is too old, or your browser keeps no cookies: reload the page and try again.")
    return forbidden(request, Refused(why))


def _error(request: HttpRequest, status: int, code: str, message: str, **context: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_json(request, status, code, message)
    # Without the request, and so without its context processors: the database may be what is wrong.
    page = render_to_string(f"{status}.html", {"request_id": request.META.get("request_id", ""), **context})
    return HttpResponse(page, status=status)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 where this process answers and its database does, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
