"""django-ninja, with every answer of ours alike: JSON for 405 and 500 too, and the rate limit's headers on all.

A body that an operation declares as a pydantic model is read by json_body, as strictly as any other.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from accounts.api import limits
from project.http import error_json

from .json_body import read_text_object, too_large

View = Callable[..., HttpResponseBase]


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return read_text_object(request)

    def parse_querydict(self, data: MultiValueDict, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        """The parameters that say something: `status=` is no filter."""
        parsed = super().parse_querydict(data, list_fields, request)
        return {name: value for name, value in parsed.items() if value != ""}


class Utf8Renderer(JSONRenderer):
    json_dumps_params = {"ensure_ascii": False}


class ScopedDocument(OpenAPISchema):
    """OpenAPI 3.1, with the scope that a key needs for each operation beside how to send it."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        ways = super().operation_security(operation)
        for auth, way in zip(operation.auth_callbacks, ways or (), strict=False):
            scope = getattr(auth, "scope", None)
            way.update({name: [scope.value] if scope else [] for name in way})
        return ways


class JsonApi(NinjaAPI):
    def __init__(self, **options: Any) -> None:
        super().__init__(parser=StrictParser(), renderer=Utf8Renderer(), **options)

    def on_exception(self, request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
        """What the parser found in a body, which django-ninja hides behind an exception of its own."""
        if isinstance(exc, HttpError) and isinstance(exc.__cause__, Exception):
            exc = exc.__cause__
        if isinstance(exc, RequestDataTooBig):
            exc = too_large()
        return super().on_exception(request, exc)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        return ScopedDocument(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _answer(pattern.callback)
        return patterns, app_name, namespace


def _answer(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        # In here, so that the answer to an unforeseen exception has our headers as well.
        contained = cast(View, convert_exception_to_response(partial(view, **kwargs)))
        response = contained(request)
        if response.status_code == 405:
            allowed = ", ".join(sorted(response.headers["Allow"].split(", ")))
            response = _method_not_allowed(request, allowed)
        limits.add_headers(request, response)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return answer


def _method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponseBase:
    response = error_json(request, 405, "METHOD_NOT_ALLOWED", f"Use one of these methods here: {allowed}.")
    response.headers["Allow"] = allowed
    return response
