"""Every exception that a call may end in, as the documented error answer."""

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from accounts.api.answers import ApiError, iso
from accounts.keys import InvalidApiKey, NotCurrent, TooManyKeys
from accounts.refusals import InsufficientCredits, InvalidSetting, TeamClosing, TooManyInProgress
from accounts.roles import NotAllowed
from accounts.webhooks import versions
from accounts.webhooks.again import NotSendable
from accounts.webhooks.endpoints import EndpointDeleted, EndpointDisabled, TooManyEndpoints
from generations import catalog
from generations.idempotency import IdempotencyMismatch
from generations.intake import InvalidParameter
from generations.lifecycle import ModelNotAllowed
from generations.pricing import NoPrice
from project.http import error_json
from project.outbound import UrlRefused

from .findings import first_of

IN_PROGRESS_RETRY_SECONDS = 5


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


def _invalid_setting(error: InvalidSetting) -> ApiError:
    details = {"field": error.field, "constraint": error.constraint, "limit": error.limit, "value": None}
    return ApiError(400, "INVALID_PARAMETER", error.message, details=details)


def _invalid_query(error: ValidationError) -> ApiError:
    found = first_of(error.errors)
    details = {"field": found.field, "constraint": found.constraint, "limit": found.limit, "value": None}
    return ApiError(400, "INVALID_PARAMETER", found.message, details=details)


def _insufficient_credits(error: InsufficientCredits) -> ApiError:
    details = {
        "limit_source": error.limit_source,
        "required": error.required,
        "available": error.available,
        "resets_at": iso(error.resets_at) if error.resets_at else None,
    }
    return ApiError(402, "INSUFFICIENT_CREDITS", str(error), details=details)


def _too_many_in_progress(error: TooManyInProgress) -> ApiError:
    message = f"This key may have {error.limit} in progress at once. Try again when one of them has ended."
    seconds = str(IN_PROGRESS_RETRY_SECONDS)
    return ApiError(
        429,
        "RATE_LIMIT_EXCEEDED",
        message,
        details={"limit": error.limit, "constraint": "max_in_progress"},
        headers={"Retry-After": seconds, "X-RateLimit-RetryAfter": seconds},
    )


def _too_many_keys(error: TooManyKeys) -> ApiError:
    message = f"A team can have {error.limit} live keys. Revoke one that is not needed any more."
    return ApiError(409, "CONFLICT", message, details={"constraint": "max_keys", "limit": error.limit})


def _too_many_endpoints(error: TooManyEndpoints) -> ApiError:
    message = f"A team can have {error.limit} webhook endpoints. Delete one that is not needed any more."
    return ApiError(409, "CONFLICT", message, details={"constraint": "max_endpoints", "limit": error.limit})


def _endpoint_deleted(error: EndpointDeleted) -> ApiError:
    return ApiError(404, "NOT_FOUND", "Webhook endpoint not found")


def _endpoint_disabled(error: EndpointDisabled) -> ApiError:
    message = "This endpoint is disabled, so nothing is sent there. Enable it first."
    return ApiError(409, "CONFLICT", message, details={"state": "disabled"})


def _secret_replaced(error: versions.NotCurrent) -> ApiError:
    message = "Nothing was done: the endpoint's current secret is not the one of that version."
    return ApiError(409, "CONFLICT", message, details={"state": "replaced"})


def _not_sendable(error: NotSendable) -> ApiError:
    message = "The endpoint of this delivery is disabled or deleted, so nothing is sent there."
    return ApiError(409, "CONFLICT", message, details={"state": "out_of_service"})


def _url_refused(error: UrlRefused) -> ApiError:
    """Of an endpoint: its only URL. In which way it will not do is not told, nor is anything that DNS says."""
    details = {"field": "url", "constraint": "public_url", "limit": None, "value": None}
    return ApiError(400, "INVALID_PARAMETER", "url must be a public http or https address.", details=details)


def _not_current(error: NotCurrent) -> ApiError:
    message = f"Nothing was done: the key's current secret is not the named one, but the one that ends in {error.hint}."
    return ApiError(409, "CONFLICT", message, details={"state": "replaced", "current_hint": error.hint})


def _model_not_allowed(error: ModelNotAllowed) -> ApiError:
    names = [each.name for each in catalog.MODELS.values() if each.slug in error.allowed]
    message = f"This key may not use {error.model.name}. It may use: {', '.join(names)}."
    return ApiError(403, "FORBIDDEN", message, details={"model": error.model.name, "allowed_models": names})


def _team_closing(error: TeamClosing) -> ApiError:
    return ApiError(403, "FORBIDDEN", "This team is being closed, so nothing more can be made in it.")


def _not_allowed(error: NotAllowed) -> ApiError:
    return ApiError(403, "FORBIDDEN", "This key may not do this any more.")


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
    InvalidSetting: _invalid_setting,
    ValidationError: _invalid_query,
    InsufficientCredits: _insufficient_credits,
    TooManyInProgress: _too_many_in_progress,
    TooManyKeys: _too_many_keys,
    NotCurrent: _not_current,
    TooManyEndpoints: _too_many_endpoints,
    EndpointDeleted: _endpoint_deleted,
    EndpointDisabled: _endpoint_disabled,
    versions.NotCurrent: _secret_replaced,
    NotSendable: _not_sendable,
    UrlRefused: _url_refused,
    ModelNotAllowed: _model_not_allowed,
    TeamClosing: _team_closing,
    NotAllowed: _not_allowed,
    IdempotencyMismatch: _idempotency_mismatch,
    NoPrice: _no_price,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    Http404: _not_found,
}
