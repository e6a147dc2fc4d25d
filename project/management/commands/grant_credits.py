"""manage.py grant_credits: give a team credits."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError

from accounts import credits
from accounts.models import Team


class Command(BaseCommand):
    help = "Grant credits to a team. Every call grants again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="id, or name where no other team has it")
        parser.add_argument("credits", type=int)
        parser.add_argument("--note", required=True, help="why; it is shown on the team's statement")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        team = _team(options["team"])
        try:
            entry = credits.grant(team, options["credits"], note=options["note"])
        except ValueError as refusal:
            raise CommandError(str(refusal)) from refusal
        answer = {"team": str(team.pk), "granted": entry.granted_delta, "available": entry.available_after}
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(f"{team}: {entry.granted_delta} granted, {entry.available_after} available")


def _team(id_or_name: str) -> Team:
    try:
        teams = Team.objects.filter(pk=UUID(id_or_name))
    except ValueError:
        teams = Team.objects.filter(name=id_or_name)
    found = list(teams[:2])
    if len(found) != 1:
        raise CommandError(f"{'several teams are' if found else 'no team is'} called {id_or_name!r}; give the id")
    return found[0]
