"""GET /tasks with words: ranked, with why each is there and how was searched."""

import pytest

from generations.models import Tag
from generations.search import asking
from generations.search import query as searching
from tests.api import asked, completed, failed
from tests.factories import make_member
from tests.searching import keep_vector, make_index, turned


def answer(client, **query):
    response = client.get("/api/v1/tasks", query)
    assert response.status_code == 200, response.json()
    return response.json()["data"]


def prompts(data):
    return [task["prompt"] for task in data["tasks"]]


def tag(generation, name, **given):
    source = {"source": "machine", **given}
    return Tag.objects.create(team_id=generation.team_id, generation=generation, name=name, **source)


def test_each_says_what_it_was_found_by(client, team):
    both = completed(team, prompt="A misty lake")
    completed(team, prompt="misty hills")
    tag(both, "misty", source="member", created_by=make_member(team=team))

    data = answer(client, q="misty")

    assert [(task["prompt"], task["found_by"]) for task in data["tasks"]] == [
        ("A misty lake", ["words", "tag"]),
        ("misty hills", ["words"]),
    ]
    assert data["search"] == {"mode": "words", "message": None, "is_cut": False}


def test_without_words_nothing_says_how(client, team):
    completed(team)

    data = answer(client)

    assert data["search"] is None
    assert data["tasks"][0]["found_by"] is None


def test_where_a_provider_is_down_words_are_searched_and_that_is_said(client, team):
    make_index()
    asked(team, prompt="A lantern")

    data = answer(client, q="lantern")

    assert prompts(data) == ["A lantern"]
    assert data["search"]["mode"] == "words"
    assert "not available right now" in data["search"]["message"]


def test_that_is_said_in_the_askers_language(client, team):
    make_index()

    data = client.get("/api/v1/tasks?q=lantern", headers={"Accept-Language": "zh-Hans"}).json()["data"]

    assert data["search"]["message"]


def test_every_filter_applies_and_counts(client, team):
    done, broken = completed(team, prompt="red one"), failed(team, prompt="red two")
    asked(team, prompt="red three", image_urls=["https://example.com/a.png"])
    tag(done, "night")

    assert prompts(answer(client, q="red", status="completed")) == ["red one"]
    assert prompts(answer(client, q="red", task_type="image_to_video")) == ["red three"]
    assert prompts(answer(client, q="red", tag="night")) == ["red one"]
    assert prompts(answer(client, q="red", model="seedance 2.0", created_before=broken.created_at.isoformat())) == [
        "red one"
    ]
    assert answer(client, q="red", status="failed")["pagination"]["total"] == 1


def test_pages_turn_by_offset_and_by_cursor(client, team):
    for number in range(5):
        asked(team, prompt=f"kite {number}")

    by_offset = [answer(client, q="kite", limit=2, offset=offset) for offset in (0, 2, 4)]
    by_cursor, cursor = [], None
    while not by_cursor or cursor:
        by_cursor.append(answer(client, q="kite", limit=2, **({"cursor": cursor} if cursor else {})))
        cursor = by_cursor[-1]["pagination"]["next_cursor"]

    assert [prompts(each) for each in by_offset] == [["kite 4", "kite 3"], ["kite 2", "kite 1"], ["kite 0"]]
    assert [prompts(each) for each in by_cursor] == [prompts(each) for each in by_offset]
    assert {each["pagination"]["total"] for each in by_cursor} == {5}
    assert [each["pagination"]["has_more"] for each in by_offset] == [True, True, False]


def test_of_a_list_that_was_cut_the_total_is_said_to_be_no_count(client, team, monkeypatch):
    monkeypatch.setattr(searching, "MOST", 2)
    for number in range(3):
        asked(team, prompt=f"kite {number}")

    data = answer(client, q="kite")

    assert (data["pagination"]["total"], data["search"]["is_cut"]) == (2, True)
    assert answer(client, q="boat")["search"]["is_cut"] is False


def test_a_tag_is_the_same_with_words_and_without(client, team):
    tag(completed(team, prompt="red one"), "night")
    completed(team, prompt="red two")

    for tagged in ({"tag": " night "}, {"tag": " night ", "q": "red"}):
        data = answer(client, **tagged)
        assert (prompts(data), data["pagination"]["total"]) == (["red one"], 1)
    assert answer(client, tag=" ")["pagination"]["total"] == 2


def test_a_cursor_of_another_list_is_refused(client, team):
    [asked(team, prompt=f"kite {number}") for number in range(3)]
    cursor = answer(client, limit=1)["pagination"]["next_cursor"]

    response = client.get("/api/v1/tasks", {"q": "kite", "cursor": cursor})

    assert (response.status_code, response.json()["error"]["details"]["field"]) == (400, "cursor")


def test_a_tag_narrows_the_list_by_itself_too(client, team):
    done = completed(team, prompt="one")
    completed(team, prompt="two")
    tag(done, "night")

    data = answer(client, tag="night")

    assert (prompts(data), data["pagination"]["total"]) == (["one"], 1)
    assert answer(client, tag="no such")["pagination"]["total"] == 0


def test_a_task_has_its_tags_without_those_that_were_rejected(client, team):
    done = completed(team)
    tag(done, "close-up", kind="shot_size")
    tag(done, "wrong", rejected_at="2026-01-01T00:00:00Z")
    tag(done, "night", source="member", created_by=make_member(team=team))

    task = client.get(f"/api/v1/tasks/{done.id}").json()["data"]

    assert task["tags"] == [{"name": "close-up", "source": "machine"}, {"name": "night", "source": "member"}]


@pytest.mark.parametrize(("query", "field"), [({"tag": "a" * 201}, "tag"), ({"tag": "\0"}, "tag"), ({"q": "\0"}, "q")])
def test_what_can_not_be_looked_for_is_refused_by_name(client, query, field):  # B1
    error = client.get("/api/v1/tasks", query).json()["error"]

    assert (error["code"], error["details"]["field"]) == ("INVALID_PARAMETER", field)


def test_another_teams_private_and_tagged_things_are_not_found(stranger, team):  # A3
    done = completed(team, prompt="A lantern")
    tag(done, "lantern")

    for query in ({"q": "lantern"}, {"tag": "lantern"}, {"q": str(done.id)}):
        data = answer(stranger, **query)
        assert (data["tasks"], data["pagination"]["total"]) == ([], 0)


def test_what_lies_further_away_follows_and_was_found_by_nothing(client, team):
    index = make_index()
    asking.keep(index, "harbour", turned(0))
    for degrees in (1, 80, 85):
        keep_vector(index, completed(team, prompt=f"{degrees} degrees off"), turned(degrees))

    data = answer(client, q="harbour")
    pages = [answer(client, q="harbour", limit=2, offset=offset) for offset in (0, 2)]

    assert [(task["prompt"], task["found_by"]) for task in data["tasks"]] == [
        ("1 degrees off", ["meaning"]),
        ("80 degrees off", []),
        ("85 degrees off", []),
    ]
    assert (data["pagination"]["total"], data["search"]["is_cut"]) == (3, False)
    assert [task for page in pages for task in prompts(page)] == prompts(data)
    assert [page["pagination"]["has_more"] for page in pages] == [True, False]
