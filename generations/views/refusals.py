"""Why something was refused, in words for whoever asked in the browser."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.budgets import Room
from accounts.refusals import InsufficientCredits
from accounts.roles import Action, can
from generations.collections import items, keeping
from generations.collections.items import IsSmart, TooManyItems
from generations.collections.keeping import TooManyCollections


def of_credits(error: InsufficientCredits) -> str:
    """Which limit it is, what is needed, what is left, and when a monthly one resets, a day of the team's."""
    day = date_format(error.resets_at, "DATE_FORMAT") if error.resets_at else ""
    return _sentence(error) % {"required": error.required, "available": error.available, "day": day}


def _sentence(error: InsufficientCredits) -> str:
    match error.limit_source, error.resets_at is not None:
        case "team_balance", _is_monthly:
            return _("This costs %(required)s credits; %(available)s are available.")
        case "member_budget", True:
            return _(
                "This costs %(required)s credits; your cap for this month has %(available)s left. It resets on %(day)s."
            )
        case "member_budget", False:
            return _("This costs %(required)s credits; your cap has %(available)s left.")
        case _source, True:
            return _(
                "This costs %(required)s credits; the team's budget for this month has %(available)s left. "
                "It resets on %(day)s."
            )
    return _("This costs %(required)s credits; the team's budget has %(available)s left.")


def of_room(room: Room) -> str:
    """What is left of the budget or cap that is tighter than the balance; empty where none is."""
    day = date_format(room.resets_at, "DATE_FORMAT") if room.resets_at else ""
    match room.limit_source, room.resets_at is not None:
        case "team_balance", _is_monthly:
            return ""
        case "member_budget", True:
            words = _("Your cap this month: %(left)s left, resets %(day)s.")
        case "member_budget", False:
            words = _("Your cap: %(left)s left.")
        case _source, True:
            words = _("The team's budget this month: %(left)s left, resets %(day)s.")
        case _:
            words = _("The team's budget: %(left)s left.")
    return words % {"left": intcomma(room.credits, use_l10n=False), "day": day}


def way_out(room: Room, role: str) -> dict[str, str]:
    """Where there can be more of what has no room: the address, and what the link says."""
    match room.limit_source:
        case "member_budget":
            where, label = "team", _("See the team")
        case "team_budget" if can(role, Action.MANAGE_TEAM):
            where, label = "team_settings", _("Change the team's budgets")
        case "team_budget":
            where, label = "team", _("See the team")
        case _ if can(role, Action.MANAGE_CREDITS):
            where, label = "credits", _("Add credits")
        case _:
            where, label = "credits", _("See your credits")
    return {"limit_url": reverse(f"accounts:{where}"), "limit_label": label}


def of_closing() -> str:
    return _("This team is being closed, so nothing more can be made in it.")


def of_collection(refusal: Exception) -> str:
    """Of one that could not be made, or not be filled."""
    match refusal:
        case TooManyCollections():
            text = _("Your team has %(most)s collections, which is the most. Delete one that is not needed.")
            return text % {"most": keeping.MOST}
        case TooManyItems():
            return _("A collection holds at most %(most)s.") % {"most": items.MAX_ITEMS}
        case IsSmart():
            return _("A smart collection fills itself: nothing can be put into it.")
    return of_closing()
