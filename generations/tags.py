"""What machine and members call a clip: words to find it by.

All are written with the clip's row locked, so that two at once make no tag twice and take the last place once. A name
is kept as it was given; names are compared folded, as words of prompts are.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts import names
from accounts.models import User

from . import tag_words
from .models import Generation, Tag
from .models.generations import GenerationQuerySet
from .providers.embedding import ReadTag
from .tag_words import folded, meanings, spelling, typed

MOST_OF_MEMBERS = 20
MOST_OF_MACHINE = 40
NAME_CHARACTERS = 40
LEAST_PREFIX = 2
NAMES_LOOKED_AT = 5000
CLIPS_COUNTED = 1000


class NoName(ValueError):
    """Nothing is left of it that can be seen."""


class NameTooLong(ValueError):
    """`over` is by how many characters."""

    def __init__(self, over: int) -> None:
        super().__init__(f"{over} characters too long")
        self.over = over


class HasIt(ValueError):
    """A member has given the clip this tag already, in upper or lower case."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag.name)
        self.tag = tag


class TooManyTags(ValueError):
    """The clip has MOST_OF_MEMBERS."""


class ClipGone(Exception):
    """The clip was deleted meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTag:
    """A name that clips of a team have. `kinds` are those of the machine's tags of that name; `is_members` says
    whether a member's has it too. `clips` is counted up to CLIPS_COUNTED; `has_more` where there are more.
    """

    name: str
    kinds: frozenset[str]
    is_members: bool
    clips: int
    has_more: bool

    @property
    def kind(self) -> str:
        """The first of its kinds; of no kind where only members gave it."""
        return min(self.kinds - {""}, default="")

    @property
    def label(self) -> str:
        return tag_words.label(self.kind, self.name)


def clean(name: str) -> str:
    """In one line, without what can't be seen or turns the direction of the text around it; in NFC."""
    seen = "".join(each if names.is_plain(each) else " " if each.isspace() else "" for each in name)
    return " ".join(unicodedata.normalize("NFC", seen).split()).strip("\u200d")


@transaction.atomic
def add(generation: Generation, name: str, *, by: User) -> Tag:
    """Give it a member's tag, spelled as the team has it. Raises NoName, NameTooLong, HasIt, TooManyTags, ClipGone."""
    name = clean(name)
    if not name:
        raise NoName
    if (over := len(name) - NAME_CHARACTERS) > 0:
        raise NameTooLong(over)
    _lock(generation.pk)
    kept = list(Tag.objects.filter(generation=generation, source=Tag.Source.MEMBER))
    if namesake := next((tag for tag in kept if folded(tag.name) == folded(name)), None):
        raise HasIt(namesake)
    if len(kept) >= MOST_OF_MEMBERS:
        raise TooManyTags
    return Tag.objects.create(
        team_id=generation.team_id,
        generation=generation,
        source=Tag.Source.MEMBER,
        name=_as_the_team_spells(generation.team_id, name),
        created_by=by,
    )


@transaction.atomic
def remove(tag: Tag) -> bool:
    """A member's is deleted; the machine's is rejected, and stays so. Returns whether it was there. Raises ClipGone."""
    _lock(tag.generation_id)
    if tag.source == Tag.Source.MEMBER:
        removed, _each = Tag.objects.filter(pk=tag.pk).delete()
        return bool(removed)
    return bool(Tag.objects.filter(pk=tag.pk, rejected_at=None).update(rejected_at=timezone.now()))


@transaction.atomic
def restore(tag: Tag) -> bool:
    """Put one of the machine's back that was rejected. Returns whether it was. Raises ClipGone."""
    _lock(tag.generation_id)
    return bool(Tag.objects.filter(pk=tag.pk, rejected_at__isnull=False).update(rejected_at=None))


@transaction.atomic
def keep_read(generation: Generation, read: Sequence[ReadTag]) -> None:
    """Keep what a machine has read off the clip, in place of what one read before. Repeats change nothing.

    What members rejected stays rejected, however it is spelled this time; theirs stay too. A clip that was deleted
    meanwhile gets none.
    """
    try:
        _lock(generation.pk)
    except ClipGone:
        return
    wanted = _by_meaning(read)
    kept, gone = set(), []
    for tag in Tag.objects.filter(generation=generation, source=Tag.Source.MACHINE):
        meaning = (tag.kind, spelling(tag.name))
        if tag.rejected_at or wanted.get(meaning) == tag.name:
            kept.add(meaning)
        else:
            gone.append(tag.pk)
    Tag.objects.filter(pk__in=gone).delete()
    Tag.objects.bulk_create(
        Tag(team_id=generation.team_id, generation=generation, source=Tag.Source.MACHINE, kind=meaning[0], name=name)
        for meaning, name in wanted.items()
        if meaning not in kept
    )


