"""manage.py audit_credits: recompute the books from their entries."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

import accounts.audit
import generations.audit


class Command(BaseCommand):
    help = "Recompute balances and budgets from the entries. Prints the rows that differ, and exits with 1 if any do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = _differing()
        self.stdout.write(json.dumps(rows, default=str) if options["json"] else _lines(rows))
        if rows:
            raise CommandError(f"{len(rows)} rows differ")


@transaction.atomic
def _differing() -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")  # that of the connection is for requests
    rows: list[dict[str, object]] = [asdict(row) for row in accounts.audit.audit()]
    return rows + [{"rule": "generation_agrees_with_its_hold", **row} for row in generations.audit.audit()]


def _lines(rows: list[dict[str, object]]) -> str:
    lines = [", ".join(f"{name}: {value}" for name, value in row.items()) for row in rows]
    return "\n".join(lines) or "the books close"
