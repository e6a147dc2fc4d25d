import random

import pytest
from django.db import connection

from generations import lifecycle
from generations.models import Generation, SearchEntry, State
from generations.search import database_index, vectors
from tests.api import asked, ensure_prices
from tests.factories import make_team
from tests.searching import keep_vector, make_index, turned


@pytest.fixture
def team(transactional_db):
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def stranger(team):
    return make_team(name="Pathé", granted=1000)


@pytest.fixture
def soon(monkeypatch):
    """The database's index is asked already where there are more than two rows."""
    monkeypatch.setattr(vectors, "FEW", 2)


def nearest(index, vector, team, *, limit=24, **filters):
    generations = Generation.objects.for_team(team.id).filter(**filters)
    return [id for id, _distance in vectors.nearest(index, vector, generations, team_id=team.id, limit=limit)]


def fanned(index, team, count, *, dims=4):
    """So many generations, each a degree further off the first axis than the one before."""
    made = [asked(team, prompt=f"number {number}") for number in range(count)]
    for number, generation in enumerate(made):
        keep_vector(index, generation, turned(number, dims=dims))
    return [generation.id for generation in made]


def plan_of(index, vector, team):
    with connection.execute_wrapper(_explained := Explained()):
        nearest(index, vector, team, limit=3)
    return "\n".join(_explained.plans)


class Explained:
    """Keeps the plan of each query for vectors."""

    def __init__(self):
        self.plans = []

    def __call__(self, execute, sql, params, many, context):
        if "generations_searchentry" in sql and "<" in sql and "EXPLAIN" not in sql:
            with connection.cursor() as cursor:
                cursor.execute(sql.replace("SELECT", "EXPLAIN SELECT", 1), params)
                while cursor.nextset():
                    pass
                self.plans += [row[0] for row in cursor.fetchall()]
        return execute(sql, params, many, context)


class Sent:
    """How many queries compared vectors, and how many of them by the database's index."""

    def __init__(self):
        self.compared = self.by_index = 0

    def __call__(self, execute, sql, params, many, context):
        self.compared += "<=>" in sql
        self.by_index += "hnsw" in sql
        return execute(sql, params, many, context)


def test_the_nearest_come_first_with_their_distance(team):
    index = make_index()
    ids = fanned(index, team, 5)

    found = vectors.nearest(index, turned(-1), Generation.objects.for_team(team.id), team_id=team.id, limit=3)

    assert [id for id, _ in found] == ids[:3]
    assert found[0][1] == pytest.approx(0.00015, abs=0.0005)


@pytest.mark.parametrize("dims", [4, 4096])
def test_the_index_of_the_database_is_used_once_it_is_built(team, soon, dims):
    index = make_index(dims=dims)
    ids = fanned(index, team, 12, dims=dims)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE generations_searchentry")

    before = plan_of(index, turned(-1, dims=dims), team)
    assert database_index.build(index) is True
    after = plan_of(index, turned(-1, dims=dims), team)

    assert database_index.name(index) not in before
    assert database_index.name(index) in after
    assert nearest(index, turned(-1, dims=dims), team, limit=3) == ids[:3]


@pytest.mark.parametrize("is_built", [False, True])
def test_another_teams_vectors_are_never_near(team, stranger, soon, is_built):  # A3
    index = make_index()
    fanned(index, team, 6)
    theirs = fanned(index, stranger, 6)
    if is_built:
        database_index.build(index)

    assert nearest(index, turned(0), stranger, limit=10) == theirs
    # Even where the generations that are asked about were somebody else's.
    everybodys = Generation.objects.all()
    found = vectors.nearest(index, turned(0), everybodys, team_id=stranger.id, limit=10)
    assert [id for id, _ in found] == theirs


def test_vectors_of_another_index_are_never_compared(team, soon):
    index, other = make_index(), make_index("prompt", provider="scnet")
    ids = fanned(index, team, 4)
    keep_vector(other, asked(team), turned(0))
    database_index.build(index)
    database_index.build(other)

    assert nearest(index, turned(0), team) == ids


def test_a_filtered_page_is_full_where_there_is_enough(team, soon):
    index = make_index()
    ids = fanned(index, team, 40)
    late = ids[-6:]
    Generation.objects.filter(id__in=late).update(task_type="image_to_video")
    database_index.build(index)

    assert nearest(index, turned(0), team, limit=6, task_type="image_to_video") == late
    assert nearest(index, turned(0), team, limit=24, task_type="image_to_video") == late


@pytest.mark.parametrize("dims", [4, 4096])
def test_the_index_goes_on_until_there_is_enough_that_fits(team, soon, monkeypatch, dims):
    """What does not fit is nearer, more than the index looks at by itself, and nothing is compared one by one."""
    monkeypatch.setattr(vectors, "MIN_EF", 1)
    monkeypatch.setattr(vectors, "RERANKED", 1)
    index = make_index(dims=dims)
    ids = fanned(index, team, 30, dims=dims)
    Generation.objects.filter(id__in=ids[20:]).update(task_type="image_to_video")
    database_index.build(index)

    with connection.execute_wrapper(sent := Sent()):
        found = nearest(index, turned(0, dims=dims), team, limit=3, task_type="image_to_video")

    assert len(found) == 3
    assert set(found) <= set(ids[20:])
    assert sent.compared == 1


