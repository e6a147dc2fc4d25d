"""What an operator sees of what providers sent, hostile as it may be, and has looked into again."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from generations.admin import callbacks
from generations.models import Callback, Submission
from tests.api import asked, ensure_prices
from tests.factories import make_account, make_submission, make_team, make_user
from tests.pages import browser_of, text_of

pytestmark = pytest.mark.django_db
LIST = "admin:generations_callback_changelist"
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture
def submission() -> Submission:
    ensure_prices()
    account = make_account(base_url="https://provider.example/api/v1", label=f"first {HOSTILE}")
    return make_submission(generation=asked(make_team(granted=100)), account=account, provider_task_id="theirs")


def came(submission: Submission | None, body: bytes = b"{}", **columns) -> Callback:
    given = {"headers": {}, "received_at": timezone.now(), "provider": "vibegen", **columns}
    return Callback.objects.create(submission=submission, body=body, **given)


def page_of(callback: Callback, name: str = "change") -> str:
    return reverse(f"admin:generations_callback_{name}", args=[callback.pk])


def operator(*permissions: str) -> Client:
    """Staff who may do that, and nothing else."""
    user = make_user()
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return browser_of(user)


def listed(client: Client, **query: str) -> set[str]:
    """Which of all there are, by their ids."""
    page = text_of(client.get(reverse(LIST), query))
    return {str(each.pk) for each in Callback.objects.all() if page_of(each) in page}


def test_a_callback_shows_what_came_and_what_it_was_taken_for(admin_client, submission):
    callback = came(
        submission,
        b'{"task_id": "theirs"}',
        headers={"webhook-id": "msg_1"},
        verdict="forged",
        proof="bad",
        repeat_count=7,
        last_received_at=timezone.now(),
    )

    page = text_of(admin_client.get(page_of(callback)))

    for words in (
        "webhook-id: msg_1",
        "{&quot;task_id&quot;: &quot;theirs&quot;}",
        ">7<",
        "has no signature or a wrong",
    ):
        assert words in page
    assert str(submission.generation_id) in page


@pytest.mark.parametrize("verdict", ["", *Callback.Verdict.values])
def test_each_verdict_is_told_in_words(admin_client, submission, verdict):
    callback = came(None if verdict == "unaddressed" else submission, verdict=verdict)

    assert admin_client.get(page_of(callback)).status_code == 200
    assert listed(admin_client) == {str(callback.pk)}


def test_what_is_hostile_is_text(admin_client, submission):  # B1
    body = f"{HOSTILE}\u202egnp.exe\x1b[2J\x00".encode() + b"\xff\xfe"
    callback = came(submission, body, headers={"x-evil": HOSTILE, HOSTILE: "\u2028"}, provider_task_id=HOSTILE)

    for page in (text_of(admin_client.get(page_of(callback))), text_of(admin_client.get(reverse(LIST)))):
        assert "<script>alert" not in page
        assert "\u202e" not in page
    page = text_of(admin_client.get(page_of(callback)))
    assert r"\u202egnp.exe\x1b[2J\x00\xff\xfe" in page


@pytest.mark.parametrize("body", [b"x" * 200_000, b"x\n" * 100_000], ids=["one line", "many"])
def test_what_is_long_is_cut_off_and_the_rest_is_counted(admin_client, submission, body):
    callback = came(submission, body)

    page = text_of(admin_client.get(page_of(callback)))

    assert len(page) < 80_000
    assert body[:7800].decode() + "</pre>" in page
    assert "192200 more characters" in page
    assert "css/operator" in page


@pytest.mark.parametrize("before", range(7700, 7801, 9))
def test_a_secret_that_the_cut_goes_through_is_not_shown(admin_client, submission, before):  # A8
    secret = "sk-video-0123456789abcdef"
    callback = came(submission, b"x" * (before - 1) + b" " + secret.encode() + b" and more" * 100)

    page = text_of(admin_client.get(page_of(callback)))

    assert "sk-video-0" not in page


def test_neither_the_address_nor_a_secret_is_shown(admin_client, submission):  # A8
    told = f"https://films.example/hooks/vibegen/{submission.token} sk-video-0123456789abcdef whsec_0123456789abcdef"
    callback = came(submission, told.encode(), headers={"x-told": told})

    page = text_of(admin_client.get(page_of(callback)))

    for secret in (submission.token, "0123456789abcdef"):
        assert secret not in page
    assert "[hidden]" in page


def test_they_are_found_by_verdict_provider_account_and_date(admin_client, submission):
    other = make_submission(
        generation=asked(submission.generation.team), account=make_account(base_url="http://other", label="second")
    )
    woke = came(submission, verdict="woke", proof="good")
    forged = came(other, verdict="forged", proof="bad", provider="seedance2api", repeat_count=1)
    nobodys = came(None, verdict="unaddressed", received_at=timezone.now() - timedelta(days=20))
    today = {"received_at__gte": f"{timezone.now():%Y-%m-%d} 00:00:00+00:00"}

    found = {
        "all": listed(admin_client),
        "forged": listed(admin_client, verdict__exact="forged"),
        "good": listed(admin_client, proof__exact="good"),
        "vibegen": listed(admin_client, provider="vibegen"),
        "second": listed(admin_client, account=str(other.account_id)),
        "again": listed(admin_client, repeated="yes"),
        "once": listed(admin_client, repeated="no"),
        "nonsense": listed(admin_client, account="x"),
        "today": listed(admin_client, **today),
    }

    ids = {str(each.pk) for each in (woke, forged, nobodys)}
    assert found == {
        "all": ids,
        "forged": {str(forged.pk)},
        "good": {str(woke.pk)},
        "vibegen": {str(woke.pk), str(nobodys.pk)},
        "second": {str(forged.pk)},
        "again": {str(forged.pk)},
        "once": {str(woke.pk), str(nobodys.pk)},
        "nonsense": ids,
        "today": {str(woke.pk), str(forged.pk)},
    }


def test_they_are_found_by_task_and_by_generation(admin_client, submission):
    one = came(submission, provider_task_id="theirs")
    came(None, b"other", verdict="unaddressed")

    for term in ("theirs", f" {submission.generation_id} ", str(one.pk)):
        assert listed(admin_client, q=term) == {str(one.pk)}
    for term in ("their", "%", "'", "x" * 500, "\x00"):
        assert listed(admin_client, q=term) != {str(one.pk)}


def test_one_is_ingested_again_and_twice_is_once(admin_client, submission):
    callback = came(submission, verdict="foreign")

    answers = [admin_client.post(page_of(callback, "again")).status_code for _ in range(2)]

    callback.refresh_from_db()
    assert answers == [302, 302]
    assert (callback.verdict, callback.attempt_count) == ("", 0)
    assert callback.next_at is not None
    log = [each.get_change_message() for each in LogEntry.objects.filter(object_id=callback.pk).order_by("id")]
    assert log == ["Ingested again; it was: foreign", "Ingested again; it was: new"]


def test_the_chosen_ones_are_ingested_again_and_what_came_to_nobody_stays(admin_client, submission):
    chosen = [came(submission, str(number).encode(), verdict="malformed") for number in range(3)]
    left, nobodys = came(submission, verdict="woke"), came(None, verdict="unaddressed")
    form = {"action": "ingest_again", "_selected_action": [str(each.pk) for each in (*chosen, nobodys)]}

    page = text_of(admin_client.post(reverse(LIST), form, follow=True))

    assert "3 callbacks are looked into again." in page
    assert Callback.objects.filter(verdict="", next_at__isnull=False).count() == 3
    left.refresh_from_db()
    nobodys.refresh_from_db()
    assert (left.verdict, nobodys.verdict) == ("woke", "unaddressed")


def test_so_many_are_ingested_again_at_once_and_only_they_are_logged(admin_client, submission, monkeypatch):
    monkeypatch.setattr(callbacks, "MOST_AT_ONCE", 3)
    addressed = [came(submission, str(number).encode(), verdict="malformed") for number in range(5)]
    nobodys = came(None, verdict="unaddressed")
    form = {"action": "ingest_again", "_selected_action": [str(each.pk) for each in (*addressed, nobodys)]}

    page = text_of(admin_client.post(reverse(LIST), form, follow=True))

    assert "Only 3 are taken at once" in page
    assert "3 callbacks are looked into again." in page
    taken = {str(each.pk) for each in addressed[2:]}
    assert {str(id) for id in Callback.objects.filter(verdict="").values_list("id", flat=True)} == taken
    assert set(LogEntry.objects.values_list("object_id", flat=True)) == taken


def test_where_none_can_be_ingested_again_that_is_said_and_nothing_is_logged(admin_client, submission):
    """One came to nobody, and somebody looks into the other just now."""
    nobodys = came(None, verdict="unaddressed")
    leased = came(submission, next_at=timezone.now(), lease_until=timezone.now() + timedelta(seconds=60))
    form = {"action": "ingest_again", "_selected_action": [str(nobodys.pk), str(leased.pk)]}

    chosen = text_of(admin_client.post(reverse(LIST), form, follow=True))
    one = text_of(admin_client.post(page_of(leased, "again"), follow=True))

    for page in (chosen, one):
        assert "None is looked into again" in page
        assert "callbacks are looked into again" not in page
    assert not LogEntry.objects.exists()


def test_who_may_only_look_has_no_button_and_is_refused(submission):
    callback = came(submission, verdict="foreign")
    before = Callback.objects.values().get()
    looking, changing = operator("view_callback"), operator("view_callback", "change_callback")
    form = {"action": "ingest_again", "_selected_action": [str(callback.pk)]}

    pages = [text_of(client.get(page_of(callback))) for client in (looking, changing)]
    answers = [client.post(page_of(callback, "again")).status_code for client in (looking, operator(), Client())]
    looking.post(reverse(LIST), form)

    assert ["ingest-again" in page for page in pages] == [False, True]
    assert answers == [403, 403, 302]
    assert Callback.objects.values().get() == before
    assert changing.post(page_of(callback, "again")).status_code == 302
    assert Callback.objects.get().verdict == ""


def test_it_is_no_link_and_what_there_is_not_is_not_found(admin_client, submission):
    callback = came(submission)

    assert admin_client.get(page_of(callback, "again")).status_code == 405
    assert admin_client.post(page_of(Callback(), "again")).status_code == 404


def test_the_list_asks_the_same_for_one_as_for_many(admin_client, submission):
    counts = []
    for number in range(3):
        came(submission, str(number).encode())
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(reverse(LIST))
        counts.append(len(captured))

    assert counts[0] == counts[2]
    assert not any('"body"' in query["sql"] for query in captured if "generations_callback" in query["sql"])
