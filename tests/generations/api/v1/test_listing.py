import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from generations.models import Generation
from tests.api import asked, completed, failed, running


def listed(client, **query):
    response = client.get("/api/v1/tasks", query)
    assert response.status_code == 200, response.content
    data = response.json()["data"]
    return [task["id"] for task in data["tasks"]], data["pagination"]


def ids(*generations) -> list[str]:
    return [str(each.id) for each in generations]


def test_an_empty_list_has_the_documented_shape(client):
    assert client.get("/api/v1/tasks").json() == {
        "success": True,
        "data": {
            "tasks": [],
            "pagination": {
                "page": 1,
                "pageSize": 20,
                "total": 0,
                "total_pages": 0,
                "limit": 20,
                "offset": 0,
                "next_cursor": None,
                "has_more": False,
            },
            "search": None,
        },
    }


def test_tasks_come_newest_first_as_they_do_alone(client, team):
    first, second = completed(team), running(team)

    tasks = client.get("/api/v1/tasks").json()["data"]["tasks"]

    assert [task["id"] for task in tasks] == ids(second, first)
    assert tasks[1] == client.get(f"/api/v1/tasks/{first.id}").json()["data"]


def test_offset_and_limit_turn_pages(client, team):
    tasks = [asked(team) for _ in range(5)]

    found, pagination = listed(client, limit=2, offset=2)

    assert found == ids(tasks[2], tasks[1])
    assert (pagination["page"], pagination["pageSize"]) == (2, 2)
    assert (pagination["total"], pagination["total_pages"], pagination["has_more"]) == (5, 3, True)


def test_a_cursor_leads_through_all_of_them_once(client, team):
    tasks = [asked(team) for _ in range(5)]

    found, pagination = listed(client, limit=2)
    while pagination["next_cursor"]:
        more, pagination = listed(client, limit=2, cursor=pagination["next_cursor"])
        found += more
        assert (pagination["page"], pagination["offset"], pagination["total"]) == (None, None, 5)

    assert found == ids(*reversed(tasks))


def copies(generation: Generation, count: int) -> list[Generation]:
    """So many more of it, oldest first, quicker than through the gate."""
    ids = [[uuid7() for _ in range(count)] for _ in range(2)]
    columns = [field.column for field in Generation._meta.concrete_fields if field.column not in ("id", "hold_id")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO generations_generation (id, hold_id, {', '.join(columns)}) "
            f"SELECT new.id, new.hold_id, {', '.join(columns)} "
            "FROM generations_generation AS old, unnest(%s::uuid[], %s::uuid[]) AS new (id, hold_id) "
            "WHERE old.id = %s",
            [*ids, generation.id],
        )
    return list(Generation.objects.filter(id__in=ids[0]).order_by("id"))


# K11
def test_10000_tasks_made_while_paging_neither_double_nor_hide_what_was_there(client, team):
    first = asked(team)
    there = [first, *copies(first, 199)]

    found, pagination = listed(client)
    while pagination["next_cursor"]:
        copies(first, 1200)
        more, pagination = listed(client, cursor=pagination["next_cursor"])
        found += more

    assert found == ids(*reversed(there))
    assert Generation.objects.count() > 10_000


@pytest.mark.parametrize(
    "cursor", ["", "a", "AAAA", "A" * 22, "A" * 60, "!!!!!!!!!!!!!!!!!!!!!!", "字", "%00", "AAAAAAAAAAAAAAAAAAAAAA==="]
)
def test_a_cursor_of_nobodys_is_refused_or_finds_nothing(client, team, cursor):
    asked(team)

    response = client.get("/api/v1/tasks", {"cursor": cursor})

    if response.status_code == 200:
        assert len(response.json()["data"]["tasks"]) == (1 if cursor == "" else 0)
    else:
        assert response.json()["error"]["details"]["field"] == "cursor"


def test_filters_narrow_list_and_total(client, team):
    done, broken, new = completed(team), failed(team), asked(team, image_urls=["https://example.com/a.png"])

    assert listed(client, status="completed")[0] == ids(done)
    assert listed(client, status="failed")[1]["total"] == 1
    assert listed(client, status="pending")[0] == ids(new)
    assert listed(client, status="")[1]["total"] == 3
    assert listed(client, task_type="image_to_video")[0] == ids(new)
    assert listed(client, task_type="text_to_video", status="failed")[0] == ids(broken)
    assert listed(client, model="Seedance-2.0")[1]["total"] == 3


def test_a_span_of_time_has_its_first_moment_and_not_its_last(client, team):
    _first, second, third = asked(team), asked(team), asked(team)

    found, pagination = listed(
        client, created_after=second.created_at.isoformat(), created_before=third.created_at.isoformat()
    )

    assert (found, pagination["total"]) == (ids(second), 1)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_moments_too(client, team, moment):
    asked(team)

    after, before = listed(client, created_after=moment)[0], listed(client, created_before=moment)[0]

    assert len(after) + len(before) == 1


def test_words_of_the_prompt_are_found_whatever_their_case(client, team):
    found = asked(team, prompt="A RED 50% balloon, 飞行汽车")
    asked(team, prompt="a blue 500 balloon")

    assert listed(client, q="red")[0] == ids(found)
    assert listed(client, q="50%")[0] == ids(found)
    assert listed(client, q="飞行")[1]["total"] == 1
    assert listed(client, q="green")[1]["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=-1", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
        (f"offset={10**30}", "offset"),
        ("offset=1&cursor=AAAAAAAAAAAAAAAAAAAAAA", "offset"),
        ("status=done", "status"),
        ("task_type=poem", "task_type"),
        ("model=none", "model"),
        ("created_after=yesterday", "created_after"),
        ("created_before=99999-01-01", "created_before"),
        ("q=" + "a" * 201, "q"),
        ("q=%00", "q"),
    ],
)
def test_a_bad_query_is_refused_by_name(client, query, field):
    response = client.get(f"/api/v1/tasks?{query}")

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["details"]["field"]) == (400, "INVALID_PARAMETER", field)


def test_far_offsets_are_sent_to_the_cursor(client):
    message = client.get("/api/v1/tasks?offset=10001").json()["error"]["message"]

    assert "cursor" in message


# A3
def test_a_stranger_sees_and_counts_nothing(stranger, team):
    completed(team)
    running(team)

    for query in ({}, {"q": "gate"}, {"status": "completed"}, {"model": "seedance 2.0"}):
        found, pagination = listed(stranger, **query)
        assert (found, pagination["total"]) == ([], 0)


# A2
def test_a_foreign_cursor_shows_nothing_foreign(client, stranger, team):
    [completed(team) for _ in range(3)]
    _, pagination = listed(client, limit=1)

    assert listed(stranger, cursor=pagination["next_cursor"])[0] == []


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("query", "count"), [({}, 7), ({"q": "gate"}, 10), ({"status": "completed"}, 7)])
def test_a_page_takes_five_queries_beside_key_and_limit_and_a_search_three_more(
    client, team, django_assert_num_queries, rows, query, count
):
    for _ in range(rows):
        completed(team)
    listed(client)

    with django_assert_num_queries(count):
        assert listed(client, **query)[1]["total"] == rows
