"""Every parameter in the documents' own tables, from the form and from our API to what the provider's API receives."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from generations.catalog import MODELS, find_model
from generations.forms import INPUTS
from generations.forms.fields import word_of
from generations.models import Submission
from generations.submitting import submit
from generations.views.uploads import control_name
from tests.api import client_of, ensure_prices, post
from tests.documented import CALLBACK_URL, LINK, TABLES, Parameter, Table
from tests.factories import make_account, make_member, make_team
from tests.page_forms import PageForm
from tests.pages import HTMX, browser_of, text_of
from tests.pipeline import assert_books_are_right, media_folder, sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["media_folder", "sandbox", "sandbox_process"]

# Asks for what a row of the table asks, and raises AssertionError where it can't be asked for.
Ask = Callable[[Table, Parameter], None]


@pytest.fixture
def team(transactional_db: None, media_folder: None) -> Iterator[Team]:
    ensure_prices()
    yield make_team(granted=100_000)
    assert_books_are_right()


@pytest.fixture
def by_api(team: Team) -> Ask:
    return partial(ask_the_api, client_of(team))


@pytest.fixture
def by_form(team: Team) -> Ask:
    return partial(fill_in_the_form, browser_of(make_member(team=team)))


@pytest.fixture(params=["by_api", "by_form"])
def ask(request: pytest.FixtureRequest, by_api: Ask, by_form: Ask) -> Ask:
    return {"by_api": by_api, "by_form": by_form}[request.param]


@pytest.mark.parametrize("name", TABLES)
def test_every_documented_parameter_can_be_asked_for_and_is_received_as_documented(name, ask, sandbox):  # P14
    table = TABLES[name]
    open_account(table, sandbox)

    unreached = {each.name: why_unreached(ask, table, each, sandbox) for each in table.parameters}

    assert {each: reason for each, reason in unreached.items() if reason} == {}


def test_a_row_that_nothing_can_set_is_told_as_unreached(ask, sandbox):
    table = TABLES["vibegen"]
    open_account(table, sandbox)
    unknown = Parameter(name="camera_motion", asked={"camera_motion": "pan"}, sent="pan")
    never_sent = Parameter(name="camera_motion", asked={"duration": 10}, sent="pan")

    assert why_unreached(ask, table, unknown, sandbox)
    assert not Submission.objects.exists()
    assert "received no camera_motion" in why_unreached(ask, table, never_sent, sandbox)


@pytest.mark.parametrize("sent", ["10", 10.0, 5])
def test_a_parameter_of_another_type_or_value_is_told(sent, by_api, sandbox):
    table = TABLES["vibegen"]
    open_account(table, sandbox)
    other = Parameter(name="duration", asked={"duration": 10}, sent=sent)

    assert why_unreached(by_api, table, other, sandbox) == f"received 10, not {sent!r}"


@pytest.mark.parametrize("name", TABLES)
def test_every_row_can_be_chosen_or_says_why_not_and_asks_for_what_no_default_is(name):
    defaults = {field.name: field.default for field in MODELS[TABLES[name].model].fields}

    for row in TABLES[name].parameters:
        assert bool(row.asked) != bool(row.ours)
        assert all(value != defaults[asked] for asked, value in row.asked.items() if asked in defaults)


def open_account(table: Table, sandbox: SandboxProcess) -> None:
    """The only account there is."""
    make_account(provider=table.provider, base_url=sandbox.api_url if table.provider == "vibegen" else sandbox.url)


def why_unreached(ask: Ask, table: Table, parameter: Parameter, sandbox: SandboxProcess) -> str:
    """Ask for it and send that: empty where it is received by its name, with its type and value."""
    before = Submission.objects.count()
    try:
        ask(table, parameter)
    except AssertionError as error:
        return str(error).splitlines()[0]
    submit.crew.run()
    received = httpx.get(f"{sandbox.url}/sandbox/requests", trust_env=False).json()["requests"]
    if not len(received) == Submission.objects.count() == before + 1:
        return f"{len(received)} requests came of {Submission.objects.count()} submissions"
    body, submission = received[-1]["json"], Submission.objects.latest("created_at")
    if parameter.name not in body:
        return f"received no {parameter.name}"
    if not submission.provider_task_id:
        return f"refused: {submission.outcome}"
    sent = submit.callback_url(submission) if parameter.sent == CALLBACK_URL else parameter.sent
    value = body[parameter.name]
    if (type(value), value) != (type(sent), sent):
        return f"received {value!r}, not {sent!r}"
    undocumented = set(body) - table.names - {parameter.name}
    return f"received {undocumented} too" if undocumented else ""


def least_with(table: Table, parameter: Parameter) -> dict[str, Any]:
    return {"model": table.model, "prompt": "A lighthouse", **parameter.asked}


def ask_the_api(client: Client, table: Table, parameter: Parameter) -> None:
    response = post(client, "/generations", least_with(table, parameter))

    assert response.status_code == 201, text_of(response)


def fill_in_the_form(browser: Client, table: Table, parameter: Parameter) -> None:
    """Open the page where it can be asked for, give the links, choose and type the rest, and send it."""
    spec, asked = MODELS[table.model], least_with(table, parameter)
    links = {name: given for name, given in asked.items() if name in INPUTS}
    tab = spec.task_types[-1] if links else spec.task_types[0]
    page = browser.get(reverse("generations:create"), {"task_type": tab, "model": spec.slug})
    form = PageForm(text_of(page), "create-form")
    for name, given in asked.items():
        if name in links:
            give_links(browser, form, name, [given] if isinstance(given, str) else given)
        else:
            form.fill_in(name, find_model(given).slug if name == "model" else word_of(given))

    response = browser.post(reverse("generations:create"), form.sent())

    assert response.status_code == 302, response.context["form"].errors.as_json()


def give_links(browser: Client, form: PageForm, name: str, links: list[str]) -> None:
    """Type each and add it, as the page's script does, and have the page put what comes of it into the form."""
    control = control_name(INPUTS[name], "link")
    for link in links:
        form.fill_in(control, link)
        added = browser.post(reverse("generations:upload"), {"input": name, control: link}, headers=HTMX)
        assert added.status_code == 200, text_of(added)
        form.put(PageForm(text_of(added)).hidden)
        form.fill_in(control, "")


def test_the_form_is_read_as_a_browser_has_it(team):
    browser = browser_of(make_member(team=team))
    page = browser.get("/create/?task_type=image_to_video&model=doubao-seedance-2.0")

    form = PageForm(text_of(page), "create-form")
    give_links(browser, form, "image_urls", [LINK])

    assert form.offered["watermark"] == ["true", "false"]
    assert form.sent()["duration"] == ["5"]
    assert form.sent()["image_urls"] == [LINK]
    with pytest.raises(AssertionError, match="has no control fps"):
        form.fill_in("fps", "24")
    with pytest.raises(AssertionError, match="resolution offers"):
        form.fill_in("resolution", "4k")
