"""No field of any kind takes a link that leads inside; those to allow pass in each.

What is only handed on to a provider, pictures and clips to start from, is never fetched by us: this check is all there
is. What we call or fetch ourselves is checked again as it is connected to: test_everywhere_at_connecting.py.
"""

import csv
import io
from dataclasses import fields
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db.models import CharField, TextField, URLField
from django.http import QueryDict
from django.test import Client

from accounts.actors import INSTALLATION
from accounts.models import WebhookEndpoint
from accounts.webhooks import endpoints
from generations.catalog import MODELS, ModelSpec
from generations.forms import CreateForm
from generations.forms.fields import INPUTS, takes_list
from generations.intake import GenerationRequest
from generations.models import Batch, Generation
from project import outbound
from tests.api import client_of, post
from tests.factories import make_key, make_member
from tests.generations.archive.conftest import media_folder, team
from tests.pages import browser_of

from .everywhere import ALLOWED, FIELDS, REFUSED

__all__ = ["media_folder", "team"]

# Every column that holds an address, and where it is checked before it is written.
COLUMNS = {
    "accounts.WebhookEndpoint.url": "here",
    "accounts.WebhookDelivery.url": "a copy of an endpoint's or a request's",
    "accounts.WebhookAttempt.url": "a copy of its delivery's",
    "generations.Generation.callback_url": "here; the other links of a request are in params",
    "generations.ProviderAccount.base_url": "nowhere: an operator types it",
}


def given(name: str, url: str) -> dict[str, object]:
    return {name: [url] if name.endswith("s") else url}


def model_with(name: str) -> ModelSpec:
    return next(spec for spec in MODELS.values() if name not in INPUTS or name in {each.name for each in spec.inputs})


@pytest.fixture
def client(team) -> Client:
    return client_of(team)


def test_every_field_that_is_named_for_a_link_is_one():
    named = [each.name for each in fields(GenerationRequest) if each.name.endswith(("url", "urls", "uri", "link"))]

    assert set(named) == set(FIELDS)
    assert {"callback_url", "image_urls", "first_frame_url", "last_frame_url", "face_image_url"} < set(FIELDS)
    assert {"video_urls", "audio_urls"} < set(FIELDS)
    assert set(INPUTS) < set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_the_api_takes_no_such_link(client, name):  # S1 C11
    for url in REFUSED:
        response = post(client, "/generations", {"prompt": "A gate", **given(name, url)})

        error = response.json()["error"]
        assert (response.status_code, error["details"]["field"]) == (400, name), url
        assert error["details"]["constraint"] == "public_url", url
    assert not Generation.objects.exists()


@pytest.mark.parametrize("name", FIELDS)
def test_the_api_takes_public_links(client, name):  # S1
    for url in ALLOWED:
        asked_for = {"prompt": "A gate", "model": model_with(name).name, **given(name, url)}
        assert post(client, "/generations", asked_for).status_code == 201, url
    assert Generation.objects.count() == len(ALLOWED)


def form_with(name: str, url: str) -> QueryDict:
    spec = model_with(name)
    form = CreateForm(initial={"model": spec.slug, "task_type": "image_to_video"})
    sent = {field.name: str(form[field.name].value() or "") for field in spec.fields}
    data = QueryDict(mutable=True)
    first = {"form_key": "k", "task_type": "image_to_video", "model": spec.slug, "shown_model": spec.slug}
    data.update({**first, **sent, "prompt": "A gate", name: url})
    return data


@pytest.mark.parametrize("name", INPUTS)
def test_the_form_takes_no_such_link(team, name):  # S1
    for url in REFUSED:
        form = CreateForm(form_with(name, url))
        assert name in form.errors, url
        assert "public http or https address" in str(form.errors[name]), url
    answer = browser_of(make_member(team=team)).post("/create/", dict(form_with(name, REFUSED[0]).lists()))
    assert (answer.status_code, Generation.objects.count()) == (422, 0)


@pytest.mark.parametrize("name", INPUTS)
def test_the_form_takes_public_links(team, name):  # S1
    for url in ALLOWED:
        assert name not in CreateForm(form_with(name, url)).errors, url


def batch_of(team, name: str, urls: list[str]) -> Batch:
    """Drafted from a table with the links in a column of their own."""
    table = io.StringIO()
    csv.writer(table).writerows([("prompt", "model", name), *(("A gate", model_with(name).slug, url) for url in urls)])
    form = {"name": "Links", "kind": "table", "text": table.getvalue(), "model": "seedance-2.0"}
    choices = {"shown_model": "seedance-2.0", "resolution": "480p", "duration": "5", "aspect_ratio": "16:9"}
    browser = browser_of(make_member(team=team))
    response = browser.post("/batches/new/", {**form, **choices, "generate_audio": "false"})
    assert response.status_code == 302, response.content.decode()
    return Batch.objects.get(id=UUID(response.headers["Location"].split("/")[2]))


