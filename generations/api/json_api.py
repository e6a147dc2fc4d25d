"""django-ninja, with every answer of ours alike: JSON for 405 and 500 too, and the rate limit's headers on all."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from accounts.api import limits
from project.http import error_json

View = Callable[..., HttpResponseBase]


class QueryParser(Parser):
    def parse_querydict(self, data: MultiValueDict, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        """The parameters that say something: `status=` is no filter."""
        parsed = super().parse_querydict(data, list_fields, request)
        return {name: value for name, value in parsed.items() if value != ""}


class Utf8Renderer(JSONRenderer):
    json_dumps_params = {"ensure_ascii": False}


class JsonApi(NinjaAPI):
    def __init__(self, **options: Any) -> None:
        super().__init__(parser=QueryParser(), renderer=Utf8Renderer(), **options)

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
