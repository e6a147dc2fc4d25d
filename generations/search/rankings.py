"""The ways to search: by the words of the prompt, by tag, by collection, by meaning. Each brings a ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from generations import tags, words
from generations.models import Collection, CollectionItem, Generation, SearchIndex, Tag
from generations.models.generations import GenerationQuerySet

from . import asking, coverage, full_text, meaning, vectors
from .fusion import Ranked, Reason, Way

WAYS: tuple[Way, ...] = ("words", "meaning", "tag", "collection")
MAX_COLLECTIONS = 5
MOST_NAMES = 1000  # of collections, the last changed ones
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
    """The rankings of one search; `further` are those that lie further away, which are found by no way.

    `notice` is what could not be asked or is not known yet, in words for people.
    """

    lists: Sequence[Ranked] = ()
    further: Sequence[Ranked] = ()
    notice: str = ""
    is_by_meaning: bool = False


def of_text(text: str, asked: Asked) -> Brought:
    """By each way that there is."""
    indexes = meaning.current()
    answers = asking.ask_all(indexes, text, team_id=asked.team_id)
    lists = [_by_words(text, asked), _by_tags(text, asked), _by_collections(text, asked)]
    if not answers.vectors:
        return Brought(lists=lists, notice=_unanswered(answers))
    found = [_by_meaning(index, vector, asked) for index, vector in answers.vectors]
    notices = (_unanswered(answers), _still_read([index for index, _vector in answers.vectors], asked))
    return Brought(
        lists=[*lists, *(_ranked(each.near, Reason("meaning")) for each in found)],
        further=[_ranked(each.further) for each in found],
        notice=" ".join(filter(None, notices)),
        is_by_meaning=True,
    )


def like(generation_id: UUID, asked: Asked) -> Brought:
    """Those nearest to one of the team's: by its clip, else by its prompt; without any vector by its words."""
    generation = Generation.objects.for_team(asked.team_id).filter(id=generation_id).first()
    if generation is None:
        return Brought()
    others = replace(asked, generations=asked.generations.exclude(id=generation_id))
    indexes = meaning.current()
    for index in indexes:
        if vector := vectors.vector_of(index, generation_id, team_id=asked.team_id):
            found = _by_meaning(index, vector, asked, but=generation_id)
            return Brought(
                lists=[_ranked(found.near, Reason("meaning"))],
                further=[_ranked(found.further)],
                notice=_still_read([index], asked),
                is_by_meaning=True,
            )
    notice = _("Its meaning is not known yet: these are found by the words of its prompt.") if indexes else ""
    return Brought(lists=[_by_words(generation.prompt[:LIKE_CHARACTERS], others)], notice=notice)


def _by_words(text: str, asked: Asked) -> Ranked:
    found = full_text.find(text, asked.generations, team_id=asked.team_id, limit=asked.limit)
    return _ranked(found, Reason("words"))


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
    """What lies in the collections named by the text which the asker may see; smart ones hold nothing."""
    visible = Collection.objects.visible_to(asked.user_id, team_id=asked.team_id).filter(search__isnull=True)
    seen = visible.order_by("-updated_at", "id").values_list("id", "name")[:MOST_NAMES]
    names = dict([(id, name) for id, name in seen if _names(text, name)][:MAX_COLLECTIONS])
    if not names:
        return Ranked([])
    items = CollectionItem.objects.filter(collection_id__in=list(names), generation__in=asked.generations)
    reasons: dict[UUID, dict[Reason, None]] = {}
    for item in items.order_by("position", "id")[: asked.limit]:
        reasons.setdefault(item.generation_id, {})[Reason("collection", names[item.collection_id])] = None
    return Ranked([(id, tuple(why)) for id, why in reasons.items()])


def _names(text: str, name: str) -> bool:
    """Whether the text is part of the name, or has all of its words that tell something."""
    wanted, called = words.plain(text), words.plain(name)
    if min(len(wanted), len(called)) < LEAST_OF_A_NAME:
        return False
    if wanted in called:
        return True
    told = [(is_unspaced, run) for is_unspaced, run in words.runs(name) if run not in full_text.COMMON]
    had = {run for _is_unspaced, run in words.runs(text)}
    return bool(told) and all(run in wanted if is_unspaced else run in had for is_unspaced, run in told)


def _by_meaning(
    index: SearchIndex, vector: Sequence[float], asked: Asked, *, but: UUID | None = None
) -> meaning.Nearest:
    within = asked.generations if asked.is_filtered else None
    return meaning.nearest(index, vector, within, team_id=asked.team_id, but=but)


def _ranked(ids: Sequence[UUID], *why: Reason) -> Ranked:
    return Ranked([(id, why) for id in ids])


def _unanswered(answers: asking.Answers) -> str:
    """Where no provider of embeddings is set up, there is nothing to say to makers."""
    if answers.is_too_fast:
        return _(
            "Your team has searched for %(most)s new texts within a minute:"
            " for a moment these are found by words alone. Try again in a minute."
        ) % {"most": asking.MOST_A_MINUTE}
    if not answers.unanswered:
        return ""
    if not answers.vectors:
        return _("Search by meaning is not available right now: these are found by words.")
    if SearchIndex.Kind.CLIP in {index.kind for index in answers.unanswered}:
        return _("What is seen in the clips cannot be searched right now: these are found by their prompts.")
    return _("The meaning of prompts cannot be searched right now: these are found by words and by what is seen.")


def _still_read(indexes: Sequence[SearchIndex], asked: Asked) -> str:
    """What the index with the most still to come knows so far."""
    known = max((coverage.of_team(index, asked.team_id) for index in indexes), key=lambda each: each.to_come)
    if not known.to_come:
        return ""
    return _("Search by meaning knows %(known)s of %(total)s clips so far; the rest are being read.") % {
        "known": intcomma(known.known, use_l10n=False),
        "total": intcomma(known.known + known.to_come, use_l10n=False),
    }
