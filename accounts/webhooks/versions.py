"""Which secret a form is about: sent twice, it replaces one once, and the grace of the one before is not lost."""

import hashlib

from accounts.models.webhooks import SigningSecrets


class NotCurrent(Exception):
    """The secret that was to be replaced has been replaced already."""


def version_of(row: SigningSecrets | None) -> str:
    """A word for the present secret that tells nothing of it: another one for each. Empty where there is none yet."""
    return hashlib.sha256(bytes(row.secret)).hexdigest()[:16] if row else ""


def check_current(row: SigningSecrets | None, current: str | None) -> None:
    """Raise NotCurrent unless `current` is its version; None is whatever it is."""
    if current is not None and current != version_of(row):
        raise NotCurrent
