"""manage.py provider: the accounts at providers that make generations, or the vectors they are found by; no keys."""

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Field

from generations import provider_accounts
from generations.models import ProviderAccount
from generations.providers.registry import ACCOUNT_PROVIDERS, EMBEDDERS, build
from generations.providers.signatures import HMAC_SHA256, STANDARD_WEBHOOKS

# Column by option; an option that is not given leaves its column alone.
SETTINGS = {
    "priority": "the lowest number goes first; default 100",
    "weight": "its share of the work among those of the same priority; default 1",
    "max_running": "how many of its tasks may run at once, 0 for any number; default 0",
    "max_unanswered": "how many POSTs may be without an answer; default 10",
    "reads_a_minute": "how often it may be asked about its tasks, at least 60; default 900",
    "reads_a_second": "how many of those may go out within one second, 0 for any number; default 0",
}
# Of those that mean something where no generations are made.
EMBEDDER_SETTINGS = ("priority", "reads_a_minute", "reads_a_second")
UNSIGNED = "none"
OVERLAP_HOURS = 24


class Command(BaseCommand):
    help = "Add, change, list, pause and resume provider accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add an account; one of that label gets the new address and key")
        add.add_argument("slug", choices=sorted(ACCOUNT_PROVIDERS))
        add.add_argument("--url", required=True, help="base URL, as docs/adding-a-provider.md has it")
        add.add_argument("--key", required=True, help="API key, or - to read it from standard input")
        add.add_argument("--label", help="default: the slug")
        add.add_argument(
            "--option", action="append", metavar="NAME=VALUE", help="a setting of its adapter; replaces all"
        )
        listing = actions.add_parser("list", help="all accounts, in the order in which they are tried")
        pause = actions.add_parser("pause", help="send no new work; what runs there is still followed")
        resume = actions.add_parser("resume", help="send work again")
        change = actions.add_parser("set", help="change settings; those not named stay as they are")
        change.add_argument(
            "--option", action="append", metavar="NAME=VALUE", help="a setting of its adapter; NAME= for its default"
        )
        for parser_with_label in (pause, resume, change):
            parser_with_label.add_argument("label")
        for parser_with_settings in (add, change):
            for name, words in SETTINGS.items():
                parser_with_settings.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=words)
            _add_signature_arguments(parser_with_settings)
        for each in (add, listing, pause, resume, change):
            each.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = getattr(self, f"_{options['action']}")(**options)
        answer = [_represent(account) for account in accounts]
        if options["json"]:
            self.stdout.write(json.dumps(answer if options["action"] == "list" else answer[0]))
        else:
            for each in answer:
                state = f"paused: {each['paused_reason']}" if each["paused"] else "active"
                state += ", circuit open" if each.get("circuit_open") else ""
                self.stdout.write(f"{each['priority']:>5}  {each['label']}  {each['provider']}  {each['url']}  {state}")

    @transaction.atomic
    def _add(self, *, slug: str, url: str, key: str, label: str | None, **options: Any) -> list[ProviderAccount]:
        key = _read(key)
        if not key or not key.isascii() or not key.isprintable():
            raise CommandError("The key is empty or holds characters that no key has.")
        if not provider_accounts.is_base_url(url):
            raise CommandError(f"{url!r} is not a base URL, such as https://provider.example/api/v1.")
        account = ProviderAccount.objects.select_for_update().filter(label=label or slug).first()
        account = account or ProviderAccount(provider=slug, label=label or slug)
        if account.provider != slug:
            raise CommandError(f"{account.label!r} is an account at {account.provider}. Choose another --label.")
        account.options = account.options if options["option"] is None else _parse_options(options["option"])
        account.base_url = url.rstrip("/")
        account.key = key
        _check_options(account)
        _apply_settings(account, options)
        account.save()
        _apply_signature(account, options)
        return [account]

    @transaction.atomic
    def _set(self, *, label: str, **options: Any) -> list[ProviderAccount]:
        account = _account(label)
        changed = _apply_settings(account, options)
        if options["option"] is not None:
            given = account.options | _parse_options(options["option"])
            account.options = {name: value for name, value in given.items() if value}
            _check_options(account)
            changed.append("options")
        if changed:
            account.save(update_fields=changed)
        _apply_signature(account, options)
        if options["old_secret_hours"] == 0 and not options["json"]:
            self.stdout.write("The callback secret before is not good any more.")
        return [account]

    def _list(self, **options: Any) -> list[ProviderAccount]:
        return list(ProviderAccount.objects.order_by("priority", "label"))

    def _pause(self, *, label: str, **options: Any) -> list[ProviderAccount]:
        account = _account(label)
        provider_accounts.pause(account)
        return [account]

    def _resume(self, *, label: str, **options: Any) -> list[ProviderAccount]:
        account = _account(label)
        provider_accounts.resume(account)
        return [account]


