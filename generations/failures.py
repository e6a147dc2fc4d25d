"""The failure dictionary: every way a generation can fail, in words a customer can act on.

Used by card, page, API and webhook alike.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Fault(StrEnum):
    """Whose doing it was."""

    REQUEST = "request"
    PROVIDER = "provider"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`message` says what happened, `advice` what to do. Nothing that failed is charged."""

    code: str
    message: str | Promise
    advice: str | Promise
    fault: Fault
    retryable: bool
    charged: bool = False


FAILURES = {
    failure.code: failure
    for failure in (
        Failure(
            code="CONTENT_POLICY",
            message=_("Content policy violation"),
            advice=_("Reword the prompt or choose another image, then try again."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="FACE_NOT_ALLOWED",
            message=_("The image shows a face where none is allowed"),
            advice=_("Send images of faces in face_image_url, with a model that takes it."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="PROMPT_TOO_LONG",
            message=_("The prompt is too long for the provider"),
            advice=_("Shorten the prompt and try again."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="INVALID_REQUEST",
            message=_("The provider refused the request"),
            advice=_("Change the prompt or the settings, then try again."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="INVALID_INPUT_MEDIA",
            message=_("An input image or clip can't be used"),
            advice=_("Send a JPEG, PNG or WebP image that opens in a browser."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="INPUT_UNREACHABLE",
            message=_("The provider could not fetch an input link"),
            advice=_("Check that the link opens without signing in, or upload the image instead."),
            fault=Fault.REQUEST,
            retryable=True,
        ),
        Failure(
            code="PROVIDER_BUSY",
            message=_("The provider is busy or unreachable"),
            advice=_("Try again in a few minutes."),
            fault=Fault.PROVIDER,
            retryable=True,
        ),
        Failure(
            code="PROVIDER_ERROR",
            message=_("The provider failed"),
            advice=_("Try again; if it fails again, tell the operator of this installation."),
            fault=Fault.PROVIDER,
            retryable=True,
        ),
        Failure(
            code="PROVIDER_REFUSED_ACCOUNT",
            message=_("The provider is not available to this installation right now"),
            advice=_("The operator has been told. Try again later."),
            fault=Fault.INSTALLATION,
            retryable=True,
        ),
        Failure(
            code="TIMEOUT",
            message=_("The provider did not finish in time"),
            advice=_("Try again. What still arrives is yours for free."),
            fault=Fault.PROVIDER,
            retryable=True,
        ),
        Failure(
            code="ARCHIVE_FAILED",
            message=_("What was made could not be saved"),
            advice=_("Try again; nothing was charged."),
            fault=Fault.PROVIDER,
            retryable=True,
        ),
        Failure(
            code="TEAM_CLOSED",
            message=_("The team was closed"),
            advice=_("Nothing was charged. Ask again in another team."),
            fault=Fault.REQUEST,
            retryable=False,
        ),
        Failure(
            code="CANCELLED",
            message=_("Cancelled before it was sent"),
            advice=_("Ask again whenever you like."),
            fault=Fault.REQUEST,
            retryable=True,
        ),
    )
}
