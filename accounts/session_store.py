"""Sessions in the database: encrypted, and over 12 hours after they were last seen, or 30 days after the sign-in.

Half-finished sign-ins live here, such as the secret of an authenticator app before its first code. The key
stays as it is, to be looked up by.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.encoding import force_bytes

from project import secrets_at_rest

SIGNED_IN_AT = "signed_in_at"
TOUCH_EVERY = timedelta(minutes=5)


class SessionStore(db.SessionStore):
    expires_at: datetime | None = None

    def encode(self, session_dict: dict[str, Any]) -> str:
        return secrets_at_rest.encrypt(super().encode(session_dict)).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """What the session holds; nothing where it was written under keys that are gone."""
        try:
            return super().decode(secrets_at_rest.decrypt(force_bytes(session_data)))
        except InvalidToken:
            return {}

    def begin(self) -> None:
        """Someone has signed in: from now on it is 30 days, whatever happens in between."""
        self[SIGNED_IN_AT] = int(time.time())

    def keep(self) -> bool:
        """Put the end off, at most every 5 minutes and by nothing but a date; says whether it did.

        To save the whole session on any page would undo what another request has just changed in it.
        """
        if self.session_key is None or self.expires_at is None:
            return False
        end = _end_of(dict(self.items()))
        if self.expires_at > end - TOUCH_EVERY:
            return False
        self.expires_at = end
        return bool(Session.objects.filter(session_key=self.session_key).update(expire_date=end))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return self._ending(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return self._ending(await super().acreate_model_instance(data), data)

    def _ending(self, row: AbstractBaseSession, data: dict[str, Any]) -> AbstractBaseSession:
        row.expire_date = self.expires_at = min(row.expire_date, _end_of(data))
        return row

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self.expires_at = row.expire_date if row else None
        return row


def _end_of(data: dict[str, Any]) -> datetime:
    end = timezone.now() + timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    if signed_in_at := data.get(SIGNED_IN_AT):
        end = min(end, datetime.fromtimestamp(signed_in_at + settings.SESSION_COOKIE_AGE, UTC))
    return end
