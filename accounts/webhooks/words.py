"""What an answer to a webhook was, or why there was none, and what to do about it, in words for people."""

import re

from django.utils.translation import gettext as _

from accounts.models import WebhookAttempt, WebhookDelivery

from .delivery import OUR_ERROR, TOTAL_SECONDS
from .events import DISABLED

# Control characters but for tab and the end of a line, and what turns the direction of text (Unicode, UAX 9).
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def of_last(delivery: WebhookDelivery) -> str:
    """What came of its last attempt; empty before the first, and when it is to be sent after all."""
    if delivery.state == WebhookDelivery.State.PENDING and delivery.last_error_code == DISABLED:
        return ""
    return _outcome(delivery.last_status_code, delivery.last_error_code)


def of_attempt(attempt: WebhookAttempt) -> str:
    return _outcome(attempt.status_code, attempt.error_code)


def advice(attempt: WebhookAttempt) -> str:
    """What to do about it; empty where there is nothing to do."""
    if attempt.status_code is None:
        return _advice_on_errors(attempt.error_code)
    return _advice_on_status(attempt.status_code)


def visible(text: str) -> str:
    """Somebody else's text, where what cannot be seen and would change the rest of it is told: \\u202e."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def _outcome(status: int | None, code: str) -> str:
    # What became of it since is told by the code, whatever was answered before.
    if status is not None and code != DISABLED:
        return f"HTTP {status}"
    words = {
        "": "",
        "endpoint_unreachable": _("No answer"),
        "endpoint_timeout": _("Timed out"),
        "bad_answer": _("Broken answer"),
        "too_large": _("Answer too large"),
        OUR_ERROR: _("Not sent: an error of ours"),
        DISABLED: _("Not sent: endpoint disabled"),
    }
    return words.get(code, code)


def _advice_on_errors(code: str) -> str:
    words = {
        "endpoint_unreachable": _(
            "Nothing answered HTTP there. Check that the name is right and known to everybody, that the port is open "
            "to the outside, and that the certificate is valid. Addresses inside of a network are never called."
        ),
        "endpoint_timeout": _(
            "All of the %(seconds)s seconds went by. Answer with a 2xx first, and do the work after that."
        ),
        "bad_answer": _("The answer broke off. The log of your server, or of a proxy before it, says why."),
        "too_large": _("The answer is too large. A status of 2xx is all we need, without a body."),
        OUR_ERROR: _(
            "Nothing was sent: an error of ours. It is tried again; tell whoever runs this installation if it stays."
        ),
    }
    return words.get(code, "") % {"seconds": TOTAL_SECONDS}


def _advice_on_status(status: int) -> str:
    if status < 300:
        return ""
    if status < 400:
        return _("Redirects are not followed. Give the address that it leads to.")
    words = {
        401: _("It asks who we are. Let this address be called without signing in: the signature says who we are."),
        403: _("It does not let us in. A firewall or a check of its own may refuse requests that come from a program."),
        404: _("There is nothing at this address. Check the path."),
        405: _("It takes no POST there. Check the path, and that it has no slash too many or too few."),
        410: _("410 Gone says that nothing is wanted any more: it is not tried again, and an endpoint is disabled."),
        413: _("It takes no body of this size. Raise its limit."),
        429: _("It asks for time. We wait as long as its Retry-After says, a day at most."),
        503: _("It asks for time. We wait as long as its Retry-After says, a day at most."),
    }
    if status in words:
        return words[status]
    if status < 500:
        return _("Your server refused it. Its log at this time says why; a signature that does not fit is one reason.")
    return _("Your server failed. Its log at this time says why.")
