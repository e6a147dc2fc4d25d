"""The words of a prompt, as search finds them: words of scripts with spaces, single characters and pairs of the others.

PostgreSQL's own parsers know no Chinese, and pg_trgm is not everywhere. A tsvector of our own words needs neither.
"""

import re
import unicodedata
from uuid import UUID

from django.db import connection

from .models import Generation

WORD_CHARACTERS = 100
# Han, kana, Hangul, Thai, Lao, Khmer and Burmese: written without spaces, or with words that change at their ends.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
_RUN = re.compile(f"([{_UNSPACED}]+)|([^\\W_{_UNSPACED}]+)")
_INSERT = "INSERT INTO generations_searchtext (generation_id, words) VALUES (%s, array_to_tsvector(%s::text[]))"


def keep(generation: Generation) -> None:
    """Make a new generation findable by its prompt, within the transaction that creates it."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [generation.id, lexemes(generation)])


def lexemes(generation: Generation) -> list[str]:
    """What its search text has: its team, and each of its words once."""
    found: set[str] = set()
    for is_unspaced, run in runs(generation.prompt):
        found.update({*run, *pairs(run)} if is_unspaced else {run[:WORD_CHARACTERS]})
    return [team_lexeme(generation.team_id), *sorted(found)]


def runs(text: str) -> list[tuple[bool, str]]:
    """Its runs of letters and digits in their order, each with whether it is of a script without spaces between words.

    Folded: upper and lower case, full and half width are the same.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [(bool(unspaced), unspaced or spaced) for unspaced, spaced in _RUN.findall(folded)]


def pairs(run: str) -> list[str]:
    """Each character with the next one; of a single character, itself."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def team_lexeme(team_id: UUID) -> str:
    """No word of a prompt holds a colon, so this is nobody's word; with it the index finds a team's rows alone."""
    return f"team:{team_id.hex}"
