"""E-mail addresses as invitations keep them, and as all are compared: ASCII in lower case, a domain in its IDNA form.

What Python and PostgreSQL make of other letters in lower case differs, and not every mail server takes them.
"""

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

MAX_CHARACTERS = 254


def plain(address: str) -> str:
    """The address in that form. Raises ValidationError, with words, for one that mail can't be sent to."""
    local, _at, domain = address.strip().rpartition("@")
    if not local.isascii():
        raise ValidationError(_("Before the @, only plain Latin letters, digits and signs can be used here."))
    try:
        address = f"{local}@{_ascii(domain)}".lower()
    except UnicodeError as error:
        raise ValidationError(_("This is not an e-mail address.")) from error
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError(_("This is not an e-mail address.")) from error
    if len(address) > MAX_CHARACTERS:
        raise ValidationError(_("This is not an e-mail address."))
    return address


def is_same(one: str, other: str) -> bool:
    """Whether both lead to the same mailbox."""
    try:
        return plain(one) == plain(other)
    except ValidationError:
        return False


def spellings(address: str) -> set[str]:
    """A plain address, and as someone may have signed up with it: with its domain in its own letters."""
    local, _at, domain = address.rpartition("@")
    try:
        return {address, f"{local}@{idna.decode(domain)}"}
    except UnicodeError:
        return {address}


def _ascii(domain: str) -> str:
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
