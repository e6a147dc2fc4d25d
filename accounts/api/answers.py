"""The envelopes: {"success": true, "data": …} for what worked, {"error": {…}} for what did not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

T = TypeVar("T")


class Body(BaseModel):
    """What is sent: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid")


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[datetime, PlainSerializer(iso), WithJsonSchema({"type": "string", "format": "date-time"})]


class Answer(Body, Generic[T]):
    success: Literal[True] = True
    data: T


class ErrorDetail(Body):
    code: str
    message: str
    details: dict[str, Any]
    request_id: str


class ErrorAnswer(Body):
    error: ErrorDetail


class ApiError(Exception):
    """A refusal, as it is sent: status, code and message as documented, numbers in `details`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def errors(*statuses: int) -> dict[int, type[ErrorAnswer]]:
    """The error answers of an operation, for the API's document; every one may also answer these."""
    return dict.fromkeys((*statuses, 400, 401, 403, 429, 500, 503), ErrorAnswer)