@pytest.mark.parametrize("dims", [4, 4096])
def test_how_far_is_told_alike_by_the_index_and_by_comparing(team, soon, dims):
    index = make_index(dims=dims)
    fanned(index, team, 12, dims=dims)
    asked_for = [3 * part for part in turned(-30, dims=dims)]  # of another length than 1, as models make them
    compared = vectors.nearest(index, asked_for, team_id=team.id, limit=8)
    database_index.build(index)

    with connection.execute_wrapper(sent := Sent()):
        found = dict(vectors.nearest(index, asked_for, team_id=team.id, limit=8))

    assert sent.by_index == 1
    told = dict(compared)
    assert len(found.keys() & told.keys()) >= 3
    assert all(found[id] == pytest.approx(told[id], abs=0.002) for id in found.keys() & told.keys())


def test_a_team_that_has_lost_its_vectors_is_counted_anew(team, soon):
    index = make_index()
    fanned(index, team, 6)
    database_index.build(index)
    assert len(vectors.nearest(index, turned(0), team_id=team.id, limit=4)) == 4
    SearchEntry.objects.exclude(id__in=SearchEntry.objects.values("id")[:2]).delete()

    with connection.execute_wrapper(sent := Sent()):
        for _ in range(2):
            assert len(vectors.nearest(index, turned(0), team_id=team.id, limit=4)) == 2

    assert sent.by_index == 1


def test_where_all_are_wanted_they_are_compared_at_once(team, soon):
    index = make_index()
    ids = fanned(index, team, 3)
    database_index.build(index)

    with connection.execute_wrapper(sent := Sent()):
        found = vectors.nearest(index, turned(0), team_id=team.id, limit=2)
        assert sent.by_index == 1
        more = vectors.nearest(index, turned(0), team_id=team.id, limit=6)

    assert [id for id, _distance in found] == ids[:2]
    assert [id for id, _distance in more] == ids
    assert sent.by_index == 1


def test_what_counts_of_a_filter_is_how_many_vectors_fit(team, soon):
    """And not how many generations: most of a team's may have no vector in this index."""
    index = make_index()
    ids = fanned(index, team, 4)
    Generation.objects.filter(id__in=ids[:2]).update(task_type="image_to_video")
    for _ in range(5):
        asked(team, image_urls=["https://example.com/a.png"])
    database_index.build(index)

    with connection.execute_wrapper(sent := Sent()):
        found = nearest(index, turned(0), team, limit=2, task_type="image_to_video")

    assert found == ids[:2]
    assert sent.by_index == 0


def test_what_is_hidden_or_has_no_vector_is_not_found(team):
    index = make_index()
    ids = fanned(index, team, 3)
    hidden = Generation.objects.get(id=ids[0])
    lifecycle.advance(hidden, State.CANCELLED)
    lifecycle.hide(hidden)
    SearchEntry.objects.filter(generation_id=ids[1]).update(vector=None, team_code=None)

    assert nearest(index, turned(0), team) == ids[2:]


def test_nothing_fits_a_filter_that_nothing_can_fit(team):
    index = make_index()
    fanned(index, team, 3)

    nothing = Generation.objects.for_team(team.id).none()
    assert vectors.nearest(index, turned(0), nothing, team_id=team.id, limit=3) == []


def test_a_vector_of_another_length_is_near_nothing(team):
    index = make_index()
    fanned(index, team, 3)

    assert nearest(index, turned(0, dims=8), team) == []


def test_long_vectors_are_ranked_exactly_in_the_end(team, soon):
    numbers = random.Random(5)
    index = make_index(dims=4096)
    made = {}
    for _ in range(30):
        generation = asked(team)
        made[generation.id] = [numbers.gauss(0, 1) for _ in range(4096)]
        keep_vector(index, generation, made[generation.id])
    database_index.build(index)
    wanted = [numbers.gauss(0, 1) for _ in range(4096)]

    def similarity(id):
        return sum(a * b for a, b in zip(made[id], wanted, strict=True)) / sum(a * a for a in made[id]) ** 0.5

    assert nearest(index, wanted, team, limit=5) == sorted(made, key=similarity, reverse=True)[:5]


def test_the_vector_of_one_is_read_for_its_own_team_alone(team, stranger):
    index = make_index()
    generation = asked(team)
    keep_vector(index, generation, [1, 0, 0, 0])

    assert vectors.vector_of(index, generation.id, team_id=team.id) == [1, 0, 0, 0]
    assert vectors.vector_of(index, generation.id, team_id=stranger.id) == []
