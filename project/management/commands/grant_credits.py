"""manage.py grant_credits: give a team credits."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import INSTALLATION
from accounts.billing import by_operator
from accounts.refusals import TeamClosing
from project.management.teams import team_called


class Command(BaseCommand):
    help = "Grant credits to a team. Every call grants again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="id, or name where no other team has it")
        parser.add_argument("credits", type=int)
        parser.add_argument("--note", required=True, help="why; it is shown on the team's statement")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        team = team_called(options["team"])
        try:
            entry = by_operator.grant(team, options["credits"], note=options["note"], by=INSTALLATION)
        except TeamClosing as refusal:
            raise CommandError(f"{team} is closed, or being closed: it gets no credits any more.") from refusal
        except ValueError as refusal:
            raise CommandError(str(refusal)) from refusal
        answer = {"team": str(team.pk), "granted": entry.granted_delta, "available": entry.available_after}
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(f"{team}: {entry.granted_delta} granted, {entry.available_after} available")
