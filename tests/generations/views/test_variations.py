"""Several takes of one prompt, and what the price panel says of the choices."""

import pytest

from accounts.models import CreditBalance
from generations.models import Generation
from tests.api import running
from tests.pages import HTMX, filled_in, text_of

DOUBAO = {"model": "doubao-seedance-2.0", "task_type": "image_to_video", "aspect_ratio": "adaptive"}
LINK = "https://example.com/fox.png"


def available(team) -> int:
    return CreditBalance.objects.get(team=team).available


def panel_of(browser, **given) -> str:
    return text_of(browser.post("/create/quote/", filled_in(**given), headers=HTMX))


def test_models_that_make_clips_offer_them_and_those_that_make_images_do_not(browser):
    clips = text_of(browser.get("/create/"))
    images = text_of(browser.get("/create/?task_type=text_to_image"))

    assert [f'name="variations" value="{count}"' in clips for count in range(6)] == [False, *[True] * 4, False]
    assert 'name="variations"' not in images


def test_the_panel_says_how_often_the_price_is_paid_and_the_total(browser):
    panel = panel_of(browser, variations="4", resolution="720p", generate_audio="true")

    assert 'id="total">172<' in panel
    assert "<dt>4 variations × 43</dt><dd>172</dd>" in panel
    assert '<dd id="balance-after">828</dd>' in panel
    assert "Silent would cost 120, 480p with sound 80." in panel


def test_what_is_missing_is_missing_for_all_of_them(browser, team):
    for _ in range(5):
        running(team, resolution="1080p", duration=10, generate_audio=True)

    panel = panel_of(browser, variations="2", resolution="1080p", generate_audio="true")
    refused = browser.post(
        "/create/", filled_in(variations="2", resolution="1080p", generate_audio="true"), headers=HTMX
    )

    assert "80 credits are missing." in panel
    assert (refused.status_code, Generation.objects.count()) == (422, 5)
    assert "This costs 180 credits; 100 are available." in text_of(refused)
    assert available(team) == 100


def test_all_are_made_at_once_and_sent_twice_they_are_made_once(browser, team):
    form = filled_in(variations="3")

    for _ in range(2):
        assert browser.post("/create/", form).url == "/gallery/"

    assert Generation.objects.count() == 3
    assert len({each.batch_id for each in Generation.objects.all()}) == 1
    assert available(team) == 1000 - 3 * 15


def test_one_stands_alone(browser):
    browser.post("/create/", filled_in(variations="1"))
    browser.post("/create/", filled_in())

    assert [each.batch_id for each in Generation.objects.all()] == [None, None]


@pytest.mark.parametrize("wrong", ["0", "5", "-1", "two", "1.5", ""])
def test_another_number_is_refused(browser, team, wrong):
    response = browser.post("/create/", filled_in(variations=wrong), headers=HTMX)

    assert response.status_code == 422
    assert "Variations must be one of: 1, 2, 3, 4." in text_of(response)
    assert "Variations must be one of: 1, 2, 3, 4." in panel_of(browser, variations=wrong)
    assert (Generation.objects.count(), available(team)) == (0, 1000)


def test_another_model_keeps_them_and_images_drop_them(browser):
    given = {"shown_model": "seedance-2.0", "variations": "3"}

    kept = text_of(browser.post("/create/quote/", filled_in(**given, model="doubao-seedance-2.0"), headers=HTMX))
    dropped = text_of(browser.post("/create/quote/", filled_in(**given, tab="text_to_image", model=""), headers=HTMX))

    assert "Variations" not in kept.partition('id="changes"')[2].partition("</div>")[0]
    assert "3 variations × 25" in kept
    assert "Variations" in dropped.partition('hx-swap-oob="innerHTML:#changes"')[2].partition("</div>")[0]


def test_the_panel_advises_and_stops_nothing(browser):
    panel = panel_of(browser, **DOUBAO, prompt="A fox", last_frame_url=LINK, duration="-1")

    for code in ("short_prompt", "last_frame_without_first", "automatic_duration"):
        assert f'data-advice="{code}"' in panel
    assert "disabled" not in panel.partition('id="generate"')[2].partition(">")[0]


def test_what_is_fine_needs_no_advice_and_nor_does_what_is_not_yet_typed(browser):
    assert 'id="advice"' not in panel_of(browser)
    assert 'id="advice"' not in panel_of(browser, prompt="")
    assert 'id="advice"' not in text_of(browser.get("/create/"))


def test_what_is_poor_is_made_all_the_same(browser):
    browser.post("/create/", filled_in(prompt="A fox"))

    assert Generation.objects.get().prompt == "A fox"


def test_advice_comes_with_a_link_that_is_wrong_or_a_prompt_that_is_too_long_not_at_all(browser):
    given = {**DOUBAO, "prompt": "A fox"}

    assert 'id="advice"' in panel_of(browser, **given)
    assert 'id="advice"' not in panel_of(browser, **given, last_frame_url="ftp://example.com/a.png")
