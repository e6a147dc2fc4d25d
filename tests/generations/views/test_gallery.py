import json
from pathlib import Path

import pytest
from django.test import Client

from generations import lifecycle
from generations.models import State
from tests.api import asked, completed, completed_images, failed, running
from tests.pages import HTMX, queries, text_of

HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


def shown(response) -> list[str]:
    return [each.card.generation.prompt for each in response.context["found"]]


def test_cards_say_how_each_stands(browser, team):
    asked(team, prompt="Waits")
    running(team, prompt="Is made")
    completed(team, prompt="Is here")
    failed(team, prompt="Is refused", generate_audio=True)

    page = text_of(browser.get("/gallery/"))

    for words in ("Queued", "Generating", "<progress", "<video", "Content policy violation", "20 credits returned"):
        assert words in page


def test_the_newest_comes_first(browser, team):
    for prompt in ("first", "second", "third"):
        asked(team, prompt=prompt)

    assert shown(browser.get("/gallery/")) == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("show", "prompts"),
    [
        ("all", ["cancelled", "failed", "completed", "running", "queued"]),
        ("in-progress", ["running", "queued"]),
        ("completed", ["completed"]),
        ("failed", ["failed"]),
        ("cancelled", ["cancelled"]),
        ("mine", []),
        ("text-to-video", ["cancelled", "failed", "completed", "running", "queued"]),
        ("image-to-video", []),
        ("text-to-image", []),
        ("nonsense", ["cancelled", "failed", "completed", "running", "queued"]),
    ],
)
def test_each_filter_shows_its_own(browser, team, show, prompts):
    asked(team, prompt="queued")
    running(team, prompt="running")
    completed(team, prompt="completed")
    failed(team, prompt="failed")
    lifecycle.advance(asked(team, prompt="cancelled"), State.CANCELLED)

    assert shown(browser.get(f"/gallery/?show={show}")) == prompts


def test_each_type_has_a_filter_in_words(browser, team):
    asked(team, prompt="of words")
    asked(team, prompt="of an image", image_urls=["https://example.com/a.png"])
    completed_images(team, 2, prompt="images")

    types = {
        show: browser.get(f"/gallery/?show={show}") for show in ("text-to-video", "image-to-video", "text-to-image")
    }

    assert {show: shown(page) for show, page in types.items()} == {
        "text-to-video": ["of words"],
        "image-to-video": ["of an image"],
        "text-to-image": ["images"],
    }
    for words in ("Text to video", "Image to video", "Text to image"):
        assert f">{words}</a>" in text_of(types["text-to-image"])


def test_a_set_of_images_shows_its_first_and_says_how_many_there_are(browser, team):
    generation = completed_images(team, 4)
    first = generation.assets.get(kind="poster", position=0)

    page = text_of(browser.get("/gallery/"))

    assert f'<img src="/media/{first.id}' in page
    assert '<span class="sr">4 images</span>' in page
    assert "1024 × 1024 · 12 cr" in page
    assert "<video" not in page


def test_a_card_says_what_was_charged_once_that_is_known(browser, team):
    generation = completed_images(team, 4)
    type(generation).objects.filter(id=generation.id).update(charged_credits=9)

    assert "1024 × 1024 · 9 cr" in text_of(browser.get("/gallery/"))


def test_a_single_image_needs_no_count(browser, team):
    completed_images(team, 1)

    page = text_of(browser.get("/gallery/"))

    assert 'class="br num"' not in page


def test_a_card_whose_model_has_no_resolution_shows_its_price_alone(browser, team):
    generation = asked(team)
    type(generation).objects.filter(id=generation.id).update(model="gone", params={"duration": 5})

    assert '<span class="num clip">15 cr</span>' in text_of(browser.get("/gallery/"))


def test_a_clip_made_of_images_alone_is_named_by_its_type(browser, team):
    generation = asked(team, model="doubao-seedance-2.0", prompt="", image_urls=["https://example.com/a.png"])

    for address in ("/gallery/", generation.get_absolute_url()):
        assert "Image to video" in text_of(browser.get(address))
    assert 'dir="auto">Image to video</a>' in text_of(browser.get("/gallery/?show=in-progress"))


def test_mine_are_those_i_asked_for_in_the_browser(browser, team, maker):
    asked(team, prompt="by key")
    own = asked(team, prompt="by me")
    type(own).objects.filter(id=own.id).update(created_by=maker)

    assert shown(browser.get("/gallery/?show=mine")) == ["by me"]


def test_another_teams_clips_are_not_shown(browser, other_team, team):
    asked(other_team, prompt="theirs")

    assert shown(browser.get("/gallery/")) == []


def test_the_wall_goes_on_where_it_ended_though_new_clips_come_in(browser, team):  # K11
    for number in range(30):
        asked(team, prompt=f"clip {number}")

    first = browser.get("/gallery/")
    asked(team, prompt="meanwhile")
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert shown(first) + shown(second) == [f"clip {number}" for number in reversed(range(30))]
    assert "<html" not in text_of(second)
    assert second.context["more_url"] == ""


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_much_for_one_clip_as_for_three(browser, team, count):
    for _ in range(count):
        completed(team)

    with queries(6):  # session, user, team with balance, clips, their files, how many are in progress
        browser.get("/gallery/")


def test_an_empty_gallery_helps(browser, viewer):
    for client in (browser, viewer):
        assert "No clips yet" in text_of(client.get("/gallery/"))


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_is_shown_as_text(browser, team, prompt):  # B1
    running(team, prompt=prompt)

    page = text_of(browser.get("/gallery/"))

    escaped = prompt.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f">{escaped.replace(chr(34), '&quot;').replace(chr(39), '&#x27;')}</a>" in page
    assert "<script>alert" not in page


def test_the_first_page_is_the_gallery(browser):
    assert browser.get("/").url == "/gallery/"


def test_a_viewer_may_look(viewer, team):
    completed(team, prompt="to be seen")

    response = viewer.get("/gallery/")

    assert shown(response) == ["to be seen"]
    assert 'class="role-viewer"' in text_of(response)


def test_a_stranger_is_led_to_the_sign_in(db):
    assert Client().get("/gallery/").url == "/sign/login/?next=/gallery/"


def test_other_methods_are_refused(browser):
    assert browser.post("/gallery/").status_code == 405