def _add_signature_arguments(parser: ArgumentParser) -> None:
    schemes = (STANDARD_WEBHOOKS, HMAC_SHA256, UNSIGNED)
    parser.add_argument(
        "--callback-signature", choices=schemes, help="what its callbacks are signed by; a new account's by none"
    )
    parser.add_argument(
        "--callback-secret",
        metavar="SECRET",
        help="or - to read it from standard input, after a key; a first one needs --callback-signature",
    )
    parser.add_argument("--callback-header", metavar="NAME", help=f"which header has the signature, for {HMAC_SHA256}")
    parser.add_argument(
        "--old-secret-hours",
        type=int,
        metavar="N",
        help=f"for how long the secret before a new one is good yet, by default {OVERLAP_HOURS}; 0 alone ends it now",
    )


def _apply_signature(account: ProviderAccount, options: dict[str, Any]) -> None:
    """Set, change or remove what its callbacks are signed by, where anything of it is given; raises CommandError."""
    scheme, secret, header = (options[f"callback_{name}"] for name in ("signature", "secret", "header"))
    if scheme == UNSIGNED:
        if secret or header:
            raise CommandError("Without a signature there is neither secret nor header.")
        provider_accounts.believe_unsigned_callbacks(account)
    elif scheme or secret or header or options["old_secret_hours"] is not None:
        overlap = _overlap(options["old_secret_hours"], has_secret=bool(secret))
        scheme = scheme or account.signature_scheme
        if not scheme:
            raise CommandError(
                f"Its callbacks are not signed. Say by what: --callback-signature {STANDARD_WEBHOOKS} or {HMAC_SHA256}."
            )
        try:
            provider_accounts.sign_callbacks(
                account, scheme=scheme, secret=_read(secret or ""), header=header or "", overlap=overlap
            )
        except provider_accounts.SignatureRefused as refusal:
            raise CommandError(str(refusal)) from refusal


def _overlap(hours: int | None, *, has_secret: bool) -> timedelta | None:
    """For how long the secret before is good yet, None for as long as it was; raises CommandError."""
    if hours is None:
        return timedelta(hours=OVERLAP_HOURS) if has_secret else None
    most = provider_accounts.MOST_OVERLAP.days * 24
    if not 0 <= hours <= most:
        raise CommandError(f"--old-secret-hours: from 0 to {most}.")
    if hours and not has_secret:
        raise CommandError("--old-secret-hours: without a new --callback-secret only 0, which ends the one before.")
    return timedelta(hours=hours)


def _read(given: str) -> str:
    """- is for the next line of standard input."""
    return sys.stdin.readline().strip() if given == "-" else given


def _account(label: str) -> ProviderAccount:
    account = ProviderAccount.objects.filter(label=label).first()
    if account is None:
        raise CommandError(f"No provider account is labelled {label!r}. See: manage.py provider list")
    return account


def _apply_settings(account: ProviderAccount, options: dict[str, Any]) -> list[str]:
    """Write those that are given on the account, and return their columns; raises CommandError."""
    given = {name: options[name] for name in SETTINGS if options[name] is not None}
    if senseless := [name for name in given if name not in _settings_of(account)]:
        raise CommandError(f"--{senseless[0].replace('_', '-')}: {account.provider} makes no generations.")
    for name, value in given.items():
        field: Field[Any, Any] = ProviderAccount._meta.get_field(name)  # type: ignore[assignment]
        try:
            setattr(account, name, field.clean(None if field.null and value == 0 else value, account))
        except ValidationError as error:
            raise CommandError(f"--{name.replace('_', '-')}: {' '.join(error.messages)}") from error
    return list(given)


def _parse_options(given: list[str]) -> dict[str, str]:
    """NAME=VALUE by name; raises CommandError."""
    if malformed := [each for each in given if "=" not in each]:
        raise CommandError(f"{malformed[0]!r} is no option, such as name=value.")
    return dict(each.split("=", 1) for each in given)


def _check_options(account: ProviderAccount) -> None:
    """Raises CommandError where its adapter can't use them."""
    try:
        build(account.provider, account.base_url, "key", account.options)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _settings_of(account: ProviderAccount) -> tuple[str, ...]:
    return EMBEDDER_SETTINGS if account.provider in EMBEDDERS else tuple(SETTINGS)


def _represent(account: ProviderAccount) -> dict[str, Any]:
    """What means nothing where no generations are made is left out."""
    signed = {
        "callback_signature": account.signature_scheme or UNSIGNED,
        "callback_header": account.signature_header,
    }
    return {
        "label": account.label,
        "provider": account.provider,
        "url": account.base_url,
        "options": account.options,
        **{name: getattr(account, name) for name in _settings_of(account)},
        **({} if account.provider in EMBEDDERS else signed),
        "paused": account.paused_at is not None,
        "paused_reason": account.paused_reason,
        **({} if account.provider in EMBEDDERS else {"circuit_open": account.circuit_opened_at is not None}),
    }
