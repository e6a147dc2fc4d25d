"""Accounts of embedding providers, generations to be indexed, and the job run here and now."""

import struct
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Team
from generations.models import Generation, ProviderAccount, SearchEntry, SearchIndex, State
from generations.search import indexing
from tests.api import completed
from tests.factories import make_account
from tests.sandbox_process import SandboxProcess, wait_until

NOWHERE = "http://127.0.0.1:9"
PATHS = {"seeknetic": "", "scnet": "/api/llm/v1"}
# The sandbox limits nobody, and a test should not wait for its minute to pass.
READS = 60_000


def make_embedder(provider: str, *, at: str = NOWHERE, priority: int = 100, **options: str) -> ProviderAccount:
    """An account of an embedding provider, at an address such as the sandbox's; its options as given."""
    account = make_account(base_url=at + PATHS[provider], provider=provider, key="sandbox", priority=priority)
    account.options = options
    account.reads_a_minute = READS
    account.save()
    return account


def set_options(account: ProviderAccount, **options: str) -> None:
    ProviderAccount.objects.filter(id=account.id).update(options=options)


def set_fault(sandbox: SandboxProcess, vendor: str, fault: str, **more: Any) -> None:
    """One that stands for an embedding API."""
    sandbox.control("faults", {"fault": fault, "vendor": vendor, **more})


def make_clips(team: Team, count: int, *, content: bytes = b"", prompt: str = "Clip") -> list[Generation]:
    """Completed ones, "Clip 0", "Clip 1"…; `content` is an MP4, of which each has a file of its own."""
    prompts = [f"{prompt} {number}" for number in range(count)]
    return [completed(team, prompt=each, **({"content": content + _free(each)} if content else {})) for each in prompts]


def _free(text: str) -> bytes:
    """A box that players pass over (ISO/IEC 14496-12, 8.1.2)."""
    return struct.pack(">I4s", 8 + len(text.encode()), b"free") + text.encode()


def hurry() -> None:
    """What waits for a moment to come is due now: entries, indexes, accounts."""
    SearchEntry.objects.filter(next_at__gt=Now()).update(next_at=Now())
    SearchIndex.objects.filter(next_at__gt=Now(), retired_at=None).update(next_at=Now())
    ProviderAccount.objects.filter(busy_until__gt=Now()).update(busy_until=Now())


def is_indexed() -> bool:
    """Whether nothing is due any more, and each kind's only index that is kept is the current one, and built."""
    to_enter = Generation.objects.filter(index_at__isnull=False)
    unbuilt = Q(built_at=None, dims__gt=0)
    unfinished = SearchIndex.objects.filter(Q(filled_at=None) | Q(is_current=False) | unbuilt, retired_at=None)
    open_entries = SearchEntry.objects.filter(done_at=None, index__retired_at=None)
    return not (to_enter.exists() or unfinished.exists() or open_entries.exists())


def index_all(*, seconds: float = 60) -> None:
    """Work until all is indexed."""

    def indexed() -> bool:
        indexing.index()
        hurry()
        return is_indexed()

    wait_until(indexed, seconds=seconds)


def missing() -> list[str]:
    """What is not as it should be: each kept index has one entry, which has what it should, of each completed clip."""
    wrong = []
    clips = set(Generation.objects.filter(state=State.COMPLETED, hidden_at=None).values_list("id", flat=True))
    for index in SearchIndex.objects.filter(retired_at=None):
        entries = list(SearchEntry.objects.filter(index=index))
        if sorted(str(each.generation_id) for each in entries) != sorted(map(str, clips)):
            wrong.append(f"{index} has {len(entries)} entries, not {len(clips)}")
        bare = [each for each in entries if each.done_at is None or (each.vector is None and index.kind != "tags")]
        if bare:
            wrong.append(f"{index} has {len(bare)} without a vector, such as {bare[0].failure_code or 'undone'}")
    return wrong
