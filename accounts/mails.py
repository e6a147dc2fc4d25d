"""Mails as plain text: templates/mail/<name>.subject.txt and <name>.txt, in the reader's language."""

import re
import unicodedata
from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import get_language, override

_LINK = re.compile(r"(?<=\w)\.(?=[^\W\d_])|://|(?<=\S)@(?=\S)")


def send(name: str, *, to: str, language: str = "", **context: Any) -> None:
    """Send one mail; without a language, in the one that is active. Raises OSError when it can't be sent.

    What others have written goes through without_links() first.
    """
    with override(language or get_language()):
        subject = render_to_string(f"mail/{name}.subject.txt", context)
        text = render_to_string(f"mail/{name}.txt", context)
    # A name with a line end in it would otherwise begin a header.
    send_mail(" ".join(subject.split()), text, None, [to])


def without_links(text: str) -> str:
    """A name as it may stand in a mail to a stranger: one line, nothing invisible, nothing that becomes a link."""
    visible = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    return _LINK.sub(lambda found: f"{found[0]} ", " ".join(visible.split()))
