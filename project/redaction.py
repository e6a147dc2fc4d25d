"""Secrets are taken out of whatever is logged, and out of reports of exceptions, on their way out.

Nothing here is meant to hold one: this is for the URL in a stranger's exception, and for what we have overlooked.

A stranger chooses much of what is logged, and a pattern that goes back and forth in it would hold up the whole process:
so none here has an open beginning, and what repeats in one is possessive, bounded, or the end of it.
"""

import logging
import re
import traceback
from collections.abc import ItemsView, Sequence
from types import FrameType, TracebackType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

HIDDEN = "[hidden]"

# In characters. More of one line than this is told to nobody.
LONGEST_LINE = 8_000
# More than what a secret needs to be known by its shape.
_EDGE = 120
_CUT = "… [cut]"

# As it is, or encoded, as many times as a path was put into another.
_SLASH = r"(?:/|%(?:25){0,3}2[Ff])"

# What a secret looks like, ours or another's. The first group stays, to tell what it was.
SHAPES = [
    re.compile(shape)
    for shape in (
        r"\b(sk-(?:video-)?)[\w-]{8,}+",
        r"\b(whsec_)[\w+/=-]++",
        r"\b((?:sk|rk|pk)_(?:live|test)_)\w++",
        r"(?i)\b(bearer\s++)[^\s'\",;]++",
        r"(?i)\b(basic\s++)[\w+/=-]{8,}+",
        r"(?i)\b(FG[- ]?)(?:[0-9A-Z]{5}[- ]?){3}[0-9A-Z]{5}\b",
        r"\b(v[01][=,])[\w+/=-]{16,}+",  # of a signature with a version: Stripe's, and that of our own webhooks
        rf"({_SLASH}invitations{_SLASH})[^/\s?&'\"]++",
        rf"({_SLASH}hooks{_SLASH}[\w-]++{_SLASH})[^/\s?&'\"]++",
        rf"({_SLASH}password{_SLASH}reset{_SLASH}key{_SLASH})[^/\s?&'\"]++",
        rf"({_SLASH}confirm-email{_SLASH})[^/\s?&'\"]++",
        rf"({_SLASH}shared{_SLASH})[^/\s?&'\"]++",
        r"(shown(?:=|%(?:25){0,3}3[Dd]))[0-9a-f]{8,}+",
        r"(://[^/\s:@'\"]*+:)[^/\s@'\"]++(?=@)",
    )
]
# name=value, name: value, "name": "value", and (name)=(value), as PostgreSQL tells of a broken constraint. In quotes a
# value goes on to the one that closes it.
NAMED = re.compile(
    r"""(?ix)
    ((?:password|passwd|secret|signature|token|api[_-]?key|session_?id|session_?key|credential|authorization)
     [\w-]{0,64}+ [)"']{0,4}+ \s{0,32}+ (?:=>?+|:\s|:(?=["'])) \s{0,32}+ (?:b?["'(])?+)
    (?!\[hidden\])
    (?: (?<=") (?:[^"\\\n]|\\.)++ | (?<=') (?:[^'\\\n]|\\.)++ | (?<!["']) [^\s"',;&)}\]]{6,}+ )"""
)


class Redaction(logging.Filter):
    """For every handler. A record leaves it as plain text, its traceback too, with nothing left to fill in."""

    def __init__(self) -> None:
        super().__init__()
        self._known = known_secrets()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.redact(_message(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _told(record.exc_info)
        record.exc_info = None
        record.exc_text = record.exc_text and self.redact(record.exc_text)
        record.stack_info = record.stack_info and self.redact(record.stack_info)
        return True

    def redact(self, text: str) -> str:
        return redact(text, known=self._known)


def redact(text: str, *, known: Sequence[str] = ()) -> str:
    """The text without those and what looks like a secret; of a line longer than LONGEST_LINE, its beginning."""
    for secret in known:
        text = text.replace(secret, HIDDEN)
    if len(text) > LONGEST_LINE:
        text = "\n".join(_cut(line) for line in text.split("\n"))
    return _without_shapes(text)


def _cut(line: str) -> str:
    """A secret that the cut goes through has lost its shape: the end of what is left goes too."""
    if len(line) <= LONGEST_LINE:
        return line
    return _without_shapes(line[:LONGEST_LINE])[:-_EDGE] + _CUT


def _without_shapes(text: str) -> str:
    for shape in SHAPES:
        text = shape.sub(rf"\1{HIDDEN}", text)
    return NAMED.sub(rf"\1{HIDDEN}", text)


def known_secrets() -> list[str]:
    """The installation's own, which have no shape: the longest first, as one may be part of another."""
    named = ("SECRET_KEY", "EMAIL_HOST_PASSWORD", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    values = [getattr(settings, name, "") for name in named]
    values += [*settings.CREDENTIAL_KEYS, settings.DATABASES["default"].get("PASSWORD", "")]
    return sorted({value for value in values if value and len(value) >= 8}, key=len, reverse=True)


class ReportFilter(SafeExceptionReporterFilter):
    """Without local variables and without what was posted: no list of names is ever complete."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        return {}.items()


class Report(ExceptionReporter):
    """What Django tells of an exception, to whoever it tells it: its text and the address are redacted too."""

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text(), known=known_secrets()))

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact(super().get_traceback_html(), known=known_secrets()))


def _message(record: logging.LogRecord) -> str:
    """A message whose arguments do not fit would end in a traceback that shows them."""
    try:
        return record.getMessage()
    except Exception:  # the boundary of a line of the log: nobody fails because of what they had to say
        return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def _told(exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> str:
    return "".join(traceback.format_exception(*exc_info)).rstrip("\n")
