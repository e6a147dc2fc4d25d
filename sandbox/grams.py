"""What a text is made of, as far as the sandbox can tell: its runs of one to three characters, each with a weight."""

import re
import unicodedata

# Han, kana and Hangul: a character says much by itself, and words have no spaces between them.
_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_RUN = re.compile(f"([{_UNSPACED}]+)|([^\\W_{_UNSPACED}]+)")
# By length. A letter alone is in every text, three in a row are rare. Two characters are a word as a rule; three are
# seldom the same three in another order of words.
_WEIGHTS_UNSPACED = {1: 0.7, 2: 1.2, 3: 0.8}
_WEIGHTS_SPACED = {1: 0.03, 2: 0.25, 3: 1.0}
# Where a word begins and ends says something too.
_EDGE = "\u0002"
_STOP = """
a about above after again all also am an and any are as at be been before being between both but by can could
did do does down during each few for from further had has have he her here him his how i if in into is it its
itself just me more most my no nor not now of off on once only or other our out over own same she should so
some such than that the their them then there these they this those through to too under until up very was we
were what when where which while who whom why will with would you your
"""
_STOP_WORDS = frozenset(_STOP.split())
_STOP_CHARACTERS = frozenset("的了在是和与着里上下中一个有地得被把从到而之其这那为于")


def grams(text: str) -> dict[str, float]:
    """Weights by gram, each once however often it comes; of a text without letters or digits, itself."""
    found: dict[str, float] = {}
    for run, is_unspaced in _runs(text):
        if is_unspaced:
            _add(found, run, _WEIGHTS_UNSPACED)
        elif run not in _STOP_WORDS:
            _add(found, f"{_EDGE}{run}{_EDGE}", _WEIGHTS_SPACED)
    for character in _STOP_CHARACTERS & found.keys():
        del found[character]
    return found or {text: 1.0}


def tokens(text: str) -> int:
    """About as many as a model would count: one for a character of a script without spaces, one for three letters."""
    runs = _runs(text)
    return sum(len(run) if is_unspaced else -(-len(run) // 3) for run, is_unspaced in runs)


def words(text: str) -> tuple[set[str], str]:
    """Its words of scripts with spaces, and all the rest of its letters together."""
    runs = _runs(text)
    spaced = {run for run, is_unspaced in runs if not is_unspaced}
    return spaced, " ".join(run for run, is_unspaced in runs if is_unspaced)


def _runs(text: str) -> list[tuple[str, bool]]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [(unspaced or spaced, bool(unspaced)) for unspaced, spaced in _RUN.findall(folded)]


def _add(found: dict[str, float], run: str, weights: dict[int, float]) -> None:
    for length, weight in weights.items():
        for start in range(len(run) - length + 1):
            found[run[start : start + length]] = weight
