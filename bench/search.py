"""Nearest vectors among 100,000 clips of 20 teams, beside the exact scan, and the whole search with words."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from bench import machine
from bench.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import Team
    from generations.models import SearchIndex

# Uneven, as teams are: three large ones, most in the middle, one that has just begun.
SIZES = (20_000, 15_000, 10_000, *(5_000 for _ in range(6)), *(2_500 for _ in range(8)), 2_900, 2_060, 40)
QUERIES = 100
EXACT_QUERIES = 25
ROWS = 24
THEMES = 400
OF_A_TEAM = 40  # themes that one team's clips are about
SPACES = {"clip": 512, "prompt": 4096}
CHUNK = 2_000
NOISES = 1_000
WAYS = 48

_CLIPS = """
INSERT INTO generations_generation (
    id, team_id, model, task_type, prompt, params, metadata, callback_url, state, progress, quote, price_version,
    hold_id, held_credits, charged_credits, failure_code, warnings, attempt_count, created_at, updated_at, ended_at)
SELECT uuidv7(make_interval(secs => n - %(count)s)), %(team_id)s, 'seedance-2.0',
    CASE WHEN n %% 10 = 0 THEN 'image_to_video' ELSE 'text_to_video' END,
    (%(words)s::text[])[1 + n %% 50] || ' ' || (%(words)s::text[])[1 + (n / 50) %% 50] || ', take ' || n, '{}',
    '{}', '', 'completed', 100, '[]', 1, uuidv7(), 15, 15, '', '[]', 1, now(), now(), now()
FROM generate_series(1, %(count)s) AS n
"""
_WORDS = """
INSERT INTO generations_searchtext (generation_id, words)
SELECT id, array_to_tsvector(array_append(regexp_split_to_array(lower(prompt), '[ ,]+'), %(team)s))
FROM generations_generation WHERE team_id = %(team_id)s
"""

_MIXED = """
l2_normalize(theme.centre + theme.spread * (one.part + other.part))::halfvec
FROM {} JOIN theme ON theme.id = made.theme JOIN noise AS one ON one.id = made.one
JOIN noise AS other ON other.id = made.other
"""
_MANY = f"""
INSERT INTO generations_searchentry (
    index_id, team_id, generation_id, request_id, failure_code, attempt_count, done_at, created_at, vector)
