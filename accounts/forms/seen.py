"""What a page had shown when its form was filled in, which may be a while ago.

It comes along sealed, so that a form changes what was changed on its page, and not what someone else set meanwhile.
"""

from typing import Any

from django.core import signing

_SALT = "accounts.forms.seen"


def seal(values: dict[str, Any], *, of: Any) -> str:
    """The values, of JSON's types, as a hidden field carries them; good for this one object."""
    return signing.dumps(values, salt=f"{_SALT}:{of}")


def opened(text: str, *, of: Any, now: dict[str, Any]) -> dict[str, Any]:
    """The values that were sealed; those of `now` where a form brings none, or ones of another version."""
    try:
        seen: dict[str, Any] = signing.loads(text, salt=f"{_SALT}:{of}")
    except signing.BadSignature:
        return now
    return seen if seen.keys() == now.keys() else now


def in_order(value: Any) -> Any:
    """In whatever order a list is sent, it means the same."""
    return sorted(value) if isinstance(value, list) else value
