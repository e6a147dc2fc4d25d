"""What cancel and retry say before the click, and how those that belong together find each other."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from generations import catalog, lifecycle, pricing
from generations.intake import GenerationRequest
from generations.lifecycle import Asker
from generations.models import Batch, Generation, Price, PriceList, State
from tests.api import asked, completed, failed, running
from tests.pages import HTMX, filled_in, queries, text_of


def page_of(browser: Client, generation: Generation) -> str:
    return text_of(browser.get(generation.get_absolute_url()))


def cancelled(team, **given) -> Generation:
    generation = asked(team, **given)
    lifecycle.advance(generation, State.CANCELLED)
    return generation


def make_dearer(credits: int) -> None:
    version = PriceList.objects.create(model="seedance-2.0", version=2, effective_at="2025-04-10T00:00:00Z")
    Price.objects.create(price_list=version, conditions={}, credits=credits)


def test_cancel_says_what_comes_back(browser, team):
    page = page_of(browser, asked(team, duration=10))

    assert "Cancel: 25 credits come back" in page


@pytest.mark.parametrize("make", [running, completed, failed, cancelled])
def test_what_can_not_be_cancelled_any_more_offers_no_such_thing(browser, team, make):
    assert "come back" not in page_of(browser, make(team))


@pytest.mark.parametrize("make", [failed, cancelled])
def test_retry_says_what_it_costs_today(browser, team, make):
    generation = make(team)
    assert "Try again for 15 credits" in page_of(browser, generation)

    make_dearer(21)

    page = page_of(browser, generation)
    assert "Try again for 21 credits" in page
    assert '<input type="hidden" name="credits" value="21">' in page


def test_nothing_is_made_at_another_price_than_the_button_said(browser, team):
    generation = failed(team)
    given = {"form_key": "one", "credits": "15"}
    make_dearer(21)

    refused = browser.post(f"{generation.get_absolute_url()}retry/", given, follow=True)
    assert "The price has changed: trying again costs 21 credits now. Nothing was done." in text_of(refused)
    assert not generation.retries.exists()

    browser.post(f"{generation.get_absolute_url()}retry/", given | {"credits": "21"})
    assert generation.retries.get().held_credits == 21


def test_what_has_no_price_any_more_offers_only_to_be_edited(browser, team):
    generation = failed(team)
    PriceList.objects.all().delete()

    page = page_of(browser, generation)

    assert "Try again for" not in page
    assert "Edit and retry" in page


@pytest.mark.parametrize("make", [asked, running, completed])
def test_what_did_not_fail_is_edited_to_make_another(browser, team, make):
    generation = make(team)

    page = browser.get(generation.get_absolute_url())

    assert "Edit and create" in text_of(page)
    assert "retry_of" not in page.context["again_url"]


def test_lineage_is_shown_both_ways(browser, team):
    generation = failed(team)
    browser.post(f"{generation.get_absolute_url()}retry/", {"form_key": "one"})
    browser.post(f"{generation.get_absolute_url()}retry/", {"form_key": "two"})
    first, second = generation.retries.order_by("id")
    lifecycle.advance(second, State.CANCELLED)
    lifecycle.hide(second)

    before, after = page_of(browser, generation), page_of(browser, first)

    assert f'href="{first.get_absolute_url()}"' in before.partition("Tried again as")[2]
    assert second.get_absolute_url() not in before
    assert f'href="{generation.get_absolute_url()}">the one before</a>' in re.sub(r"\s+", " ", after)


@pytest.mark.parametrize("make", [failed, cancelled])
def test_edit_and_retry_fills_the_form_in_and_keeps_the_lineage(browser, team, make):
    generation = make(team, duration=10)
    again = browser.get(generation.get_absolute_url()).context["again_url"]
    form = browser.get(again).context["form"]

    browser.post("/create/", filled_in(retry_of=form["retry_of"].value(), prompt="Reworded", duration="10"))

    assert parse_qs(urlsplit(again).query)["retry_of"] == [str(generation.id)]
    retry = Generation.objects.get(prompt="Reworded")
    assert (retry.retry_of, retry.params["duration"]) == (generation, 10)


def test_the_lineage_stays_through_another_model_and_a_mistake(browser, team):
    generation = failed(team)
    given = filled_in(retry_of=str(generation.id), shown_model="seedance-2.0", model="doubao-seedance-2.0")

    for path, headers in (("/create/quote/", {}), ("/create/", HTMX), ("/create/", {})):
        form = browser.post(path, given, headers=headers).context["form"]
        assert str(form["retry_of"].value()) == str(generation.id)


@pytest.mark.parametrize("what", ["another team's", "running", "completed", "nothing", "junk"])
def test_what_is_no_failure_of_the_team_s_is_not_retried(browser, team, other_team, what):  # A2
    made = {
        "another team's": lambda: failed(other_team).id,
        "running": lambda: running(team).id,
        "completed": lambda: completed(team).id,
        "nothing": lambda: "0" * 32,
        "junk": lambda: "junk",
    }

    browser.post("/create/", filled_in(retry_of=str(made[what]()), prompt="Another, and light"))

    assert Generation.objects.get(prompt="Another, and light").retry_of is None


def test_variations_are_made_together_and_lead_to_each_other(browser, team):
    browser.post("/create/", filled_in(variations="3"))

    first, second, third = Generation.objects.order_by("id")
    page = page_of(browser, second).partition('id="variations"')[2]
    assert first.batch_id == second.batch_id == third.batch_id is not None
    for other, is_there in ((first, True), (third, True), (second, False)):
        assert (f'href="{other.get_absolute_url()}"' in page) is is_there


def test_those_that_were_deleted_or_stand_alone_are_not_among_them(browser, team):
    browser.post("/create/", filled_in(variations="2"))
    first, second = Generation.objects.order_by("id")
    lifecycle.advance(second, State.CANCELLED)
    lifecycle.hide(second)

    assert 'id="variations"' not in page_of(browser, first)
    assert 'id="variations"' not in page_of(browser, asked(team))


def test_the_rows_of_a_batch_are_no_variations_and_lead_to_it(browser, team, maker):
    batch = Batch.objects.create(team=team, created_by=maker, name="Trailers")

    resolved = catalog.resolve(GenerationRequest(prompt="A gate, and light"))
    made = [
        lifecycle.create(resolved, pricing.quote(resolved), asker=Asker(team_id=team.pk), batch_id=batch.pk)[0]
        for _ in range(2)
    ]

    page = page_of(browser, made[0])
    assert 'id="variations"' not in page
    assert f'href="/batches/{batch.pk}/"><bdi>Trailers</bdi>' in page


def test_the_page_asks_as_much_for_two_variations_as_for_four(browser, team):
    for count in ("2", "4"):
        browser.post("/create/", filled_in(variations=count))
        generation = Generation.objects.latest("id")
        # Session, user, team, clip, files, events, tags, collections, how many in progress; of variations the batch,
        # clips, files.
        with queries(12):
            browser.get(generation.get_absolute_url())
