"""A2, A3, A14: ids of another team where no path shows them: in bodies, filters, cursors, headers, sessions and links.

`ours` is the team that must not be seen: its things carry the word LANTERN. `their` clients are of another team.
"""

import time
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import TEAM_SESSION_KEY
from accounts.actors import Actor
from accounts.api.paging import cursor_of
from accounts.models import CreditBalance
from generations import links
from generations.collections import sharing
from generations.models import Asset, Collection, CollectionItem, Tag
from tests.api import asked, post
from tests.collecting import clips, gathered
from tests.factories import make_account, make_key, make_submission
from tests.pages import filled_in
from tests.searching import keep_vector, make_index, turned

from .furnishing import MARK
from .visits import BOARD
from .world import World, content


def key_of(world: World) -> UUID:
    return world.team.api_keys.get(name=MARK).pk


def test_an_uploaded_picture_of_ours_is_no_input_of_theirs(world, ours, program, browser):
    upload = Asset.objects.create(team=world.team, kind=Asset.Kind.UPLOAD, path="none", size_bytes=1, sha256="0" * 64)
    before = content()

    by_key = post(program, "/generations", {"prompt": "x", "image_urls": [f"upload:{upload.id}"]})
    given = filled_in(task_type="image_to_video", image_urls=[f"upload:{upload.id}"])
    by_form = browser.post(reverse("generations:create"), given)

    assert (by_key.status_code, by_form.status_code) == (400, 422)
    assert links.path(upload) not in by_form.content.decode()
    assert content() == before


@pytest.mark.parametrize("query", ["", "cursor={cursor}", "q=gate", "model=seedance-2.0", "offset=0&limit=100"])
def test_a_list_of_theirs_holds_and_counts_theirs_alone(world, ours, program, query):
    theirs = asked(world.others)
    asked(world.team, prompt=MARK)
    cursor = world.program_without("manage").get("/api/v1/tasks?limit=1").json()["data"]["pagination"]["next_cursor"]

    answer = program.get(f"/api/v1/tasks?{query.format(cursor=cursor or '')}").json()["data"]

    assert [task["id"] for task in answer["tasks"]] == [str(theirs.id)]
    assert answer["pagination"]["total"] == 1


@pytest.mark.parametrize("name", ["endpoint_id", "task_id", "cursor"])
def test_a_filter_by_our_id_finds_no_delivery_of_ours(world, ours, program, name):
    endpoint = world.team.webhook_endpoints.get(description=MARK)
    newest = cursor_of(endpoint.deliveries.latest("pk").pk)
    value = {"endpoint_id": endpoint.pk, "task_id": ours.id, "cursor": newest}[name]

    answer = program.get("/api/v1/webhook_deliveries", {name: str(value)}).json()["data"]

    assert (answer["deliveries"], answer["pagination"]["next_cursor"]) == ([], None)


def test_what_failed_for_our_endpoint_is_not_theirs_to_send_again(world, ours, program):
    endpoint = world.team.webhook_endpoints.get(description=MARK)
    endpoint.deliveries.update(state="failed", next_at=None, ended_at=timezone.now())
    before = content()

    named = post(program, "/webhook_deliveries/send_failed_again", {"endpoint_id": str(endpoint.pk)})
    all_of_them = post(program, "/webhook_deliveries/send_failed_again")

    assert (named.status_code, all_of_them.json()["data"]) == (404, {"sent_again": 0})
    assert content() == before


def test_a_cursor_made_of_our_id_leads_to_nothing_of_ours(world, ours, program, browser):
    newer = asked(world.team, prompt=MARK)

    page = browser.get(reverse("generations:gallery"), {"before": str(newer.id)})

    assert MARK not in page.content.decode()


@pytest.mark.parametrize(
    ("route", "name", "status"),
    [
        ("accounts:credits", "key", 422),
        ("accounts:credits_csv", "key", 422),
        ("accounts:audit_log", "key", 422),
        ("accounts:audit_log_csv", "key", 422),
        ("accounts:credits", "member", 422),
        ("accounts:credits_csv", "member", 422),
        ("accounts:audit_log", "person", 422),
        ("accounts:audit_log_csv", "person", 422),
        ("accounts:credits", "before", 404),
        ("accounts:audit_log", "before", 200),
        ("accounts:team", "q", 200),
    ],
)
def test_a_filter_by_our_id_finds_nothing_of_ours(world, ours, browser, route, name, status):
    values = {"key": key_of(world), "before": ours.id, "q": world.owner.email}

    response = browser.get(reverse(route), {name: str(values.get(name, world.owner.pk))})

    text = b"".join(response).decode()
    assert response.status_code == status
    assert MARK not in text
    assert world.admin.email not in text
    assert world.team.name not in text


