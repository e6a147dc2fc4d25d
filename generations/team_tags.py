"""The tags of a team: all the names that its clips have, however many clips have them."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from . import tag_words
from .tag_words import meanings, typed

NAMES_LOOKED_AT = 5000
CLIPS_COUNTED = 1000


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


def of_team(team_id: UUID, *, starting: str = "", limit: int = 50) -> list[TeamTag]:
    """The tags of a team's clips, of deleted ones none, in the order of their names; those that begin so."""
    words = typed(starting)
    names = [name for name in names_of(team_id) if begins(name, words)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"names": names, "team": team_id, "most": CLIPS_COUNTED, "limit": limit})
        return [_team_tag(*row) for row in cursor.fetchall()]


def given_by_members(team_id: UUID, *, limit: int = 50) -> list[str]:
    """The names that members have given to clips of the team, of deleted ones none, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, {"names": names_of(team_id), "team": team_id, "limit": limit})
        return [name for (name,) in cursor.fetchall()]


def names_of(team_id: UUID) -> list[str]:
    """All names of a team's tags, each found by one look into the index however many clips have it."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, {"team": team_id, "most": NAMES_LOOKED_AT})
        return [name for (name,) in cursor.fetchall()]


def begins(name: str, words: str) -> bool:
    return any(meaning.startswith(words) for meaning in meanings(name))


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
_GIVEN = """
SELECT named.name
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS named (name, place)
WHERE EXISTS (
    SELECT FROM generations_tag AS tag
    JOIN generations_generation AS clip ON clip.id = tag.generation_id AND clip.hidden_at IS NULL
    WHERE tag.team_id = %(team)s AND tag.name = named.name AND tag.source = 'member'
)
ORDER BY named.place LIMIT %(limit)s
"""
