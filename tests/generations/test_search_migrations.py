"""What was asked for before there was search is found by its words; again, and back and forth, is harmless."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from generations import lifecycle, words
from generations.models import SearchText
from tests.api import asked, completed, ensure_prices
from tests.factories import make_team
from tests.pipeline import media_folder

__all__ = ["media_folder"]

BEFORE = [("generations", "0007_signed_callbacks")]
BEFORE_WORDS = [("generations", "0011_generation_to_index")]


@pytest.fixture
def latest(transactional_db: None, media_folder: None) -> Iterator[list[tuple[str, str]]]:
    """The database is as it was for other tests, whatever happened."""
    leaves = [each for each in MigrationExecutor(connection).loader.graph.leaf_nodes() if each[0] == "generations"]
    try:
        yield leaves
    finally:
        MigrationExecutor(connection).migrate(leaves)


def words_of(generation) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tsvector_to_array(words) FROM generations_searchtext WHERE generation_id = %s", [generation.pk]
        )
        return set(cursor.fetchone()[0])


def test_what_was_asked_for_before_gets_the_words_that_it_would_get_now(latest):
    ensure_prices()
    team = make_team(granted=1000)
    made = [asked(team, prompt=prompt) for prompt in ("A Lighthouse, 海边的灯塔", "Ｆｕｌｌ width, 灯", "!?")]
    hidden = completed(team)
    lifecycle.hide(hidden)
    MigrationExecutor(connection).migrate(BEFORE)

    MigrationExecutor(connection).migrate(latest)

    assert [words_of(each) for each in made] == [set(words.lexemes(each)) for each in made]
    assert not SearchText.objects.filter(generation=hidden.pk).exists()


def test_words_that_are_there_already_stay(latest):
    ensure_prices()
    made = asked(make_team(granted=1000), prompt="A lighthouse")
    MigrationExecutor(connection).migrate(BEFORE_WORDS)

    MigrationExecutor(connection).migrate(latest)

    assert words_of(made) == set(words.lexemes(made))
    assert SearchText.objects.count() == 1
