"""The words of a prompt, as search finds them: words of scripts with spaces, single characters and pairs of the others.

PostgreSQL's own parsers know no Chinese, and pg_trgm is not everywhere. A tsvector of our own words needs neither.
"""

import re
import unicodedata
from uuid import UUID

from django.db import connection

from .models import Generation

WORD_CHARACTERS = 100
PHRASE_WORDS = 4
PHRASE_CHARACTERS = 12
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


def plain(text: str) -> str:
    """Its runs alone, with a space between two: as names are compared."""
    return " ".join(run for _is_unspaced, run in runs(text))


def phrases(text: str) -> set[str]:
    """What may be a name in it: one to four of its runs that follow each other, and parts of those without spaces."""
    of_text = runs(text)
    each = [run for _is_unspaced, run in of_text]
    found = {
        " ".join(each[at:end])
        for at in range(len(each))
        for end in range(at + 1, min(at + PHRASE_WORDS, len(each)) + 1)
    }
    for is_unspaced, run in of_text:
        if is_unspaced:
            lengths = range(2, PHRASE_CHARACTERS + 1)
            found.update(run[at : at + length] for length in lengths for at in range(len(run) - length + 1))
    return found


def team_lexeme(team_id: UUID) -> str:
    """With it the index finds a team's rows alone. It begins as no word does: none, begun or whole, is found in it."""
    return f":{team_id.hex}"
