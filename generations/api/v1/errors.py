"""Every exception that a call may end in, as the documented error answer."""

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from accounts.api.answers import ApiError
from accounts.credits import InsufficientCredits
from accounts.keys import InvalidApiKey
from generations.intake import InvalidParameter
from generations.lifecycle import IdempotencyMismatch
from generations.pricing import NoPrice
from project.http import error_json


class TaskNotFound(ApiError):
    """Unknown, malformed, deleted and another team's alike."""

    def __init__(self) -> None:
        super().__init__(404, "TASK_NOT_FOUND", "Task not found")


class Conflict(ApiError):
    """The task's state forbids it."""

    def __init__(self, message: str, *, state: str) -> None:
        super().__init__(409, "CONFLICT", message, details={"state": state})


def handle_in(api: NinjaAPI) -> None:
    """Have the API answer all of these as documented; anything else is a 500."""
    for kind, translate in _TRANSLATIONS.items():

        def handler(request: HttpRequest, error: Any, translate: Any = translate) -> HttpResponse:
            return _send(request, translate(error))

        api.add_exception_handler(kind, handler)


def _send(request: HttpRequest, error: ApiError) -> HttpResponse:
    response = error_json(request, error.status, error.code, error.message, details=error.details)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


def _invalid_key(error: Exception) -> ApiError:
    headers = {"WWW-Authenticate": "Bearer"}
    return ApiError(401, "INVALID_API_KEY", "Invalid or missing API key", headers=headers)


def _invalid_parameter(error: InvalidParameter) -> ApiError:
    details = {
        "field": error.field,
        "constraint": error.constraint,
        "limit": error.limit,
        "value": error.value,
    }
    return ApiError(400, "INVALID_PARAMETER", error.message, details=details)


def _invalid_query(error: ValidationError) -> ApiError:
    """The first of pydantic's findings. A bound is called ge, le, max_length or expected there."""
    first = error.errors[0]
    field = str(first["loc"][-1])
    limit = next((value for name, value in first.get("ctx", {}).items() if name != "error"), None)
    details = {"field": field, "constraint": first["type"], "limit": limit, "value": None}
    return ApiError(400, "INVALID_PARAMETER", f"{field}: {first['msg']}.", details=details)


def _insufficient_credits(error: InsufficientCredits) -> ApiError:
    details = {
        "limit_source": error.limit_source,
        "required": error.required,
        "available": error.available,
        "resets_at": None,
    }
    return ApiError(402, "INSUFFICIENT_CREDITS", str(error), details=details)


def _idempotency_mismatch(error: IdempotencyMismatch) -> ApiError:
    message = "This Idempotency-Key was used for another request. Use a new one for a new request."
    return ApiError(422, "IDEMPOTENCY_MISMATCH", message)


def _unavailable(error: Exception) -> ApiError:
    return ApiError(503, "SERVICE_UNAVAILABLE", "The service is not available right now. Try again in a minute.")


def _no_price(error: NoPrice) -> ApiError:
    message = "This request has no price here, so it can't be made. Tell the operator of this installation."
    return ApiError(503, "SERVICE_UNAVAILABLE", message)


def _not_found(error: Http404) -> ApiError:
    return ApiError(404, "NOT_FOUND", "There is nothing at this address.")


_TRANSLATIONS: dict[type[Exception], Any] = {
    ApiError: lambda error: error,
    AuthenticationError: _invalid_key,
    InvalidApiKey: _invalid_key,
    InvalidParameter: _invalid_parameter,
    ValidationError: _invalid_query,
    InsufficientCredits: _insufficient_credits,
    IdempotencyMismatch: _idempotency_mismatch,
    NoPrice: _no_price,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    Http404: _not_found,
}
