"""Turning the pages of a list by a cursor, which does not grow slower."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from accounts.refusals import InvalidSetting


def cursor_of(id: UUID) -> str:
    """Opaque to the asker. An id is a place in the list that no insert or delete moves."""
    return urlsafe_b64encode(id.bytes).rstrip(b"=").decode()


def id_of(cursor: str) -> UUID:
    """The place that a cursor names. Raises InvalidSetting."""
    try:
        return UUID(bytes=urlsafe_b64decode(f"{cursor}=="))
    except (ValueError, binascii.Error) as error:
        message = "cursor is not one that this API gave. Start again without it."
        raise InvalidSetting("cursor", "cursor", message) from error
