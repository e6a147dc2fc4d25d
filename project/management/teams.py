"""How commands name a team."""

from uuid import UUID

from django.core.management import CommandError

from accounts.models import Team


def team_called(id_or_name: str) -> Team:
    """The team with this id, else the only one with this name. Raises CommandError."""
    try:
        teams = Team.objects.filter(pk=UUID(id_or_name))
    except ValueError:
        teams = Team.objects.filter(name=id_or_name)
    found = list(teams[:2])
    if len(found) != 1:
        raise CommandError(f"{'several teams are' if found else 'no team is'} called {id_or_name!r}; give the id")
    return found[0]
