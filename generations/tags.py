"""What machine and members call a clip: words to find it by.

All are written with the clip's row locked, so that two at once make no tag twice and take the last place once. A name
is kept as it was given; names are compared folded, as words of prompts are.
"""

import unicodedata
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts import names
from accounts.models import User

from . import tag_words, team_tags, words
from .models import Generation, Tag
from .models.generations import GenerationQuerySet
from .providers.embedding import MachineTag
from .tag_words import folded, spelling

MOST_OF_MEMBERS = 20
MOST_OF_MACHINE = 40
NAME_CHARACTERS = 40


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
def keep_read(generation: Generation, read: Sequence[MachineTag]) -> None:
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
    """The names of the team's tags that a text has in it: what one is called in any language, its last word perhaps
    only begun. Of a longer name and one within it, such as extreme close-up and close-up, the longer one.

    Of a team with more than NAMES_LOOKED_AT names those that come later are found where they are typed as they are.
    """
    said = tag_words.said(text)
    names = set(team_tags.names_of(team_id))
    if len(names) >= team_tags.NAMES_LOOKED_AT:
        names.update(_named(team_id, {*said.parts, *text.split(), text.strip()}))
    meant = {name: part for name in names if (part := tag_words.part_for(name, said))}
    within = {each for part in set(meant.values()) for each in words.phrases(part) - {part}}
    return sorted(name for name, part in meant.items() if part not in within)


def _lock(generation_id: UUID) -> None:
    """Until the transaction ends nobody else writes tags of the clip, and nobody deletes it."""
    # no_key: a tag that is written refers to the row, and need not wait.
    visible = Generation.objects.select_for_update(no_key=True).filter(pk=generation_id, hidden_at=None)
    if not visible.values("pk"):
        raise ClipGone


def _by_meaning(read: Sequence[MachineTag]) -> dict[tuple[str, str], str]:
    """What a machine's answer comes to: {(kind, what it means): its name}, each meaning once."""
    found: dict[tuple[str, str], str] = {}
    for each in read[:MOST_OF_MACHINE]:
        if name := clean(clean(each.name)[:NAME_CHARACTERS]):
            kind = each.kind if each.kind in Tag.Kind.values else Tag.Kind.OTHER
            found.setdefault((str(kind), spelling(name)), name)
    return found


def _as_the_team_spells(team_id: UUID, name: str) -> str:
    """So that Neon on one clip and neon on another are one tag."""
    known = [each for each in team_tags.names_of(team_id) if folded(each) == folded(name)]
    return name if name in known else next(iter(known), name)


def _named(team_id: UUID, names: set[str]) -> list[str]:
    """Which of them are the team's tags as they are."""
    having = Tag.objects.filter(team_id=team_id, name__in=names, rejected_at=None)
    return list(having.order_by("name").values_list("name", flat=True).distinct())
