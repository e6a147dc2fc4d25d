"""The ways to search: by the words of the prompt, by tag, by collection, by meaning. Each brings a ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from generations import tags
from generations.models import Collection, CollectionItem, Generation, SearchIndex, Tag
from generations.models.generations import GenerationQuerySet

from . import meaning, spaces, vectors, wordy
from .fusing import Ranked, Reason, Way

WAYS: tuple[Way, ...] = ("words", "meaning", "tag", "collection")
MAX_COLLECTIONS = 5
LEAST_OF_A_NAME = 2  # characters
LIKE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, among which generations, and how many each way may bring.

    `is_filtered` says whether the generations are fewer than all that the team has.
    """

    generations: GenerationQuerySet
    is_filtered: bool
    team_id: UUID
    user_id: UUID | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """The rankings of one search. `says` is what could not be asked, in words for people."""

    lists: Sequence[Ranked] = ()
    says: str = ""
    is_by_meaning: bool = field(default=False)


def of_text(text: str, asked: Asked) -> Brought:
    """By each way that there is."""
    indexes = meaning.current()
    queries = meaning.of_text(text, indexes)
    lists = [_by_words(text, asked), _by_tags(text, asked), _by_collections(text, asked)]
    lists += [_by_meaning(index, vector, asked) for index, vector in queries]
    return Brought(lists=lists, says=_missing(indexes, queries), is_by_meaning=bool(queries))


def like(generation_id: UUID, asked: Asked) -> Brought:
    """Those nearest to one of the team's: by its clip, else by its prompt; without any vector by its words."""
    generation = Generation.objects.for_team(asked.team_id).filter(id=generation_id).first()
    if generation is None:
        return Brought()
    others = replace(asked, generations=asked.generations.exclude(id=generation_id))
    for kind in (SearchIndex.Kind.CLIP, SearchIndex.Kind.PROMPT):
        index = spaces.current(kind)
        vector = vectors.vector_of(index, generation_id, team_id=asked.team_id) if index else []
        if index and vector:
            near = [each for each in _by_meaning(index, vector, asked).found if each[0] != generation_id]
            return Brought(lists=[Ranked(near)], is_by_meaning=True)
    return Brought(lists=[_by_words(generation.prompt[:LIKE_CHARACTERS], others)])


def collections_of(team_id: UUID, user_id: UUID | None) -> QuerySet[Collection]:
    """Those that somebody may see: the team's, and their own private ones."""
    may_see = Q(visibility=Collection.Visibility.TEAM)
    if user_id:
        may_see |= Q(created_by_id=user_id)
    return Collection.objects.filter(may_see, team_id=team_id)


def _by_words(text: str, asked: Asked) -> Ranked:
    found = wordy.find(text, asked.generations, team_id=asked.team_id, limit=asked.limit)
    return Ranked([(id, (Reason("words"),)) for id in found])


def _by_tags(text: str, asked: Asked) -> Ranked:
    """Those with most of the tags that the text names first, then the newest."""
    names = tags.matching(asked.team_id, text)
    if not names:
        return Ranked([])
    having = Tag.objects.filter(
        team_id=asked.team_id, name__in=names, rejected_at=None, generation__in=asked.generations
    )
    reasons: dict[UUID, dict[Reason, None]] = {}
    for tag in having.order_by("-generation_id", "source", "kind", "name")[: 2 * asked.limit]:
        reasons.setdefault(tag.generation_id, {})[Reason("tag", tags.label(tag))] = None
    ranked = sorted(reasons.items(), key=lambda each: (len(each[1]), each[0]), reverse=True)
    return Ranked([(id, tuple(why)) for id, why in ranked[: asked.limit]])


def _by_collections(text: str, asked: Asked) -> Ranked:
    """What lies in collections of that name which the asker may see; smart ones hold nothing."""
    if len(text) < LEAST_OF_A_NAME:
        return Ranked([])
    named = collections_of(asked.team_id, asked.user_id).filter(name__icontains=text, search__isnull=True)
    names = dict(named.order_by("-updated_at").values_list("id", "name")[:MAX_COLLECTIONS])
    if not names:
        return Ranked([])
    items = CollectionItem.objects.filter(collection_id__in=list(names), generation__in=asked.generations)
    reasons: dict[UUID, dict[Reason, None]] = {}
    for item in items.order_by("position", "id")[: asked.limit]:
        reasons.setdefault(item.generation_id, {})[Reason("collection", names[item.collection_id])] = None
    return Ranked([(id, tuple(why)) for id, why in reasons.items()])


def _by_meaning(index: SearchIndex, vector: Sequence[float], asked: Asked) -> Ranked:
    found = meaning.nearest(index, vector, asked.generations if asked.is_filtered else None, team_id=asked.team_id)
    return Ranked([(id, (Reason("meaning"),)) for id in found])


def _missing(indexes: Sequence[SearchIndex], queries: Sequence[tuple[SearchIndex, Sequence[float]]]) -> str:
    """Where no provider of embeddings is set up, there is nothing to say to makers."""
    answered = {index.kind for index, _vector in queries}
    silent = {index.kind for index in indexes} - answered
    if not silent:
        return ""
    if not answered:
        return _("Search by meaning is not available right now: these are found by words.")
    if SearchIndex.Kind.CLIP in silent:
        return _("What is seen in the clips cannot be searched right now: these are found by their prompts.")
    return _("The meaning of prompts cannot be searched right now: these are found by words and by what is seen.")
