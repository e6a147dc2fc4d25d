"""What stands in other people's answers, read with care: it can be stored and sent on, or it is not there."""

import json
from datetime import UTC, datetime
from typing import Any

ID_CHARACTERS = 200
MAX_REMARKS = 20
REMARK_CHARACTERS = 500


def task_id(value: Any) -> str:
    """Raises ValueError for what can't be one."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= ID_CHARACTERS:
        raise ValueError("not a task id")
    return value


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def whole_number(value: Any, *, most: int = 2**53) -> int | None:
    """A number from 0 to `most`; true and false are none."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= most else None


def moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def links(values: Any) -> tuple[str, ...]:
    """All of them in their order, or none where one is no link: half a set is not what was asked for."""
    if not isinstance(values, list) or not all(isinstance(each, str) and each.isprintable() for each in values):
        return ()
    return tuple(values) if all(values) else ()


def remarks(values: Any) -> tuple[str, ...]:
    """Texts for an operator to read, cut to a size that can be kept."""
    told = [each for each in values if isinstance(each, str)] if isinstance(values, list) else []
    return tuple(_storable(each[:REMARK_CHARACTERS]) for each in told[:MAX_REMARKS])


def callback_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a callback's body is; raises ValueError for any other."""
    try:
        decoded = json.loads(body.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded


def _storable(remark: str) -> str:
    """Without NUL and halves of surrogate pairs, which no database keeps."""
    return remark.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")