def label(tag: Tag) -> str:
    """What the machine's is called in the language of now; a member's is what they wrote."""
    return tag_words.label(tag.kind, tag.name)


def with_tag(generations: GenerationQuerySet, name: str) -> GenerationQuerySet:
    """Those among them that have it, the machine's or a member's."""
    having = Tag.objects.filter(generation=OuterRef("pk"), team=OuterRef("team"), name=name, rejected_at=None)
    return generations.filter(Exists(having))


def matching(team_id: UUID, text: str) -> list[str]:
    """The names of the team's tags that the text means: what one is called in any language, or how that begins.

    A single character means what is called just that.
    """
    words = typed(text)
    if len(words) < LEAST_PREFIX:
        return [name for name in _names(team_id) if words in meanings(name)] if words else []
    return [name for name in _names(team_id) if _begins(name, words)]


def of_team(team_id: UUID, *, starting: str = "", limit: int = 50) -> list[TeamTag]:
    """The tags of a team's clips, of deleted ones none, in the order of their names; those that begin so."""
    words = typed(starting)
    names = [name for name in _names(team_id) if _begins(name, words)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"names": names, "team": team_id, "most": CLIPS_COUNTED, "limit": limit})
        return [_team_tag(*row) for row in cursor.fetchall()]


def _lock(generation_id: UUID) -> None:
    """Until the transaction ends nobody else writes tags of the clip, and nobody deletes it."""
    # no_key: a tag that is written refers to the row, and need not wait.
    visible = Generation.objects.select_for_update(no_key=True).filter(pk=generation_id, hidden_at=None)
    if not visible.values("pk"):
        raise ClipGone


def _by_meaning(read: Sequence[ReadTag]) -> dict[tuple[str, str], str]:
    """What a machine's answer comes to: {(kind, what it means): its name}, each meaning once."""
    found: dict[tuple[str, str], str] = {}
    for each in read[:MOST_OF_MACHINE]:
        if name := clean(clean(each.name)[:NAME_CHARACTERS]):
            kind = each.kind if each.kind in Tag.Kind.values else Tag.Kind.OTHER
            found.setdefault((str(kind), spelling(name)), name)
    return found


def _as_the_team_spells(team_id: UUID, name: str) -> str:
    """So that Neon on one clip and neon on another are one tag."""
    known = [each for each in _names(team_id) if folded(each) == folded(name)]
    return name if name in known else next(iter(known), name)


def _begins(name: str, words: str) -> bool:
    return any(meaning.startswith(words) for meaning in meanings(name))


def _names(team_id: UUID) -> list[str]:
    """All names of a team's tags, each found by one look into the index however many clips have it."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, {"team": team_id, "most": NAMES_LOOKED_AT})
        return [name for (name,) in cursor.fetchall()]


def _team_tag(name: str, sources: list[str], clips: int, has_more: bool) -> TeamTag:
    kinds = frozenset(each.removeprefix("machine:") for each in sources if each.startswith("machine:"))
    return TeamTag(
        name=name, kinds=kinds, is_members="member:" in sources, clips=min(clips, CLIPS_COUNTED), has_more=has_more
    )


_NAMES = """
WITH RECURSIVE named (name) AS (
    (SELECT min(name) FROM generations_tag WHERE team_id = %(team)s AND rejected_at IS NULL)
    UNION ALL
    SELECT (SELECT min(tag.name) FROM generations_tag AS tag
            WHERE tag.team_id = %(team)s AND tag.rejected_at IS NULL AND tag.name > named.name)
    FROM named WHERE named.name IS NOT NULL
)
SELECT name FROM named WHERE name IS NOT NULL LIMIT %(most)s
"""
# Each count ends where it is enough: a tag of a hundred thousand clips takes no longer than one of a hundred.
_COUNTED = """
SELECT named.name, counted.sources, counted.clips, counted.tags > %(most)s
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS named (name, place)
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT of_clip.source || ':' || of_clip.kind) AS sources,
           count(DISTINCT of_clip.generation_id) AS clips, count(*) AS tags
    FROM (
        SELECT tag.source, tag.kind, tag.generation_id
        FROM generations_tag AS tag
        JOIN generations_generation AS clip ON clip.id = tag.generation_id AND clip.hidden_at IS NULL
        WHERE tag.team_id = %(team)s AND tag.name = named.name AND tag.rejected_at IS NULL
        LIMIT %(most)s + 1
    ) AS of_clip
) AS counted
WHERE counted.clips > 0
ORDER BY named.place LIMIT %(limit)s
"""
