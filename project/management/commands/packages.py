"""manage.py packages: the packages of credits that teams can buy."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError

from accounts.models import CreditPackage
from accounts.money import money


class Command(BaseCommand):
    help = "Add and list credit packages. Change them in the operator's pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a package, offered from now on")
        add.add_argument("name")
        add.add_argument("credits", type=int)
        add.add_argument("amount", type=int, help="the price in the currency's smallest unit: 1900 is 19.00")
        add.add_argument("--currency", default="usd", help="ISO 4217; default usd")
        add.add_argument("--position", type=int, default=0, help="the lowest number is shown first; default 0")
        listing = actions.add_parser("list", help="all packages, in the order in which they are shown")
        for each in (add, listing):
            each.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        packages = getattr(self, f"_{options['action']}")(**options)
        answer = [_represent(package) for package in packages]
        if options["json"]:
            self.stdout.write(json.dumps(answer if options["action"] == "list" else answer[0]))
        else:
            self.stdout.write("\n".join(_line(package) for package in packages))

    def _add(
        self, *, name: str, credits: int, amount: int, currency: str, position: int, **options: Any
    ) -> list[CreditPackage]:
        package = CreditPackage(name=name, credits=credits, amount=amount, currency=currency.lower(), position=position)
        try:
            package.full_clean()
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal
        package.save()
        return [package]

    def _list(self, **options: Any) -> list[CreditPackage]:
        return list(CreditPackage.objects.all())


def _line(package: CreditPackage) -> str:
    state = "offered" if package.is_offered else "not offered"
    return f"{package.name}: {package.credits} credits, {money(package.amount, package.currency)}, {state}"


def _represent(package: CreditPackage) -> dict[str, Any]:
    return {
        "id": str(package.pk),
        "name": package.name,
        "credits": package.credits,
        "amount": package.amount,
        "currency": package.currency,
        "position": package.position,
        "offered": package.is_offered,
    }
