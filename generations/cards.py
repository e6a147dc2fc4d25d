"""What a card shows. It depends on the generation alone: one rendering serves everyone who reads its language."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import links, wording
from .catalog import MODELS
from .failures import FAILURES, Failure
from .models import Asset, Generation, State
from .models.generations import GenerationQuerySet

ASSETS = Prefetch("assets", Asset.objects.filter(deleted_at=None))
IN_PROGRESS = (*State.OF_STATUS["pending"], *State.OF_STATUS["processing"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One of the gallery's filters, as a query and as a question about one generation."""

    slug: str
    label: str | Promise
    states: tuple[str, ...] = ()
    task_type: str = ""
    mine: bool = False

    def among(self, generations: GenerationQuerySet, user_id: UUID | None) -> GenerationQuerySet:
        if self.states:
            generations = generations.filter(state__in=self.states)
        if self.task_type:
            generations = generations.filter(task_type=self.task_type)
        return generations.filter(created_by_id=user_id) if self.mine else generations

    def fits(self, generation: Generation, user_id: UUID) -> bool:
        right_state = not self.states or generation.state in self.states
        right_type = not self.task_type or generation.task_type == self.task_type
        return right_state and right_type and (not self.mine or generation.created_by_id == user_id)


SHOWS = {
    show.slug: show
    for show in (
        Show(slug="all", label=_("All")),
        Show(slug="in-progress", label=_("In progress"), states=IN_PROGRESS),
        Show(slug="completed", label=_("Completed"), states=("completed",)),
        Show(slug="failed", label=_("Failed"), states=("failed",)),
        Show(slug="cancelled", label=_("Cancelled"), states=("cancelled",)),
        Show(slug="mine", label=_("Mine"), mine=True),
        Show(slug="text-to-video", label=_("Text to video"), task_type="text_to_video"),
        Show(slug="image-to-video", label=_("Image to video"), task_type="image_to_video"),
        Show(slug="text-to-image", label=_("Text to image"), task_type="text_to_image"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image of a set, its `number` counted from 1; `preview` is a link to its poster."""

    position: int
    preview: str
    width: int | None
    height: int | None

    @property
    def number(self) -> int:
        return self.position + 1


class Card:
    """A generation with its assets prefetched, as cards and pages show it."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        kept = sorted(generation.assets.all(), key=lambda asset: asset.position)
        self._outputs = [asset for asset in kept if asset.kind == Asset.Kind.OUTPUT]
        self._posters = [asset for asset in kept if asset.kind == Asset.Kind.POSTER]

    @property
    def version(self) -> int:
        """Changes with every change of the generation; the page keeps a card whose version it has."""
        return int(self.generation.updated_at.timestamp() * 1_000_000)

    @property
    def title(self) -> str:
        """Its prompt; where a clip was made of images alone, what it is."""
        return self.generation.prompt.strip() or wording.task_type(self.generation.task_type)

    @property
    def facts(self) -> str:
        """The choice that people look for first; empty where its model has none."""
        return wording.summary(self.generation.params, ["resolution"])

    @property
    def credits(self) -> int:
        """What it cost; before that is known, and where nothing came, what was set aside for it."""
        generation = self.generation
        return generation.charged_credits if generation.state == State.COMPLETED else generation.held_credits

    @cached_property
    def poster(self) -> str:
        return links.path(self._posters[0]) if self._posters else ""

    @cached_property
    def video(self) -> str:
        return links.path(self._outputs[0]) if self._outputs and not self.generation.makes_images else ""

    @cached_property
    def pictures(self) -> list[Picture]:
        """The images of a set, in their order."""
        if not self.generation.makes_images:
            return []
        posters = {poster.position: poster for poster in self._posters}
        return [
            Picture(
                position=output.position,
                preview=links.path(posters.get(output.position, output)),
                width=output.width,
                height=output.height,
            )
            for output in self._outputs
        ]

    @property
    def output(self) -> Asset | None:
        return self._outputs[0] if self._outputs else None

    @property
    def size_bytes(self) -> int:
        """Of all that was delivered."""
        return sum(output.size_bytes for output in self._outputs)

    @property
    def failure(self) -> Failure:
        return FAILURES[self.generation.failure_code or "CANCELLED"]

    @property
    def look(self) -> str:
        """The class that colours its status."""
        return {"completed": "ok", "failed": "bad", "cancelled": ""}.get(self.generation.state, "busy")

    @property
    def stage(self) -> str:
        return str(State(self.generation.state).label)

    @property
    def typical_seconds(self) -> int:
        """How long its model usually takes; a model no longer in the catalog is taken for a minute."""
        spec = MODELS.get(self.generation.model)
        return sum(spec.typical_seconds) // 2 if spec else 60

    @property
    def started_ms(self) -> int:
        return int((self.generation.started_at or self.generation.created_at).timestamp() * 1000)

    @property
    def seconds_left(self) -> int:
        """An estimate, never below 0."""
        if self.generation.progress:
            return self.typical_seconds * (100 - self.generation.progress) // 100
        elapsed = timezone.now().timestamp() - self.started_ms / 1000
        return max(0, round(self.typical_seconds - elapsed))

    @property
    def percent(self) -> int:
        """The provider's word where it gives one, else what its usual time lets expect, which is never the whole."""
        done = 100 - 100 * self.seconds_left // self.typical_seconds
        return self.generation.progress or max(3, min(95, done))


def cards_of(generations: Iterable[Generation]) -> list[Card]:
    return [Card(generation) for generation in generations]
