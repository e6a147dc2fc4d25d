import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from generations.models import SearchEntry, SearchIndex
from tests.api import completed, ensure_prices
from tests.factories import make_team, make_user
from tests.pages import browser_of, queries, text_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
LIST = reverse("admin:generations_searchindex_changelist")


@pytest.fixture
def index() -> SearchIndex:
    return SearchIndex.objects.create(
        kind="tags", provider="seeknetic", model=f"see {HOSTILE}", is_current=True, filled_at=timezone.now()
    )


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=1000)


def entry(index: SearchIndex, team, *, failure_code: str = "") -> SearchEntry:
    return SearchEntry.objects.create(
        index=index, team=team, generation=completed(team), failure_code=failure_code, done_at=timezone.now()
    )


def page_of(index: SearchIndex) -> str:
    return reverse("admin:generations_searchindex_change", args=[index.pk])


def retry_of(index: SearchIndex) -> str:
    return reverse("admin:generations_searchindex_retry", args=[index.pk])


def staff_who(*may: str):
    user = make_user()
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=[f"{each}_searchindex" for each in may]))
    return browser_of(user)


def test_each_index_is_listed_with_its_state_and_progress(admin_client, index, team):
    entry(index, team)
    entry(index, team, failure_code="PROVIDER_ERROR")
    other = {"kind": "tags", "provider": "seeknetic", "model": "see"}
    SearchIndex.objects.create(**other, version=2)
    SearchIndex.objects.create(**other, version=3, retired_at=timezone.now())

    page = text_of(admin_client.get(LIST))

    for words in ("Tags read off clips", "Current", "Being filled; the one before it is searched", "Retired"):
        assert words in page
    assert '<progress max="2" value="2" aria-label="2 of 2"></progress> 2 of 2' in page
    assert '<progress max="2" value="0" aria-label="0 of 2"></progress> 0 of 2' in page
    assert page.count("<progress") == 2
    assert HOSTILE not in page


def test_what_has_failed_is_told_in_words_and_tried_again(admin_client, index, team):
    entry(index, team)
    failed = [entry(index, team, failure_code="DIMS_CHANGED"), entry(index, team, failure_code=f"<b>{HOSTILE[:9]}")]

    page = text_of(admin_client.get(page_of(index)))
    answer = admin_client.post(retry_of(index), follow=True)

    assert "have another size now" in page
    assert "&lt;b&gt;&lt;script&gt;" in page
    assert "2 entries are tried again." in text_of(answer)
    assert "What has failed" not in text_of(answer)
    for each in failed:
        each.refresh_from_db()
        assert (each.failure_code, each.done_at, each.attempt_count) == ("", None, 0)
        assert each.next_at <= timezone.now()
    assert SearchEntry.objects.filter(done_at__isnull=False).count() == 1


def test_to_try_again_what_has_not_failed_changes_nothing(admin_client, index, team):
    entry(index, team)
    before = list(SearchEntry.objects.values())

    answers = [text_of(admin_client.post(retry_of(index), follow=True)) for _ in range(2)]

    assert all("There is nothing to be tried again." in answer for answer in answers)
    assert list(SearchEntry.objects.values()) == before
    assert 'id="retry"' not in answers[0]


def test_a_retired_index_is_left_alone(admin_client, index, team):
    failed = entry(index, team, failure_code="PROVIDER_ERROR")
    SearchIndex.objects.update(is_current=False, retired_at=timezone.now())

    admin_client.post(retry_of(index))

    failed.refresh_from_db()
    assert failed.failure_code == "PROVIDER_ERROR"
    assert 'id="retry"' not in text_of(admin_client.get(page_of(index)))


def test_indexes_have_no_form(admin_client, index):
    before = SearchIndex.objects.values().get()

    answers = [
        admin_client.post(reverse("admin:generations_searchindex_add"), {}),
        admin_client.post(page_of(index), {"model": "mine"}),
        admin_client.post(reverse("admin:generations_searchindex_delete", args=[index.pk]), {"post": "yes"}),
        admin_client.get(retry_of(index)),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 405]
    assert SearchIndex.objects.values().get() == before


def test_who_may_look_and_who_may_try_again(client, index, team):
    failed = entry(index, team, failure_code="PROVIDER_ERROR")
    looks, acts = staff_who("view"), staff_who("view", "change")

    seen = [asks.get(page_of(index)).status_code for asks in (client, browser_of(make_user()), staff_who(), looks)]
    tried = [asks.post(retry_of(index)).status_code for asks in (client, browser_of(make_user()), staff_who(), looks)]

    failed.refresh_from_db()
    assert (seen, tried) == ([302, 302, 403, 200], [302, 302, 403, 403])
    assert failed.failure_code == "PROVIDER_ERROR"
    assert 'id="retry"' not in text_of(looks.get(page_of(index)))
    assert 'id="retry"' in text_of(acts.get(page_of(index)))
    assert acts.post(retry_of(index)).status_code == 302
    assert acts.post(reverse("admin:generations_searchindex_retry", args=[10**9])).status_code == 404


def test_the_list_asks_two_questions_more_for_each_index(admin_client, index, team):
    entry(index, team)
    with queries(6):  # session, user, count, rows; how far it is, what has failed
        admin_client.get(LIST)
    other = {"kind": "prompt", "provider": "scnet", "filled_at": timezone.now()}
    for model in ("a", "b"):
        SearchIndex.objects.create(**other, model=model, is_current=model == "a")

    with queries(11):  # and whether the one that is not current has all
        admin_client.get(LIST)
