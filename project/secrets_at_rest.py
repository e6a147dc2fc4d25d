"""Encryption of what must be read back but never lie open in the database.

Provider credentials, webhook signing secrets, the secrets of authenticator apps, and sessions.
"""

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def encrypt(text: str) -> bytes:
    """A Fernet token under the first of CREDENTIAL_KEYS."""
    return _fernet().encrypt(text.encode())


def decrypt(token: bytes) -> str:
    """The text of a token made under any of CREDENTIAL_KEYS; raises cryptography.fernet.InvalidToken otherwise."""
    return _fernet().decrypt(bytes(token)).decode()
