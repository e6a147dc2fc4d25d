import math
import operator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from generations.models import SearchEntry
from generations.search import database_index
from tests.api import asked, ensure_prices
from tests.factories import make_team
from tests.sandbox_process import wait_until
from tests.searching import keep_vector, make_index, turned


@pytest.fixture
def team(transactional_db):
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def stranger(team):
    return make_team(name="Pathé", granted=1000)


@pytest.fixture
def filled(team):
    """Vectors of four dimensions, of three clips."""
    index = make_index()
    for number in range(3):
        keep_vector(index, asked(team), turned(number))
    return index


def state_of(index):
    """Whether the database has its index: valid, invalid, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [database_index.name(index)]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def built(index) -> bool:
    try:
        return database_index.build(index)
    finally:
        connection.close()


@contextmanager
def a_reader():
    """Somebody who has looked at what is indexed, and may look again."""
    reader = connection.copy()
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM generations_searchentry")
        yield reader
    finally:
        reader.close()


def test_building_again_is_harmless_and_dropping_too(filled):
    assert database_index.build(filled) is True
    assert database_index.build(filled) is True
    assert state_of(filled) is True
    assert database_index.drop(filled) is True
    assert database_index.drop(filled) is True
    assert state_of(filled) is None


def test_what_a_killed_build_left_is_built_anew(filled):
    database_index.build(filled)
    with connection.cursor() as cursor:
        name = database_index.name(filled)
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [name])

    assert database_index.build(filled) is True

    assert state_of(filled) is True


def test_one_that_fails_may_be_built_again(team):
    index = make_index(dims=5)
    keep_vector(index, asked(team), turned(0, dims=4))  # of another length: it cannot be indexed

    with pytest.raises(DatabaseError, match="expected 5 dimensions"):
        database_index.build(index)
    left = state_of(index)
    SearchEntry.objects.all().delete()

    assert left is False
    assert database_index.build(index) is True
    assert state_of(index) is True


def test_while_one_is_built_no_other_is(team):
    """PostgreSQL would end one of them as a deadlock."""
    first, second = make_index("clip"), make_index("prompt")
    with a_reader() as reader, ThreadPoolExecutor(2) as pool:
        try:
            building = pool.submit(built, first)  # it waits for whoever reads
            wait_until(lambda: state_of(first) is False)
            beside = pool.submit(built, second)
            wait([beside], timeout=2)
        finally:
            reader.close()

        assert building.result() is True
        assert beside.result() is False
    assert database_index.build(second) is True


def test_it_is_not_built_within_a_transaction(team):
    index = make_index()

    with pytest.raises(DatabaseError, match="atomic"), transaction.atomic():
        database_index.build(index)


@pytest.mark.parametrize("dims", [4, 4096])
def test_the_index_brings_a_teams_own_first(team, stranger, dims):
    """Though others' are nearer by their meaning: so a search passes through nobody else's."""
    index = make_index(dims=dims)
    for number in range(20):
        keep_vector(index, asked(stranger), turned(number / 10, dims=dims))
    ids = [keep_vector(index, asked(team), turned(20 + number, dims=dims)).generation_id for number in range(10)]
    database_index.build(index)

    with connection.cursor() as cursor:
        order = f"{database_index.indexed(index)} {database_index.sought(index, turned(0, dims=dims), team.id)}"
        cursor.execute(
            "SET enable_sort = off;"
            f"SELECT generation_id FROM generations_searchentry WHERE index_id = {index.pk} ORDER BY {order} LIMIT 10"
        )
        cursor.nextset()
        brought = {id for (id,) in cursor.fetchall()}
        cursor.execute("RESET enable_sort")

    assert brought == set(ids)


def test_every_team_has_a_place_of_its_own_in_the_index():
    """All of a team's vectors together, at about a right angle to any other team's."""
    ids = [UUID(int=number) for number in range(200)]
    codes = [database_index.team_code(id) for id in ids]
    signs = [database_index.code_signs(id) for id in ids]

    assert all(math.hypot(*code) == pytest.approx(1) for code in codes)
    assert max(sum(map(operator.mul, codes[0], code)) for code in codes[1:]) < 0.8
    assert min(sum(map(operator.ne, signs[0], other)) for other in signs[1:]) > 400


def test_the_code_of_a_team_is_what_it_was():
    """What is in the database's index was made with it."""
    signs = database_index.code_signs(UUID("01930000-0000-7000-8000-000000000001"))
    assert (len(signs), signs[:32]) == (1024, "11111000000001111100010110011111")
