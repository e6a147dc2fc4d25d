"""Fetches one output of a provider to a draft on our disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from generations.models import ProviderAccount
from project import outbound

from . import store
from .errors import ArchiveError

TOTAL_SECONDS = 600
MAX_BYTES = 2 << 30


@contextmanager
def download(url: str, account: ProviderAccount) -> Iterator[store.Draft]:
    """The file behind a result link. The account's own host may be private, any other must be public.

    Raises ArchiveError, final where the link is one that we never follow.
    """
    own_netloc = outbound.netloc_of(account.base_url)
    try:
        with outbound.stream(
            url,
            total_seconds=TOTAL_SECONDS,
            max_bytes=MAX_BYTES,
            trusted_hosts=[own_netloc] if own_netloc else [],
        ) as answer:
            if answer.status != 200:
                raise ArchiveError(f"status {answer.status}")
            with store.draft(answer) as draft:
                yield draft
    except outbound.UrlRefused as refusal:
        raise ArchiveError(refusal.code, is_final=True) from refusal
    except outbound.OutboundError as error:
        raise ArchiveError(error.code) from error
