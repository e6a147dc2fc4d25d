"""What changed, rendered: a card once per change and language, a balance once per team and language."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Team
from generations import counts
from generations.cards import ASSETS, Card
from generations.models import Generation, GenerationEvent

from .feed import Feed
from .messages import RELOAD, message
from .watching import Watcher, shut_out

OVERLAP = timedelta(seconds=60)
MAX_REPLAYED = 200

Languages = Mapping[UUID, Collection[str]]


@dataclass(frozen=True, slots=True)
class CardChange:
    """A changed generation: its card by language, and its removal, for pages that no longer show it."""

    generation: Generation
    cards: Mapping[str, bytes]
    gone: bytes

    def message_for(self, watcher: Watcher) -> bytes | None:
        if not watcher.wants(self.generation):
            return None
        return self.cards[watcher.language] if watcher.keeps(self.generation) else self.gone


@dataclass(frozen=True, slots=True)
class News:
    """Everything that one look at the database brought."""

    changes: list[CardChange] = field(default_factory=list)
    rails: Mapping[tuple[UUID, str], bytes] = field(default_factory=dict)
    shut_out: set[Watcher] = field(default_factory=set)


class Reader:
    """Looks at the database for all watchers of this process at once."""

    def __init__(self) -> None:
        self.feed = Feed()
        self._rails: dict[UUID, tuple[int, int, int]] = {}

    def look(self, watchers: Collection[Watcher], *, check_access: bool) -> News:
        languages: dict[UUID, set[str]] = {}
        for watcher in watchers:
            languages.setdefault(watcher.team_id, set()).add(watcher.language)
        changed = [id for id, team_id in self.feed.read().items() if team_id in languages]
        return News(
            changes=list(card_changes(changed, languages)) if changed else [],
            rails=self._changed_rails(languages),
            shut_out=shut_out(watchers) if check_access else set(),
        )

    def _changed_rails(self, languages: Languages) -> dict[tuple[UUID, str], bytes]:
        found: dict[tuple[UUID, str], bytes] = {}
        for rail in _rails(languages):
            if self._rails.get(rail.team.id) != rail.figures:
                found |= {(rail.team.id, language): rail.render(language) for language in languages[rail.team.id]}
                self._rails[rail.team.id] = rail.figures
        return found


@dataclass(frozen=True, slots=True)
class _Rail:
    """What the rail says of a team: its balance, and how much is in progress."""

    team: Team
    in_progress: int

    @property
    def figures(self) -> tuple[int, int, int]:
        return self.team.balance.available, self.team.balance.held, self.in_progress

    def render(self, language: str) -> bytes:
        context = {"team": self.team, "balance": self.team.balance, "in_progress": self.in_progress, "oob": True}
        with translation.override(language):
            parts = [render_to_string(f"components/{name}.html", context) for name in ("balance", "in_progress")]
        return message("rail", "\n".join(parts), at_ms=now_ms())


def now_ms() -> int:
    return int(timezone.now().timestamp() * 1000)


def card_changes(generation_ids: Collection[UUID], languages: Languages) -> Iterable[CardChange]:
    """Each generation as it is now, oldest first, so that the newest ends up on top."""
    at_ms = now_ms()
    for generation in Generation.objects.filter(id__in=generation_ids).order_by("id").prefetch_related(ASSETS):
        wanted = () if generation.hidden_at else languages[generation.team_id]
        cards = {language: _card(generation, language, at_ms) for language in wanted}
        gone = f'<article id="generation-{generation.id}" hx-swap-oob="delete"></article>'
        yield CardChange(generation, cards, message("gone", gone, at_ms=at_ms))


def replay(watcher: Watcher, after_ms: int) -> list[bytes]:
    """What a page rendered at `after_ms` may have missed: the rail, and the cards changed since a minute before that.

    Where more than 200 changed since, it is told to load itself anew.
    """
    languages = {watcher.team_id: [watcher.language]}
    rails = [rail.render(watcher.language) for rail in _rails(languages)]
    if watcher.show is None and watcher.generation_id is None:
        return rails
    after = datetime.fromtimestamp(after_ms / 1000, UTC)
    latest = _latest(watcher, since=after - OVERLAP)
    if sum(changed_at > after for _id, changed_at in latest) > MAX_REPLAYED:
        return [*rails, RELOAD]
    changes = card_changes([id for id, _changed_at in latest[:MAX_REPLAYED]], languages)
    return [*rails, *filter(None, (change.message_for(watcher) for change in changes))]


def _latest(watcher: Watcher, *, since: datetime) -> list[tuple[UUID, datetime]]:
    """The generations that changed last, and when: one more than are replayed, so that "too many" shows."""
    events = GenerationEvent.objects.filter(team_id=watcher.team_id, created_at__gt=since)
    if watcher.generation_id:
        events = events.filter(generation_id=watcher.generation_id)
    last_changes = events.values_list("generation_id").annotate(changed_at=Max("created_at"))
    return list(last_changes.order_by("-changed_at")[: MAX_REPLAYED + 1])


def _rails(languages: Languages) -> list[_Rail]:
    teams = Team.objects.filter(id__in=list(languages)).select_related("balance")
    in_progress = counts.in_progress(list(languages))
    return [_Rail(team, in_progress.get(team.id, 0)) for team in teams]


def _card(generation: Generation, language: str, at_ms: int) -> bytes:
    with translation.override(language):
        html = render_to_string("generations/card.html", {"card": Card(generation), "oob": True})
    return message("card", html.strip(), at_ms=at_ms)
