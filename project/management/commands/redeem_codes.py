"""manage.py redeem_codes: issue codes that are good for credits, each once."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.billing import redeem


class Command(BaseCommand):
    help = "Issue redeem codes. They are printed here, one a line, and can't be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int, help=f"1 to {redeem.MOST_AT_ONCE}")
        parser.add_argument("credits", type=int, help="what each of them is worth")
        parser.add_argument("--note", default="", help="who they are for")
        parser.add_argument("--expires", help="when they end, ISO 8601; default: never")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        expires_at = _moment(options["expires"])
        try:
            codes = redeem.issue(
                options["count"], options["credits"], note=options["note"], expires_at=expires_at, by=INSTALLATION
            )
        except ValueError as refusal:
            raise CommandError(str(refusal)) from refusal
        answer = {"codes": codes, "credits": options["credits"], "expires_at": expires_at and expires_at.isoformat()}
        self.stdout.write(json.dumps(answer) if options["json"] else "\n".join(codes))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--expires {text!r} is not ISO 8601, such as 2030-01-01T00:00:00Z.") from error
    moment = moment if moment.tzinfo else timezone.make_aware(moment)
    if moment <= timezone.now():
        raise CommandError(f"--expires {text!r} is over.")
    return moment