SELECT %s, %s, made.id, '', '', 1, now(), now(),
{_MIXED.format("unnest(%s::uuid[], %s::int[], %s::int[], %s::int[]) AS made (id, theme, one, other)")}
"""
_NOISE = """
INSERT INTO noise SELECT %s, sum(direction * array_fill(step, ARRAY[%s])::vector)
FROM unnest(%s::real[]) WITH ORDINALITY AS steps (step, number) JOIN way ON way.id = number - 1
"""
_ONE = f"SELECT {_MIXED.format('(VALUES (%s, %s, %s)) AS made (theme, one, other)')}"


def measure() -> None:
    with Server():
        from bench import seed

        numbers = random.Random(7)
        teams = [seed.team(f"search{number}") for number in range(len(SIZES))]
        words = [f"{numbers.choice(_COLOURS)}{numbers.choice(_THINGS)}" for _ in range(50)]
        for team, count in zip(teams, SIZES, strict=True):
            _make_clips(team, count, words)
        for kind, dims in SPACES.items():
            _measure_space(teams, kind, dims)
        _measure_find(teams, words)


def _measure_space(teams: Sequence["Team"], kind: str, dims: int) -> None:
    from generations.models import Generation, SearchIndex
    from generations.search import vectors

    index = SearchIndex.objects.create(kind=kind, provider="bench", model="bench", dims=dims, is_current=True)
    world = World(dims)
    _keep_vectors(index, teams, world)
    seconds = _timed(lambda: vectors.build(index))
    machine.row(f"search, {kind} space of {dims}: building the index of {sum(SIZES):,}", f"{seconds:.0f} s")
    asked = [(team, world.query(number)) for team, number in _who_asks(teams, QUERIES)]
    everything = Generation.objects.for_team
    near, durations = [], []
    for team, query in asked:
        began = time.perf_counter()
        near.append(vectors.nearest(index, query, team_id=team.id, limit=ROWS))
        durations.append(time.perf_counter() - began)
    exact, exact_durations = _exact(index, asked[:EXACT_QUERIES])
    recall = statistics.mean(
        len({id for id, _ in found} & best) / ROWS for found, best in zip(near, exact, strict=False)
    )
    ratio = _p95(exact_durations) / _p95(durations)
    machine.row(f"search, {kind}: nearest {ROWS} of the asker's team", machine.milliseconds(durations))
    machine.row(f"search, {kind}: the same by exact scan", machine.milliseconds(exact_durations))
    machine.row(f"search, {kind}: p95, exact scan to nearest", f"{ratio:.1f} times")
    machine.row(f"search, {kind}: recall@{ROWS}", f"{recall:.4f}")
    filtered = [
        vectors.nearest(
            index, query, everything(team.id).filter(task_type="image_to_video"), team_id=team.id, limit=ROWS
        )
        for team, query in asked
    ]
    small = [vectors.nearest(index, query, team_id=teams[-1].id, limit=ROWS) for _, query in asked[:20]]
    fewest = [min(map(len, found)) for found in (near, filtered[:], small)]
    # The smallest team has four clips of that type, and brings all of them.
    fewest[1] = min(len(found) for (team, _), found in zip(asked, filtered, strict=True) if team != teams[-1])
    machine.row(
        f"search, {kind}: fewest rows, at large / filtered / of {SIZES[-1]} clips", " / ".join(map(str, fewest))
    )


def _measure_find(teams: Sequence["Team"], words: Sequence[str]) -> None:
    """With words, tags and collections; vectors of texts are a provider's, and so not in it."""
    from generations.search.query import Search, find

    numbers = random.Random(8)
    durations = []
    for team, _number in _who_asks(teams, QUERIES):
        search = Search(q=f"{numbers.choice(words)} {numbers.choice(words)}")
        durations.append(_timed(lambda: find(search, team_id=team.id, user_id=None, offset=0, limit=ROWS)))  # noqa: B023
    machine.row("search: find() by words, tags and collections", machine.milliseconds(durations))


