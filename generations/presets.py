"""Prompts that a team keeps for another time: each name once, and so many at most.

All are written with the team's row locked, so that two at once cannot take one name, or the last place, and nothing is
changed while it is deleted. Only those of a team that is closing go without: nothing is added to them any more.
"""

from django.db import transaction

from accounts import roles, teams
from accounts.models import Team, User

from .models import PromptPreset

MOST = 200
NAME_CHARACTERS = 80
TEXT_CHARACTERS = 2000


class NameTaken(ValueError):
    """Another preset of the team has this name."""


class TooManyPresets(ValueError):
    """The team has MOST of them."""


@transaction.atomic
def add(team: Team, *, name: str, text: str, by: User) -> PromptPreset:
    """Raises NameTaken, TooManyPresets, TeamClosing."""
    teams.lock(team.pk)
    _refuse_taken(team, name)
    if PromptPreset.objects.filter(team=team).count() >= MOST:
        raise TooManyPresets
    return PromptPreset.objects.create(team=team, name=name, text=text, created_by=by)


@transaction.atomic
def change(preset: PromptPreset, *, name: str, text: str) -> bool:
    """Returns whether it is still there. Raises NameTaken, TeamClosing."""
    teams.lock(preset.team_id)
    _refuse_taken(preset.team, name, but_by=preset)
    kept = PromptPreset.objects.select_for_update().filter(pk=preset.pk).first()
    if kept is None:
        return False
    kept.name, kept.text = name, text
    kept.save(update_fields=["name", "text", "updated_at"])
    return True


@transaction.atomic
def remove(preset: PromptPreset) -> bool:
    """Returns whether it was still there. A team that is closing loses it anyway."""
    roles.lock(preset.team_id)
    removed, _each = PromptPreset.objects.filter(pk=preset.pk).delete()
    return bool(removed)


def _refuse_taken(team: Team, name: str, *, but_by: PromptPreset | None = None) -> None:
    namesake = PromptPreset.objects.filter(team=team, name=name).first()
    if namesake not in (None, but_by):
        raise NameTaken(name)
