"""manage.py provider: the accounts at providers that make generations, without their keys."""

import json
import sys
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from generations.models import ProviderAccount
from generations.providers.registry import ADAPTERS, build


class Command(BaseCommand):
    help = "Add, list, pause and resume provider accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add an account; one of that label gets the new address and key")
        add.add_argument("slug", choices=sorted(ADAPTERS))
        add.add_argument("--url", required=True, help="base URL, as docs/adding-a-provider.md has it")
        add.add_argument("--key", required=True, help="API key, or - to read it from standard input")
        add.add_argument("--label", help="default: the slug")
        add.add_argument("--priority", type=int, help="the lowest number goes first; default 100")
        add.add_argument(
            "--option", action="append", metavar="NAME=VALUE", help="a setting of its adapter; replaces all"
        )
        listing = actions.add_parser("list", help="all accounts, in the order in which they are tried")
        pause = actions.add_parser("pause", help="send no new work; what runs there is still followed")
        resume = actions.add_parser("resume", help="send work again")
        for parser_with_label in (pause, resume):
            parser_with_label.add_argument("label")
        for each in (add, listing, pause, resume):
            each.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = getattr(self, f"_{options['action']}")(**options)
        answer = [_represent(account) for account in accounts]
        if options["json"]:
            self.stdout.write(json.dumps(answer if options["action"] == "list" else answer[0]))
        else:
            for each in answer:
                state = f"paused: {each['paused_reason']}" if each["paused"] else "active"
                self.stdout.write(f"{each['priority']:>5}  {each['label']}  {each['provider']}  {each['url']}  {state}")

    @transaction.atomic
    def _add(self, *, slug: str, url: str, key: str, label: str | None, **options: Any) -> list[ProviderAccount]:
        key = sys.stdin.readline().strip() if key == "-" else key
        if not key or not key.isascii() or not key.isprintable():
            raise CommandError("The key is empty or holds characters that no key has.")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise CommandError(f"{url!r} is not a base URL, such as https://provider.example/api/v1.")
        account = ProviderAccount.objects.select_for_update().filter(label=label or slug).first()
        account = account or ProviderAccount(provider=slug, label=label or slug)
        if account.provider != slug:
            raise CommandError(f"{account.label!r} is an account at {account.provider}. Choose another --label.")
        account.options = account.options if options["option"] is None else _parse_options(options["option"])
        try:
            build(slug, url, key, account.options)
        except ValueError as error:
            raise CommandError(str(error)) from error
        account.base_url = url.rstrip("/")
        account.key = key
        account.priority = account.priority if options["priority"] is None else options["priority"]
        account.save()
        return [account]

    def _list(self, **options: Any) -> list[ProviderAccount]:
        return list(ProviderAccount.objects.order_by("priority", "label"))

    def _pause(self, *, label: str, **options: Any) -> list[ProviderAccount]:
        account = _account(label)
        if account.paused_at is None:
            account.paused_at, account.paused_reason = timezone.now(), "by an operator"
            account.save(update_fields=["paused_at", "paused_reason"])
        return [account]

    def _resume(self, *, label: str, **options: Any) -> list[ProviderAccount]:
        account = _account(label)
        account.paused_at, account.paused_reason, account.busy_until = None, "", None
        account.save(update_fields=["paused_at", "paused_reason", "busy_until"])
        return [account]


def _account(label: str) -> ProviderAccount:
    account = ProviderAccount.objects.filter(label=label).first()
    if account is None:
        raise CommandError(f"No provider account is labelled {label!r}. See: manage.py provider list")
    return account


def _parse_options(given: list[str]) -> dict[str, str]:
    """NAME=VALUE by name; raises CommandError."""
    if malformed := [each for each in given if "=" not in each]:
        raise CommandError(f"{malformed[0]!r} is no option, such as name=value.")
    return dict(each.split("=", 1) for each in given)


def _represent(account: ProviderAccount) -> dict[str, Any]:
    return {
        "label": account.label,
        "provider": account.provider,
        "url": account.base_url,
        "options": account.options,
        "priority": account.priority,
        "paused": account.paused_at is not None,
        "paused_reason": account.paused_reason,
    }