@pytest.mark.parametrize(
    ("name", "status"), [("q", 200), ("tag", 200), ("collection", 404), ("batch", 200), ("like", 404)]
)
def test_no_search_of_theirs_leads_to_our_clips(world, ours, browser, program, name, status):
    tag = Tag.objects.create(team=world.team, generation=ours, name=MARK, source="machine")
    collection = Collection.objects.create(team=world.team, name=MARK, created_by=world.owner)
    CollectionItem.objects.create(collection=collection, generation=ours, position=1)
    batch_id = uuid4()
    type(ours).objects.filter(id=ours.id).update(batch_id=batch_id)
    index = make_index()
    keep_vector(index, ours, turned(0))
    keep_vector(index, asked(world.others, prompt="theirs"), turned(1))
    value = {"q": "LANTER", "tag": tag.name, "collection": collection.id, "batch": batch_id, "like": ours.id}[name]

    page = browser.get(reverse("generations:gallery"), {name: str(value)})
    called = program.get("/api/v1/tasks", {name: str(value)})

    assert page.status_code == status
    assert str(ours.id) not in page.content.decode()
    assert str(ours.id) not in called.content.decode()


def test_our_picture_is_not_theirs_to_find_more_like(world, ours, browser):
    image = Asset.objects.filter(team=world.team, kind=Asset.Kind.OUTPUT, content_type="image/png").latest("id")
    before = content()

    answer = browser.post(reverse("generations:like"), {"picked": str(image.id)})

    assert answer.status_code == 404
    assert content() == before


def test_our_purchase_is_not_found_under_their_page(world, ours, browser):
    bought = world.team.purchases.get()

    assert browser.get(reverse("accounts:buy"), {"purchase": str(bought.id)}).status_code == 404


def test_a_session_that_names_our_team_opens_their_own(world, ours, browser):
    session = browser.session
    session[TEAM_SESSION_KEY] = str(world.team.id)
    session.save()

    page = browser.get(reverse("generations:gallery")).content.decode()

    assert world.others.name in page
    assert MARK not in page


def test_nothing_of_ours_goes_into_a_collection_of_theirs(world, ours, browser):
    theirs, mine = gathered(world.others, world.other), world.team.collection_set.get(name=MARK)
    own = clips(world.others, 1)[0]
    before = content()

    statuses = [
        browser.post(reverse(f"generations:{route}", args=args), given).status_code
        for route, args, given in (
            ("collection_add", [], {"generations": str(ours.id), "collection": str(theirs.pk)}),
            ("collection_add", [], {"generations": str(ours.id), "collection": "new", "name": "x"}),
            ("collection_add", [], {"generations": str(own.id), "collection": str(mine.pk)}),
            ("collection_add", [], {"generations": f"{own.id},{ours.id}", "collection": str(theirs.pk)}),
            ("collection_cover", [theirs.pk], {"generation": str(ours.id)}),
            ("collection_move", [theirs.pk], {"generation": str(ours.id), "to": "later"}),
            ("collection_remove", [theirs.pk], {"restore": f"{ours.id}:1"}),
            ("collection_share_revoke", [theirs.pk, mine.share_links.get().pk], {"confirmed": "1"}),
            ("collection_link_revoke", [mine.share_links.get().pk], {"confirmed": "1"}),
        )
    ]

    assert statuses == [404] * 9
    assert content() == before


@pytest.mark.parametrize("name", ["collection", "like", "tag", "q"])
def test_a_smart_collection_of_theirs_finds_nothing_of_ours(world, ours, browser, name):
    mine = world.team.collection_set.get(name=MARK)
    search = {name: {"collection": str(mine.pk), "like": str(ours.id)}.get(name, MARK)}
    made = browser.post(reverse("generations:collection_search"), {**BOARD, "search": urlencode(search)})

    shown = browser.get(made.url).content.decode()
    packed = b"".join(browser.get(f"{made.url}export.zip"))

    assert f"/generations/{ours.id}/" not in shown  # the search itself is shown as they typed it
    assert str(ours.id).encode() not in packed


