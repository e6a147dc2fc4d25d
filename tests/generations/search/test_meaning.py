import pytest

from generations.search import meaning
from tests.api import asked, ensure_prices
from tests.factories import make_team
from tests.searching import keep_vector, make_index

ONE = [1.0, 0.0, 0.0, 0.0]


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def like(similarity):
    return [similarity, (1 - similarity**2) ** 0.5, 0.0, 0.0]


def near(team, similarities):
    """Which of vectors so similar to the one that is looked for are near enough."""
    index = make_index()
    made = {}
    for similarity in similarities:
        generation = asked(team)
        keep_vector(index, generation, like(similarity))
        made[generation.id] = similarity
    return [made[id] for id in meaning.nearest(index, ONE, None, team_id=team.id).near]


@pytest.mark.parametrize(
    ("meant", "unmeant"),
    [
        ([0.28, 0.22], 0.10),  # as models of texts and clips have it
        ([0.80, 0.70], 0.50),  # as models of texts have it
        ([0.60, 0.35], 0.04),  # as the sandbox has it
    ],
)
def test_what_stands_out_is_near_whatever_the_model_calls_near(team, meant, unmeant):
    unmeant = [unmeant - number / 1000 for number in range(30)]

    assert near(team, [*meant, *unmeant]) == meant


def test_of_what_is_all_alike_a_part_is_left_out(team, monkeypatch):
    monkeypatch.setattr(meaning, "MOST", 40)

    assert len(near(team, [0.5 - number / 1000 for number in range(60)])) in range(20, 30)


def test_of_few_all_that_are_not_far_off_are_near(team):
    assert near(team, [0.9, 0.8, 0.4, 0.2, 0.0]) == [0.9, 0.8, 0.4]


def test_at_right_angles_nothing_is_near(team):
    assert near(team, [0.04, 0.03, -0.2]) == []


def test_what_is_not_near_lies_further_away_in_its_order(team, monkeypatch):
    monkeypatch.setattr(meaning, "MOST", 4)
    index = make_index()
    made = [asked(team) for _ in range(6)]
    for generation, similarity in zip(made, [0.9, 0.8, 0.2, 0.1, -0.3, -0.4], strict=True):
        keep_vector(index, generation, like(similarity))

    found = meaning.nearest(index, ONE, None, team_id=team.id)
    others = meaning.nearest(index, ONE, None, team_id=team.id, but=made[0].id)

    ids = [generation.id for generation in made]
    assert (found.near, found.further) == (ids[:2], ids[2:4])
    assert (others.near, others.further) == (ids[1:2], ids[2:5])
