"""What is asked before an endpoint is deleted or a secret is ended; the same on the page and without JavaScript."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.webhook_rows import EndpointRow
from project.confirming import Question


def of_deleting(row: EndpointRow) -> Question:
    lost = _("Nothing is sent there any more, and its secret ends. This cannot be undone.")
    if row.waiting:
        words = ngettext(
            "%(number)s delivery that waits is cancelled.",
            "%(number)s deliveries that wait are cancelled.",
            row.waiting,
        )
        lost = f"{lost} {words % {'number': row.waiting}}"
    return Question(title=_("Delete %(name)s?") % {"name": row.name}, text=lost, label=_("Delete"))


def of_rotating_at_once() -> Question:
    return Question(
        title=_("Make a new secret and sign with that one alone?"),
        text=_(
            "Until your receiver has the new secret it cannot verify what we send, retries of what was sent before "
            "included. This cannot be undone."
        ),
        label=_("Rotate and end now"),
    )
