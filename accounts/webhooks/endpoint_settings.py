"""What can be set of an endpoint: its URL, its events, and a description."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from accounts import names
from accounts.models import EventType
from accounts.refusals import InvalidSetting
from project import outbound

MAX_DESCRIPTION = 200
# Test events come when they are asked for, whatever was chosen.
CHOICES = tuple(each for each in EventType if each is not EventType.TEST)


def check(**settings: Any) -> dict[str, Any]:
    """The columns that these settings are; raises UrlRefused, InvalidSetting."""
    if "url" in settings:
        outbound.check_url(settings["url"])
    if "events" in settings:
        settings["events"] = _chosen(settings["events"])
    if "description" in settings:
        settings["description"] = settings["description"].strip()
        if not names.is_plain(settings["description"]):
            words = _("The description holds a character that cannot be seen. Remove it.")
            raise InvalidSetting("description", "text", words)
        if len(settings["description"]) > MAX_DESCRIPTION:
            words = _("The description may be up to %(limit)s characters long.") % {"limit": MAX_DESCRIPTION}
            raise InvalidSetting("description", "max_length", words, MAX_DESCRIPTION)
    return settings


def _chosen(events: Collection[str]) -> list[str]:
    """In the order of the catalogue, each once."""
    known = [str(each) for each in CHOICES]
    if not events or not set(events) <= set(known):
        words = _("Choose one or more of these events: %(events)s.") % {"events": ", ".join(known)}
        raise InvalidSetting("events", "one_of", words, known)
    return [each for each in known if each in events]
