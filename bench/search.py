"""Nearest vectors among 100,000 clips of 20 teams, beside the exact scan, and the whole search with words."""

import functools
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from bench import machine
from bench.server import Server
from bench.vector_world import MIXED, World, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import Team
    from generations.models import SearchIndex

    _Queries = Sequence[tuple[Team, list[float]]]
    _Space = tuple[SearchIndex, _Queries]

# Uneven, as teams are: three large ones, most in the middle, one that has just begun.
SIZES = (20_000, 15_000, 10_000, *(5_000 for _ in range(6)), *(2_500 for _ in range(8)), 2_900, 2_060, 40)
QUERIES = 100
ROWS = 24
FOREIGN_FROM = 80  # the queries from here on are about what other teams' clips show
SPACES = {"clip": 512, "prompt": 4096}
CHUNK = 2_000

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

_MANY = f"""
INSERT INTO generations_searchentry (
    index_id, team_id, generation_id, request_id, failure_code, attempt_count, failed_count, done_at, created_at,
    vector, team_code, signs)
SELECT %s, %s, id, '', '', 1, 0, now(), now(), vector, %s::halfvec, binary_quantize(vector) || %s::varbit
FROM ({MIXED.format("unnest(%s::uuid[], %s::int[], %s::int[], %s::int[]) AS made (id, theme, one, other)")}) AS mixed
"""


def measure() -> None:
    with Server():
        from bench import seed

        numbers = random.Random(7)
        teams = [seed.team(f"search{number}") for number in range(len(SIZES))]
        words = [f"{numbers.choice(_COLOURS)}{numbers.choice(_THINGS)}" for _ in range(50)]
        for team, count in zip(teams, SIZES, strict=True):
            _make_clips(team, count, words)
        asked = [_measure_space(teams, kind, dims) for kind, dims in SPACES.items()]
        _measure_find(teams, words, asked)


def _measure_space(teams: Sequence["Team"], kind: str, dims: int) -> "_Space":
    from generations.search import meaning, vectors
    from tests.searching import make_index

    index = make_index(kind, provider="bench", dims=dims)
    world = World(dims, teams=len(SIZES))
    seconds = _keep_vectors(index, teams, world)
    machine.row(f"search, {kind} space of {dims}: building the index of nine tenths", f"{seconds:.0f} s")
    asked = [(team, world.query(about)) for team, about in _who_asks(teams, QUERIES)]
    near, durations = [], []
    for team, query in asked:
        look = functools.partial(vectors.nearest, index, query, team_id=team.id, limit=meaning.MOST)
        durations.append(_timed(lambda: near.append(look())))  # noqa: B023
    with _in_one_process():
        scanned, scan_durations = _exact(index, asked, without=("indexscan", "bitmapscan", "indexonlyscan"))
        _compared, compare_durations = _exact(index, asked, without=())
        all_durations = [_timed(lambda: _all(index, query)) for _team, query in asked]  # noqa: B023
    recalls = [
        len({id for id, _distance in found[:ROWS]} & best) / ROWS for found, best in zip(near, scanned, strict=True)
    ]
    own, foreign = durations[:FOREIGN_FROM], durations[FOREIGN_FROM:]
    rows = {
        f"the nearest {meaning.MOST} of the asker's team": machine.milliseconds(durations),
        "those about the team's own themes": machine.milliseconds(own),
        "those about foreign themes": machine.milliseconds(foreign),
        f"the nearest {ROWS} by scan, all rows read and the team's compared": machine.milliseconds(scan_durations),
        f"the nearest {ROWS} by comparing all that the B-tree has of the team": machine.milliseconds(compare_durations),
        f"comparing all {sum(SIZES):,}": machine.milliseconds(all_durations),
        f"p95 to that of comparing all {sum(SIZES):,} (bound 1/20)": _ratio(durations, all_durations),
        "p95 to that of the scan for one team": _ratio(durations, scan_durations),
        "p95 to that of comparing the team's": _ratio(durations, compare_durations),
        f"recall@{ROWS} against the scan (bound 0.97)": f"{statistics.mean(recalls):.4f}",
        f"recall@{ROWS}, own themes / foreign ones": (
            f"{statistics.mean(recalls[:FOREIGN_FROM]):.4f} / {statistics.mean(recalls[FOREIGN_FROM:]):.4f}"
        ),
        f"fewest rows, at large / filtered / of {SIZES[-1]} clips": _fewest(index, teams, asked, near),
    }
    for name, value in rows.items():
        machine.row(f"search, {kind}: {name}", value)
    return index, asked


def _fewest(index: "SearchIndex", teams: Sequence["Team"], asked: "_Queries", near: Sequence[Sequence[object]]) -> str:
    from generations.models import Generation
    from generations.search import vectors

    pictured = Generation.objects.filter(task_type="image_to_video")
    # The smallest team has four clips of that type, and brings all of them.
    filtered = [
        vectors.nearest(index, query, pictured.filter(team=team), team_id=team.id, limit=ROWS)
        for team, query in asked
        if team != teams[-1]
    ]
    small = [vectors.nearest(index, query, team_id=teams[-1].id, limit=ROWS) for _team, query in asked[:20]]
    return " / ".join(str(min(min(len(found), ROWS) for found in each)) for each in (near, filtered, small))