@pytest.mark.parametrize("name", INPUTS)
def test_a_batch_takes_no_such_link(team, name):  # S1
    # Links in a cell are parted by spaces: what has one is several.
    rows = list(batch_of(team, name, REFUSED).rows.order_by("number"))

    assert len(rows) == len(REFUSED)
    for url, row in zip(REFUSED, rows, strict=True):
        assert row.problem is not None, url
        several = " " in url and not takes_list(INPUTS[name])
        assert row.problem["constraint"] == ("max_items" if several else "public_url"), url


@pytest.mark.parametrize("name", INPUTS)
def test_a_batch_takes_public_links(team, name):  # S1
    assert [row.problem for row in batch_of(team, name, ALLOWED).rows.all()] == [None] * len(ALLOWED)


def test_an_endpoint_takes_no_such_url(team):  # S1 C11
    kept, _secret = endpoints.create(team, url=ALLOWED[0], events=["task.completed"], by=INSTALLATION)

    for url in REFUSED:
        with pytest.raises(outbound.UrlRefused):
            endpoints.create(team, url=url, events=["task.completed"], by=INSTALLATION)
        with pytest.raises(outbound.UrlRefused):
            endpoints.change(kept, url=url, by=INSTALLATION)

    assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == [ALLOWED[0]]


def test_an_endpoint_takes_public_urls(team):  # S1
    for url in ALLOWED:
        endpoint, _secret = endpoints.create(team, url=url, events=["task.completed"], by=INSTALLATION)
        assert endpoints.change(endpoint, url=f"{url}?more", by=INSTALLATION).url == f"{url}?more"


# webhook endpoints


@pytest.fixture
def manager(team) -> Client:
    """A program that may manage endpoints."""
    _key, secret = make_key(team=team, scopes=("manage",))
    return Client(headers={"Authorization": f"Bearer {secret}"})


def endpoint_form(url: str) -> dict[str, object]:
    return {"form_key": str(uuid4()), "url": url, "description": "", "events": ["task.completed"]}


def test_the_page_of_endpoints_takes_no_such_url(team):  # S1 C11
    browser = browser_of(team.memberships.get().user)
    kept, _secret = endpoints.create(team, url=ALLOWED[0], events=["task.completed"], by=INSTALLATION)

    for url in REFUSED:
        new = browser.post("/webhooks/new/", endpoint_form(url))
        changed = browser.post(f"/webhooks/endpoints/{kept.id}/", endpoint_form(url))
        assert (new.status_code, changed.status_code) == (422, 422), url

    assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == [ALLOWED[0]]


def test_the_page_of_endpoints_takes_public_urls(team):  # S1
    browser = browser_of(team.memberships.get().user)

    for url in ALLOWED:
        assert browser.post("/webhooks/new/", endpoint_form(url)).status_code == 200, url

    assert sorted(WebhookEndpoint.objects.values_list("url", flat=True)) == sorted(ALLOWED)


def test_the_api_of_endpoints_takes_no_such_url(team, manager):  # S1 C11
    kept, _secret = endpoints.create(team, url=ALLOWED[0], events=["task.completed"], by=INSTALLATION)
    path = f"/api/v1/webhook_endpoints/{kept.id}"

    for url in REFUSED:
        new = post(manager, "/webhook_endpoints", {"url": url, "events": ["task.completed"]})
        changed = manager.patch(path, {"url": url}, content_type="application/json")
        assert (new.status_code, changed.status_code) == (400, 400), url
        assert new.json()["error"]["details"]["field"] == changed.json()["error"]["details"]["field"] == "url"

    assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == [ALLOWED[0]]


def test_the_api_of_endpoints_takes_public_urls(team, manager):  # S1
    for url in ALLOWED:
        assert post(manager, "/webhook_endpoints", {"url": url, "events": ["task.completed"]}).status_code == 201, url


# what there is


def test_every_column_that_holds_an_address_is_known():
    """A new one fails here until it is known where it is checked."""
    found = {
        f"{model._meta.app_label}.{model.__name__}.{column.name}"
        for app in ("accounts", "generations")
        for model in apps.get_app_config(app).get_models()
        for column in model._meta.get_fields()
        if isinstance(column, CharField | TextField | URLField) and column.name.endswith(("url", "uri", "link", "href"))
    }

    assert found == set(COLUMNS)