class World:
    """Vectors as models make them: not spread evenly, but in clusters that differ in size and width.

    A mixture of Gaussians on the sphere: THEMES centres round one common direction (embeddings of real models share
    one), each vector a centre with noise of its own of about the same length, more of it in some dimensions. The noise
    goes WAYS ways, each less far than the one before, as few directions explain most of what real ones differ by; it is
    the sum of two out of NOISES. Each team's clips are about OF_A_TEAM of the themes, some of them
    often. The database adds and multiplies; here only the parts are drawn.
    """

    def __init__(self, dims: int) -> None:
        from django.db import connection

        self.numbers = random.Random(7)
        self.dims = dims
        self.themes_of = [self.numbers.sample(range(THEMES), OF_A_TEAM) for _ in SIZES]
        common = [0.5 * part for part in self._drawn(1.0)]
        scale = [self.numbers.uniform(0.5, 1.5) for _ in range(dims)]
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS theme, noise")
            cursor.execute("CREATE TEMP TABLE theme (id int PRIMARY KEY, centre vector, spread vector)")
            cursor.execute("CREATE TEMP TABLE noise (id int PRIMARY KEY, part vector)")
            for number in range(THEMES):
                width = self.numbers.uniform(0.6, 1.2)
                centre = [each + part for each, part in zip(common, self._drawn(1.0), strict=True)]
                spread = [width * each for each in scale]
                cursor.execute("INSERT INTO theme VALUES (%s, %s, %s)", [number, _text(centre), _text(spread)])
            cursor.execute("CREATE TEMP TABLE way (id int PRIMARY KEY, direction vector)")
            for number in range(WAYS):
                cursor.execute("INSERT INTO way VALUES (%s, %s)", [number, _text(self._drawn(1.0))])
            weights = [(number + 1) ** -0.5 for number in range(WAYS)]
            length = sum(weight**2 for weight in weights) ** 0.5 * 2**0.5
            for number in range(NOISES):
                steps = [self.numbers.gauss(0.0, weight / length) for weight in weights]
                cursor.execute(_NOISE, [number, dims, steps])
            cursor.execute("DROP TABLE way")

    def mixed(self, team: int, count: int) -> list[list[int]]:
        """What each of so many vectors is made of: its theme, and two noises."""
        weights = [1 / rank for rank in range(1, OF_A_TEAM + 1)]
        themes = self.numbers.choices(self.themes_of[team], weights, k=count)
        return [themes, *([self.numbers.randrange(NOISES) for _ in range(count)] for _ in range(2))]

    def query(self, team: int) -> list[float]:
        """About one of the team's themes, in other words."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(_ONE, [part[0] for part in self.mixed(team, 1)])
            return [float(part) for part in cursor.fetchone()[0].strip("[]").split(",")]

    def _drawn(self, length: float) -> list[float]:
        """A vector of about this length, in any direction."""
        deviation = length / self.dims**0.5
        return [self.numbers.gauss(0.0, deviation) for _ in range(self.dims)]


def _text(vector: Sequence[float]) -> str:
    return f"[{','.join(f'{part:.5f}' for part in vector)}]"


def _keep_vectors(index: "SearchIndex", teams: Sequence["Team"], world: World) -> None:
    from django.db import connection

    from generations.models import Generation

    with connection.cursor() as cursor:
        for number, team in enumerate(teams):
            ids = list(Generation.objects.filter(team=team).values_list("id", flat=True))
            for start in range(0, len(ids), CHUNK):
                chunk = ids[start : start + CHUNK]
                cursor.execute(_MANY, [index.pk, team.id, chunk, *world.mixed(number, len(chunk))])
        cursor.execute("VACUUM ANALYZE generations_searchentry")


def _exact(index: "SearchIndex", asked: Sequence[tuple["Team", list[float]]]) -> tuple[list[set[UUID]], list[float]]:
    """The same without any index: every row is read, and those of the team are compared."""
    from django.db import connection
    from pgvector import HalfVector

    found, durations = [], []
    with connection.cursor() as cursor, _without_indexes(cursor.execute):
        for team, query in asked:
            text = HalfVector(query).to_text()
            began = time.perf_counter()
            cursor.execute(
                "SELECT generation_id FROM generations_searchentry WHERE index_id = %s AND team_id = %s"
                " ORDER BY vector <=> %s::halfvec LIMIT %s",
                [index.pk, team.id, text, ROWS],
            )
            found.append({id for (id,) in cursor.fetchall()})
            durations.append(time.perf_counter() - began)
    return found, durations


@contextmanager
def _without_indexes(execute: Callable[[str], object]) -> "Iterator[None]":
    names = ("enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan")
    for name in names:
        execute(f"SET {name} = off")
    yield
    for name in names:
        execute(f"RESET {name}")


def _make_clips(team: "Team", count: int, words: Sequence[str]) -> None:
    from django.db import connection

    from generations.words import team_lexeme

    with connection.cursor() as cursor:
        cursor.execute(_CLIPS, {"team_id": team.id, "count": count, "words": list(words)})
        cursor.execute(_WORDS, {"team_id": team.id, "team": team_lexeme(team.id)})
        cursor.execute("ANALYZE generations_generation, generations_searchtext")


def _who_asks(teams: Sequence["Team"], count: int) -> list[tuple["Team", int]]:
    """Every team in turn, so that the small ones ask too."""
    return [(teams[number % len(teams)], number % len(teams)) for number in range(count)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _p95(durations: Sequence[float]) -> float:
    return sorted(durations)[int(len(durations) * 0.95)]


_COLOURS = ("red", "blue", "amber", "violet", "silver", "green", "black", "golden", "white", "rust")
_THINGS = ("boat", "harbour", "lantern", "heron", "tower", "meadow", "train", "storm", "garden", "mirror")
