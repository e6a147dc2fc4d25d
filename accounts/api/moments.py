"""Moments as programs give them, in UTC: PostgreSQL takes no offset of 16 hours or more, which ISO 8601 allows."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def _parsed(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return datetime.fromisoformat(given)
    except ValueError as error:
        raise PydanticCustomError("datetime_parsing", "not in ISO 8601") from error


def _in_utc(moment: datetime) -> datetime:
    """Without an offset it is in UTC as it is."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise PydanticCustomError("datetime_parsing", "before the year 1 or after 9999") from error


# In a query, where seconds since 1970 will do too.
GivenMoment = Annotated[datetime, AfterValidator(_in_utc)]
# In a body: ISO 8601 with its offset.
ExactMoment = Annotated[
    AwareDatetime,
    BeforeValidator(_parsed),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
