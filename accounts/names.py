"""Names that people give to teams, keys, packages and themselves: one line in which everything can be seen."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Controls, what turns the direction of the text around it, halves of characters, and line ends of other kinds.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINER = "\u200d"  # holds an emoji of several together


def is_plain(name: str) -> bool:
    return all(character == _JOINER or unicodedata.category(character) not in _HIDDEN for character in name)


def validate(name: str) -> None:
    """For a form's field. Raises ValidationError."""
    if not is_plain(name):
        raise ValidationError(hidden_words())


def hidden_words() -> str:
    return _("The name holds a character that cannot be seen. Remove it.")
