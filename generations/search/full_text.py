"""What is found by the words of its prompt."""

import functools
import operator
import re
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, F, Func, IntegerField, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from generations import words
from generations.models import Generation, SearchText
from generations.models.generations import GenerationQuerySet

ENOUGH = 24  # a page of what has all the words; where there is less, some of the words will do
MAX_WORDS = 40
RANKED = 2000  # the newest of those that fit; what is older can still be found by more or other words
PREFIX_CHARACTERS = 3  # a shorter beginning is that of half of all words
# Words that are in every other prompt, and tell nothing of it.
_COMMON = """
a an and are as at be by for from has in into is it its of on onto or over than that the their then there these this
those to under was were which while with
"""
COMMON = frozenset(_COMMON.split())


def find(text: str, generations: GenerationQuerySet, *, team_id: UUID, limit: int) -> list[UUID]:
    """Those with all words of the text, the last perhaps only begun; where those are few, with most of them."""
    wanted = _wanted(text)
    if not wanted:
        return []
    phrase = Case(When(prompt__icontains=text.strip(), then=1), default=0, output_field=IntegerField())
    whole = Generation.objects.filter(id__in=_newest(generations, team_id, " & ".join(wanted)))
    found = list(whole.order_by(phrase.desc(), "-id").values_list("id", flat=True)[:limit])
    if len(found) < min(ENOUGH, limit) and len(wanted) > 1:
        rows = _with_most(wanted, generations.exclude(id__in=found), team_id=team_id, limit=limit - len(found))
        # Half as many words as the best one has are enough.
        best = len(wanted) if found else max((count for _id, count in rows), default=0)
        found += [id for id, count in rows if 2 * count >= best]
    return found


def _with_most(
    wanted: list[str], generations: GenerationQuerySet, *, team_id: UUID, limit: int
) -> list[tuple[UUID, int]]:
    """Those with any of the words, and how many; those with most of them first."""
    hits = functools.reduce(operator.add, (Cast(_matches("words", word), IntegerField()) for word in wanted))
    some = SearchText.objects.filter(generation__in=_newest(generations, team_id, " | ".join(wanted)))
    ranked = some.annotate(hits=hits).order_by("-hits", "-generation_id")
    return list(ranked.values_list("generation_id", "hits")[:limit])


def _newest(generations: GenerationQuerySet, team_id: UUID, query: str) -> QuerySet[Generation, Any]:
    """The ids of those that fit, at most so many that looking at each one's words is quick.

    With the team among the words the index brings the rows of that team alone.
    """
    has = _matches("search_text__words", f"'{words.team_lexeme(team_id)}' & ({query})")
    return generations.filter(has).order_by("-id").values("id")[:RANKED]


def _wanted(text: str) -> list[str]:
    """Its words as parts of a tsquery, each once; those that tell nothing only where there are no others."""
    runs = words.runs(text)
    told = [run for run in runs if run[0] or run[1] not in COMMON] or runs
    parts: list[str] = []
    for is_unspaced, run in told:
        parts += map(_quoted, words.pairs(run)) if is_unspaced else [_quoted(run[: words.WORD_CHARACTERS])]
    if runs and told[-1:] == runs[-1:] and _is_being_typed(text, *runs[-1]):
        parts[-1] += ":*"
    return list(dict.fromkeys(parts))[:MAX_WORDS]


def _is_being_typed(text: str, is_unspaced: bool, last: str) -> bool:
    """A number is what it is: whoever wants 500 types three digits."""
    is_open = text[-1:].isalnum() and not is_unspaced
    return is_open and len(last) >= PREFIX_CHARACTERS and re.search(r"\d", last) is None


def _quoted(lexeme: str) -> str:
    """As a tsquery holds it; words.py leaves nothing but letters and digits."""
    return f"'{lexeme}'"


def _matches(column: str, query: str) -> Func:
    wanted: Combinable = Func(Value(query), template="(%(expressions)s)::tsquery", output_field=BooleanField())
    return Func(F(column), wanted, arg_joiner=" @@ ", template="(%(expressions)s)", output_field=BooleanField())
