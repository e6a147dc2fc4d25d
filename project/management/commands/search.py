"""manage.py search: the indexes that generations are found by."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from generations import provider_accounts
from generations.models import SearchIndex
from generations.providers.registry import EMBEDDERS
from generations.search import operating


class Command(BaseCommand):
    help = "Show how far the search indexes are, try what has failed again, and have all made anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        status = actions.add_parser("status", help="each index, how far it is, and what has failed")
        retry = actions.add_parser("retry", help="try what has failed again")
        reindex = actions.add_parser(
            "reindex", help="make all that a provider has made anew, in the background; until then the old is searched"
        )
        reindex.add_argument("provider", choices=sorted(EMBEDDERS))
        for each in (status, retry, reindex):
            each.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        answer, lines = getattr(self, f"_{options['action']}")(**options)
        self.stdout.write(json.dumps(answer) if options["json"] else "\n".join(lines))

    def _status(self, **options: Any) -> tuple[Any, list[str]]:
        answer = operating.status()
        return answer, [_line(each) for each in answer] or ["There is no index: no embedding account was ever active."]

    def _retry(self, **options: Any) -> tuple[Any, list[str]]:
        counts = {str(index): operating.retry(index) for index in SearchIndex.objects.filter(retired_at=None)}
        return counts, [f"{name}: {count} tried again" for name, count in counts.items()] or ["There is no index."]

    def _reindex(self, *, provider: str, **options: Any) -> tuple[Any, list[str]]:
        try:
            version = provider_accounts.raise_version(provider)
        except provider_accounts.NoAccount as error:
            raise CommandError(f"There is no account at {provider}. Add one: manage.py provider add") from error
        told = f"Version {version} of {provider} is filled in the background. See: manage.py search status"
        return {"provider": provider, "version": version}, [told]


def _line(index: dict[str, Any]) -> str:
    made_with = f"{index['provider']} {index['model']} v{index['version']}"
    dims = f", {index['dims']} dims" if index["dims"] else ""
    failed = ", ".join(f"{count} {code}" for code, count in index["failures"].items())
    far = f"{index['done']} of {index['total']}" + (f", failed: {failed}" if failed else "")
    return f"{index['kind']:<7}{made_with}{dims}  {index['state']}  {far}"
