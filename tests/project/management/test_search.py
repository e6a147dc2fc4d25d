import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generations.models import ProviderAccount, SearchEntry, SearchIndex
from tests.api import completed, ensure_prices
from tests.factories import make_account, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def index() -> SearchIndex:
    ensure_prices()
    index = SearchIndex.objects.create(
        kind="prompt", provider="scnet", model="Qwen3", dims=4, is_current=True, filled_at=timezone.now()
    )
    team = make_team(granted=100)
    for failure_code in ("", "PROVIDER_ERROR", "PROVIDER_ERROR"):
        given = {"team": team, "generation": completed(team), "failure_code": failure_code}
        SearchEntry.objects.create(index=index, done_at=timezone.now(), **given)
    return index


def search(*words: str) -> str:
    out = io.StringIO()
    call_command("search", *words, stdout=out)
    return out.getvalue()


def account(label: str, **options: str) -> ProviderAccount:
    made = make_account(base_url="https://api.scnet.example/v1", provider="scnet", label=label)
    made.options = options
    made.save()
    return made


def test_each_index_is_told_with_how_far_it_is(index):
    SearchIndex.objects.create(kind="clip", provider="seeknetic", model="old", retired_at=timezone.now())

    assert search("status") == "prompt scnet Qwen3 v1, 4 dims  current  1 of 3, failed: 2 PROVIDER_ERROR\n"
    assert json.loads(search("status", "--json")) == [
        {
            "id": index.pk,
            "kind": "prompt",
            "provider": "scnet",
            "model": "Qwen3",
            "dims": 4,
            "version": 1,
            "state": "current",
            "done": 1,
            "failed": 2,
            "total": 3,
            "failures": {"PROVIDER_ERROR": 2},
        }
    ]


def test_without_an_index_it_says_so():
    assert "There is no index" in search("status")
    assert json.loads(search("status", "--json")) == []


def test_what_has_failed_is_tried_again_once(index):
    told = [search("retry"), search("retry")]

    assert [each.split(": ")[1] for each in told] == ["2 tried again\n", "0 tried again\n"]
    assert SearchEntry.objects.filter(next_at__isnull=False, failure_code="", done_at=None).count() == 2


def test_a_provider_s_accounts_get_one_version_more_than_any_had(index):
    first, second, other = (
        account("a", model="Qwen3", version="3"),
        account("b", model="Qwen3"),
        make_account(base_url="https://x.example"),
    )

    told = json.loads(search("reindex", "scnet", "--json"))

    for each in (first, second, other):
        each.refresh_from_db()
    assert told == {"provider": "scnet", "version": 4}
    assert (first.options, second.options) == ({"model": "Qwen3", "version": "4"}, {"model": "Qwen3", "version": "4"})
    assert other.options == {}


def test_without_an_account_nothing_is_made_anew(index):
    with pytest.raises(CommandError, match="no account at seeknetic"):
        search("reindex", "seeknetic")
    with pytest.raises(CommandError, match="invalid choice"):
        search("reindex", "vibegen")
