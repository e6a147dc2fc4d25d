"""manage.py setprice: change what a model costs, as a new complete version of its prices.

    setprice seedance-2.0
    setprice seedance-2.0 --set resolution=720p,duration=5,generate_audio=true=43
    setprice seedance-2.0 --set resolution=1080p=120 --effective 2026-01-01T00:00:00Z --note "New year"

A --set applies to every price whose conditions include the ones named, so it may name only some of them.
"""

import json
from argparse import ArgumentParser
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from generations import price_changes
from generations.catalog import ModelSpec, find_model, json_word
from generations.intake import InvalidParameter
from generations.models import PriceList
from generations.price_changes import MAX_CREDITS, Row


class Command(BaseCommand):
    help = "Show the prices of a model, or make a new version of them. What is already asked for keeps its price."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE,…=CREDITS", dest="changes")
        parser.add_argument("--effective", help="from when on, ISO 8601; default: now")
        parser.add_argument("--note", default="Set by this installation")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, model: str, changes: list[str], **options: Any) -> None:
        try:
            spec = find_model(model)
        except InvalidParameter as error:
            raise CommandError(error.message) from error
        effective_at = _moment(options["effective"])
        price_list = PriceList.objects.effective(spec.slug, effective_at).first()
        if changes:
            price_list = _new_version(spec, changes, effective_at=effective_at, note=options["note"])
        if price_list is None:
            raise CommandError(f"{spec.slug} has no price yet, so it can't be made. Set them all with --set.")
        self.stdout.write(json.dumps(_represent(price_list)) if options["json"] else _lines(spec, price_list))


def _new_version(spec: ModelSpec, changes: list[str], *, effective_at: datetime, note: str) -> PriceList:
    # First, so that a version made after this is noticed.
    based_on = price_changes.latest_version(spec.slug)
    rows = price_changes.starting_rows(spec, PriceList.objects.effective(spec.slug, effective_at).first())
    for change in changes:
        rows = _changed(spec, rows, change)
    try:
        return price_changes.make_version(spec, rows, based_on=based_on, effective_at=effective_at, note=note)
    except price_changes.Unpriced as error:
        raise CommandError(f"No price for {_shown(spec, error.conditions)}. Set that too.") from error
    except price_changes.Outdated as error:
        words = f"Version {error.latest} was made meanwhile; this was based on version {error.based_on}. Try again."
        raise CommandError(words) from error


def _changed(spec: ModelSpec, rows: list[Row], change: str) -> list[Row]:
    conditions, credits = _parse(spec, change)
    matched = [conditions.items() <= row.conditions.items() for row in rows]
    if not any(matched):
        raise CommandError(f"No price has the conditions of {change!r}.")
    return [replace(row, credits=credits) if is_meant else row for row, is_meant in zip(rows, matched, strict=True)]


def _parse(spec: ModelSpec, change: str) -> tuple[dict[str, Any], int]:
    named, _, credits = change.rpartition("=")
    if not (credits.isascii() and credits.isdigit() and 0 < int(credits) <= MAX_CREDITS):
        raise CommandError(f"{change!r} must end in =CREDITS, a whole number above 0.")
    choices = {field.name: {json_word(value): value for value in field.choices} for field in spec.priced_fields}
    conditions = {}
    for part in named.split(","):
        name, _, word = part.partition("=")
        if word not in choices.get(name, {}):
            raise CommandError(f"{part!r} is no choice of {spec.slug} that sets a price.")
        conditions[name] = choices[name][word]
    return conditions, int(credits)


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--effective {text!r} is not ISO 8601, such as 2026-01-01T00:00:00Z.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _shown(spec: ModelSpec, conditions: dict[str, Any]) -> str:
    names = (field.name for field in spec.priced_fields if field.name in conditions)
    return ", ".join(f"{name}={json_word(conditions[name])}" for name in names)


def _represent(price_list: PriceList) -> dict[str, Any]:
    prices = [
        {"conditions": price.conditions, "unit": price.unit, "credits": price.credits}
        for price in price_list.prices.order_by("id")
    ]
    return {
        "model": price_list.model,
        "version": price_list.version,
        "effective_at": price_list.effective_at.isoformat(),
        "note": price_list.note,
        "prices": prices,
    }


def _lines(spec: ModelSpec, price_list: PriceList) -> str:
    heading = f"{price_list} from {price_list.effective_at:%Y-%m-%d %H:%M} UTC: {price_list.note}"
    rows = [
        f"{price.credits:>6} a {price.unit}: {_shown(spec, price.conditions)}"
        for price in price_list.prices.order_by("id")
    ]
    return "\n".join([heading, *rows])