def test_our_file_does_not_open_under_their_link(world, ours):
    link = sharing.share(gathered(world.others, world.other), days=1, by=Actor(user=world.other))
    file = ours.assets.get(kind=Asset.Kind.OUTPUT)

    for query in (
        "",
        sharing.media_path("x", world.team.collection_set.get().share_links.get(), file).partition("?")[2],
    ):
        address = reverse("generations:shared_media", args=[sharing.token_of(link), file.id])
        assert Client().get(f"{address}?{query}").status_code == 404


def test_a_page_of_our_team_changes_nothing_in_theirs(world, browser):
    before = content()
    headers = {"HX-Request": "true", "X-Team": str(world.team.id)}

    response = browser.post(reverse("generations:create"), filled_in(), headers=headers)

    assert (response.status_code, response.headers["HX-Refresh"]) == (409, "true")
    assert content() == before


def test_our_idempotency_key_is_not_theirs(world, program):  # A14
    ours = post(world.key_client("owner"), "/generations", {"prompt": MARK}, Idempotency_Key="once")

    theirs = post(program, "/generations", {"prompt": MARK}, Idempotency_Key="once")

    assert (ours.status_code, theirs.status_code) == (201, 201)
    assert ours.json()["data"]["id"] != theirs.json()["data"]["id"]
    assert "Idempotent-Replayed" not in theirs.headers


def test_the_signature_of_one_file_opens_no_other(world, ours):
    mine, other = ours.assets.get(kind=Asset.Kind.OUTPUT), ours.assets.get(kind=Asset.Kind.POSTER)
    query = links.path(mine).partition("?")[2]

    response = Client().get(f"{reverse('generations:media', args=[other.id])}?{query}")

    assert response.status_code == 403


def test_a_link_cannot_be_made_to_last(world, ours):
    mine = ours.assets.get(kind=Asset.Kind.OUTPUT)
    signature = links.path(mine).partition("signature=")[2]

    later = f"{reverse('generations:media', args=[mine.id])}?expires={int(time.time()) + 10**8}&signature={signature}"

    assert Client().get(later).status_code == 403


@pytest.mark.parametrize(
    "field", ["team_id", "team", "owner", "id", "state", "held_credits", "created_by", "api_key_id"]
)
def test_a_body_cannot_say_whose_it_is(world, program, field):  # A10
    before = content()

    response = post(program, "/generations", {"prompt": "x", field: str(world.team.id)})

    assert response.status_code == 400
    assert content() == before


@pytest.mark.parametrize("field", ["team_id", "team", "id", "created_by", "digest", "revoked_at", "secret"])
def test_a_key_cannot_be_moved_to_our_team(world, program, field):  # A10
    before = content()

    response = post(program, "/keys", {"name": "theirs", field: str(world.team.id)})

    assert response.status_code == 400
    assert content() == before


def test_a_secret_of_another_key_does_not_let_this_one_be_rotated(world, ours):
    key, other = make_key(team=world.team)[0], make_key(team=world.others)[0]
    form = {"current": str(other.secrets.get().pk), "grace": "0"}

    world.page_client("owner").post(reverse("accounts:key_rotate", args=[key.pk]), form)

    assert (key.secrets.count(), other.secrets.count()) == (1, 1)


def test_a_callback_of_one_provider_is_not_one_of_another(world):
    submission = make_submission(generation=asked(world.team), account=make_account(base_url="http://127.0.0.1:9"))

    response = Client().post(f"/hooks/another/{submission.token}", b"{}", content_type="application/json")

    assert response.status_code == 404
    assert submission.callbacks.count() == 0


def test_the_balance_each_program_sees_is_its_own_team_s(world, ours, program):  # A3
    balance = program.get("/api/v1/credits").json()["data"]

    assert balance == {"available": 1000, "held": 0, "spent": 0}
    assert CreditBalance.objects.get(team=world.team).granted == 1007