def _measure_find(teams: Sequence["Team"], words: Sequence[str], spaces: Sequence["_Space"]) -> None:
    """First with words, tags and collections alone, then with vectors of the texts too, as if just asked for."""
    from generations.search.query import Search, find

    numbers = random.Random(8)
    by_words, by_all, rows = [], [], []
    for number, (team, _about) in enumerate(_who_asks(teams, QUERIES)):
        search = Search(q=f"{numbers.choice(words)} {numbers.choice(words)}")
        look = functools.partial(find, search, team_id=team.id, user_id=None, offset=0, limit=ROWS, with_further=True)
        by_words.append(_timed(look))
        with _given(search.q, {index: asked[number][1] for index, asked in spaces}):
            by_all.append(_timed(look))
            results = look()
            assert results.is_by_meaning
            rows.append(len(results.found))
    machine.row("search: find() by words, tags and collections", machine.milliseconds(by_words))
    machine.row("search: find() by meaning too, the text's vectors given", machine.milliseconds(by_all))
    machine.row(f"search: fewest rows on a page of {ROWS}", str(min(rows)))


@contextmanager
def _given(text: str, vectors: Mapping["SearchIndex", Sequence[float]]) -> "Iterator[None]":
    """As if the providers had been asked for the text's vectors just before."""
    from django.core.cache import caches

    from generations.search import asking
    from project.caches import PROCESS

    for index, vector in vectors.items():
        asking.keep(index, text, vector)
    yield
    caches[PROCESS].delete_many([asking._key(index, text) for index in vectors])


def _keep_vectors(index: "SearchIndex", teams: Sequence["Team"], world: World) -> float:
    """Team by team in no order, the last tenth after the database has built its index. How long building took."""
    from django.db import connection

    from generations.models import Generation
    from generations.search import database_index, vectors

    is_long = "signs" in vectors.columns(index, [0.0] * index.dims, team_id=teams[0].id)
    chunks: list[tuple[int, list[UUID]]] = []
    seconds = 0.0
    with connection.cursor() as cursor:
        for number, team in enumerate(teams):
            ids = list(Generation.objects.filter(team=team).values_list("id", flat=True))
            chunks += [(number, ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK)]
        world.numbers.shuffle(chunks)
        for place, (number, ids) in enumerate(chunks):
            if place == len(chunks) * 9 // 10:
                seconds = _timed(lambda: database_index.build(index))
            team_id = teams[number].id
            code = None if is_long else as_text(database_index.team_code(team_id))
            signs = database_index.code_signs(team_id) if is_long else None
            cursor.execute(_MANY, [index.pk, team_id, code, signs, ids, *world.mixed(number, len(ids))])
        cursor.execute("VACUUM ANALYZE generations_searchentry")
    return seconds


@contextmanager
def _in_one_process() -> "Iterator[None]":
    """As a search is: with helpers the exact ways would take every processor there is for one question."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        try:
            yield
        finally:
            cursor.execute("RESET max_parallel_workers_per_gather")


def _exact(index: "SearchIndex", asked: "_Queries", *, without: Sequence[str]) -> tuple[list[set[UUID]], list[float]]:
    """By comparing the team's vectors one by one, found by whatever the planner is left with."""
    from django.db import connection

    found, durations = [], []
    with connection.cursor() as cursor:
        for name in without:
            cursor.execute(f"SET enable_{name} = off")
        for team, query in asked:
            text = as_text(query)
            began = time.perf_counter()
            cursor.execute(
                "SELECT generation_id FROM generations_searchentry WHERE index_id = %s AND team_id = %s"
                " AND vector IS NOT NULL ORDER BY vector <=> %s::halfvec LIMIT %s",
                [index.pk, team.id, text, ROWS],
            )
            found.append({id for (id,) in cursor.fetchall()})
            durations.append(time.perf_counter() - began)
        for name in without:
            cursor.execute(f"RESET enable_{name}")
    return found, durations


def _all(index: "SearchIndex", query: Sequence[float]) -> None:
    """By comparing every vector there is, whosever it is."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generation_id, team_id FROM generations_searchentry WHERE index_id = %s AND vector IS NOT NULL"
            " ORDER BY vector <=> %s::halfvec LIMIT %s",
            [index.pk, as_text(query), ROWS],
        )
        cursor.fetchall()


def _make_clips(team: "Team", count: int, words: Sequence[str]) -> None:
    from django.db import connection

    from generations.words import team_lexeme

    with connection.cursor() as cursor:
        cursor.execute(_CLIPS, {"team_id": team.id, "count": count, "words": list(words)})
        cursor.execute(_WORDS, {"team_id": team.id, "team": team_lexeme(team.id)})
        cursor.execute("ANALYZE generations_generation, generations_searchtext")


def _who_asks(teams: Sequence["Team"], count: int) -> list[tuple["Team", int]]:
    """Every team in turn, so that the small ones ask too, each about its own themes, in the end about another's."""
    return [
        (teams[number % len(teams)], (number + 7 * (number >= FOREIGN_FROM)) % len(teams)) for number in range(count)
    ]


def _ratio(short: Sequence[float], long: Sequence[float]) -> str:
    return f"1/{machine.p95(long) / machine.p95(short):.1f}"


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


_COLOURS = ("red", "blue", "amber", "violet", "silver", "green", "black", "golden", "white", "rust")
_THINGS = ("boat", "harbour", "lantern", "heron", "tower", "meadow", "train", "storm", "garden", "mirror")
