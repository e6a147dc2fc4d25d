import json
import re
from pathlib import Path

import pytest
from django.db.models import F
from django.test import Client
from django.utils.formats import date_format

from accounts import budgets
from accounts.models import CreditBalance, Membership, Role, Team
from generations.models import Generation, PriceList
from tests.api import DOCUMENTED_PRICES, keep, running
from tests.pages import HTMX, browser_of, filled_in, queries, text_of

ANOTHER = {"shown_model": "seedance-2.0", "model": "doubao-seedance-2.0"}

HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


def available(team) -> int:
    return CreditBalance.objects.get(team=team).available


def test_the_form_offers_every_choice_of_the_model(browser):
    page = text_of(browser.get("/create/"))

    offered = ("480p", "720p", "1080p", "5 s", "10 s", "21:9", "9:21", "Adaptive", "Keep ratio", "With sound", "Silent")
    assert [word for word in offered if f">{word}<" not in page] == []
    assert "0</span> / 2000" in page


@pytest.mark.parametrize(("chosen", "prices"), DOCUMENTED_PRICES.items())
def test_the_quote_is_the_documented_price(browser, chosen, prices):
    resolution, duration = chosen
    totals = []

    for sound in ("false", "true"):
        form = filled_in(resolution=resolution, duration=duration, generate_audio=sound, prompt="")
        panel = text_of(browser.post("/create/quote/", form, headers=HTMX))
        totals.append(int(re.search(r'id="total">(\d+)<', panel)[1]))

    assert tuple(totals) == prices


def test_the_quote_says_what_is_left_and_what_would_be_cheaper(browser):
    form = filled_in(resolution="720p", generate_audio="true")

    panel = text_of(browser.post("/create/quote/", form, headers=HTMX))

    assert '<dd id="balance-after">957</dd>' in panel
    assert "Silent would cost 30, 480p with sound 20." in panel


def test_without_htmx_the_quote_is_the_page_with_what_was_typed(browser):
    page = text_of(browser.post("/create/quote/", filled_in(prompt="Kept as typed", resolution="1080p")))

    assert "<html" in page
    assert "Kept as typed" in page
    assert 'id="total">50<' in page


def test_asking_makes_one_generation_and_leads_to_the_gallery(browser, team, maker):
    response = browser.post("/create/", filled_in(resolution="720p", generate_audio="true"))

    generation = Generation.objects.get()
    assert (response.status_code, response.url) == (302, "/gallery/")
    assert (generation.team, generation.created_by, generation.prompt) == (team, maker, "A gate, and light")
    assert generation.params["generate_audio"] is True
    assert available(team) == 1000 - 43


def test_htmx_is_led_to_the_gallery_by_header(browser):
    response = browser.post("/create/", filled_in(), headers=HTMX)

    assert response.headers["HX-Redirect"] == "/gallery/"


def test_the_same_form_sent_twice_creates_once(browser, team):
    form = filled_in()

    browser.post("/create/", form)
    browser.post("/create/", form)

    assert Generation.objects.count() == 1
    assert available(team) == 1000 - 15


def test_the_same_form_changed_and_sent_again_is_another_request(browser):
    form = filled_in()

    browser.post("/create/", form)
    browser.post("/create/", {**form, "prompt": "Another gate"})

    assert Generation.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"prompt": " "}, "Describe what the clip should show."),
        ({"prompt": "字" * 2001}, "The prompt is 1 character too long: 2000 at most."),
        ({"prompt": "half\0"}, "The prompt holds a character that is not text. Remove it."),
        ({"resolution": "8k"}, "Resolution must be one of: 480p, 720p, 1080p."),
        ({"task_type": "image_to_video"}, "Add at least one image, by link or by upload."),
        (
            {"task_type": "image_to_video", "link": "http://127.0.0.1/a.png"},
            "An image link must be a public http or https address.",
        ),
    ],
)
def test_a_wrong_form_comes_back_with_the_reason_and_what_was_typed(browser, wrong, reason):  # M10
    response = browser.post("/create/", filled_in(**{"prompt": "Kept as typed", **wrong}), headers=HTMX)

    page = text_of(response)
    assert response.status_code == 422
    assert reason in page
    assert 'id="create-form"' in page
    assert "<html" not in page
    assert "prompt" in wrong or "Kept as typed" in page
    assert not Generation.objects.exists()


def test_2000_characters_outside_the_basic_plane_are_not_too_long(browser):  # M10
    browser.post("/create/", filled_in(prompt="😀" * 2000))

    assert Generation.objects.get().prompt == "😀" * 2000


def test_line_ends_count_as_one_character_as_they_do_while_typing(browser):
    browser.post("/create/", filled_in(prompt="\r\n".join(["a"] * 1000) + "\r\n"))

    assert Generation.objects.get().prompt == "a\n" * 1000


def test_short_of_credits_the_button_is_off_and_the_form_says_what_is_missing(browser, team):
    for _ in range(5):
        running(team, resolution="1080p", duration=10, generate_audio=True)
    form = filled_in(resolution="1080p", duration="10", generate_audio="true")

    panel = text_of(browser.post("/create/quote/", form, headers=HTMX))
    refused = browser.post("/create/", form, headers=HTMX)

    assert "80 credits are missing." in panel
    assert "disabled" in panel.partition('id="generate"')[2].partition(">")[0]
    assert 'href="/credits/"' in panel
    assert refused.status_code == 422
    assert "This costs 180 credits; 100 are available." in text_of(refused)
    assert (Generation.objects.count(), available(team)) == (5, 100)


def test_a_cap_that_is_tighter_than_the_balance_turns_the_button_off(browser, team, maker):
    Membership.objects.filter(user=maker).update(monthly_budget_credits=5)
    day = date_format(budgets.resets_at(team), "DATE_FORMAT")

    with queries(6):  # session, user, team with balance, price, what is used of the cap, how many are in progress
        panel = text_of(browser.post("/create/quote/", filled_in(), headers=HTMX))

    assert "10 credits are missing." in panel
    assert f"Your cap this month: 5 left, resets {day}." in panel
    assert "balance-after" not in panel
    assert "disabled" in panel.partition('id="generate"')[2].partition(">")[0]


@pytest.mark.parametrize(
    ("limited", "role", "link"),
    [
        (Membership, Role.ADMIN, '<a class="link" href="/team/">See the team</a>'),
        (Team, Role.MEMBER, '<a class="link" href="/team/">See the team</a>'),
        (Team, Role.ADMIN, '<a class="link" href="/team/settings/">Change the team&#x27;s budgets</a>'),
        (CreditBalance, Role.MEMBER, '<a class="link" href="/credits/">See your credits</a>'),
        (CreditBalance, Role.ADMIN, '<a class="link" href="/credits/">Add credits</a>'),
    ],
)
def test_what_is_missing_links_to_where_there_can_be_more(browser, maker, limited, role, link):
    Membership.objects.filter(user=maker).update(role=role)
    empty = {"available": 0, "granted": F("held") + F("spent")}
    short = empty if limited is CreditBalance else {"monthly_budget_credits": 5}
    limited.objects.update(**short)

    panel = text_of(browser.post("/create/quote/", filled_in(), headers=HTMX))

    assert link in panel
    assert panel.count('<a class="link"') == 1


@pytest.mark.parametrize(
    ("owner", "span", "words"),
    [
        (Membership, "lifetime", "Your cap: 20 left."),
        (Team, "monthly", "The team&#x27;s budget this month: 20 left, resets "),
        (Team, "lifetime", "The team&#x27;s budget: 20 left."),
    ],
)
def test_a_limit_that_leaves_room_is_told_and_the_button_is_on(browser, owner, span, words):
    owner.objects.update(**{f"{span}_budget_credits": 20})

    panel = text_of(browser.post("/create/quote/", filled_in(), headers=HTMX))

    assert words in panel
    assert '<dd id="balance-after">985</dd>' in panel
    assert "disabled" not in panel.partition('id="generate"')[2].partition(">")[0]


def test_without_a_price_nothing_can_be_asked_for(browser):
    PriceList.objects.all().delete()

    response = browser.post("/create/", filled_in(), headers=HTMX)

    assert response.status_code == 422
    assert "There is no price for this model now." in text_of(response)
    assert not Generation.objects.exists()


def test_an_upload_of_another_team_can_not_be_used(browser, other_team):  # A2
    generation = running(other_team)
    foreign = keep(generation, b"still", kind="poster", content_type="image/webp")
    foreign.kind, foreign.generation = "upload", None
    foreign.save()

    form = filled_in(task_type="image_to_video", image_urls=f"upload:{foreign.id}")
    response = browser.post("/create/", form, headers=HTMX)

    assert response.status_code == 422
    assert str(foreign.id) not in text_of(response).partition("/media/")[2]
    assert not Generation.objects.filter(task_type="image_to_video").exists()


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_comes_back_as_text(browser, prompt):  # B1
    form = filled_in(prompt=prompt, resolution="8k")

    page = text_of(browser.post("/create/", form, headers=HTMX))

    escaped = prompt.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert escaped.replace('"', "&quot;").replace("'", "&#x27;") in page


def test_the_form_can_be_filled_in_by_address(browser):
    form = browser.get("/create/?prompt=From+a+link&resolution=1080p&generate_audio=true").context["form"]

    assert (form["prompt"].value(), form["resolution"].value()) == ("From a link", "1080p")


def test_a_viewer_may_not_create(viewer, team):
    statuses = [
        viewer.get("/create/").status_code,
        viewer.post("/create/", filled_in()).status_code,
        viewer.post("/create/quote/", filled_in()).status_code,
    ]

    assert statuses == [403, 403, 403]
    assert (Generation.objects.count(), available(team)) == (0, 1000)


def test_a_stranger_is_led_to_the_sign_in(db):
    assert Client().get("/create/").url == "/sign/login/?next=/create/"
    assert Client().post("/create/", filled_in()).status_code == 302
    assert not Generation.objects.exists()


def test_other_methods_are_refused(browser):
    assert browser.put("/create/").status_code == 405
    assert browser.get("/create/quote/").headers["Location"] == "/create/"


def test_a_form_from_elsewhere_is_refused(maker):  # B3
    client = Client(enforce_csrf_checks=True)
    client.cookies = browser_of(maker).cookies

    assert client.post("/create/", filled_in()).status_code == 403
    assert not Generation.objects.exists()


def test_pages_are_not_kept_by_caches(browser):  # B8
    assert "no-store" in browser.get("/create/").headers["Cache-Control"]


def test_the_tabs_lead_from_text_and_image_to_video_and_to_images(browser):
    page = text_of(browser.get("/create/?task_type=text_to_image"))

    pressed = re.findall(r'name="tab"\s+value="(\w+)"[^>]*?(aria-current="page")?>([^<]+)<', page)
    assert pressed == [
        ("text_to_video", "", "Text to video"),
        ("image_to_video", "", "Image to video"),
        ("text_to_image", 'aria-current="page"', "Image"),
    ]
    assert "Makes 1–4 images at once" in page
    assert "Duration" not in page


def test_another_model_brings_its_controls_its_price_and_what_changed_in_one_answer(browser):
    form = filled_in(**ANOTHER, aspect_ratio="9:21", resolution="1080p", prompt="Kept as typed")

    response = browser.post("/create/quote/", form, headers=HTMX)

    page = text_of(response)
    assert (response.status_code, response.headers["HX-Retarget"]) == (200, "#controls")
    assert response.headers["HX-Replace-Url"] == "/create/?task_type=text_to_video&model=doubao-seedance-2.0"
    assert "Resolution is now 720p. Aspect ratio is now Adaptive." in page
    assert '<option value="-1">Automatic</option>' in page
    assert 'id="total">50<' in page
    assert "<dt>720p · 5 s × 10</dt>" in page
    assert "<textarea" not in page


def test_without_htmx_another_model_is_the_page_with_what_was_typed_and_what_changed(browser):
    form = filled_in(**ANOTHER, resolution="1080p", prompt="Kept as typed")

    page = text_of(browser.post("/create/quote/", form))

    assert "<html" in page
    assert "Kept as typed" in page
    assert "Resolution is now 720p." in page


def test_nothing_is_made_from_choices_that_were_shown_for_another_model(browser, team):
    response = browser.post("/create/", filled_in(**ANOTHER, resolution="1080p"))

    assert response.status_code == 422
    assert "Resolution is now 720p." in text_of(response)
    assert (Generation.objects.count(), available(team)) == (0, 1000)


def test_an_image_set_is_priced_by_the_image_and_made(browser, team):
    form = filled_in(model="seedream-4.0", task_type="text_to_image", resolution="1024x1024", count="4")
    form |= {"quality": "standard", "style": "watercolor", "seed": "7"}

    panel = text_of(browser.post("/create/quote/", form, headers=HTMX))
    browser.post("/create/", form)

    generation = Generation.objects.get()
    assert "4 images × 3" in panel
    assert (generation.task_type, generation.model) == ("text_to_image", "seedream-4.0")
    assert (generation.params["count"], generation.params["style"], generation.params["seed"]) == (4, "watercolor", 7)
    assert available(team) == 1000 - 12


def test_where_the_model_decides_the_longest_is_set_aside_and_said(browser):
    form = filled_in(model="doubao-seedance-2.0", duration="-1", aspect_ratio="adaptive")

    panel = text_of(browser.post("/create/quote/", form, headers=HTMX))

    assert "480p · 15 s × 5" in panel
    assert "The longest, 15 s, is set aside; what is made is charged." in panel


def test_the_prompt_can_be_left_out_where_an_image_says_enough(browser):
    form = filled_in(model="doubao-seedance-2.0", task_type="image_to_video", aspect_ratio="adaptive", prompt="")

    browser.post("/create/", {**form, "first_frame_url": "https://example.com/fox.png"})

    generation = Generation.objects.get()
    assert (generation.prompt, generation.task_type) == ("", "image_to_video")
    assert generation.params["first_frame_url"] == "https://example.com/fox.png"


def test_what_is_wrong_in_the_advanced_part_opens_it(browser):
    form = filled_in(model="seedream-4.0", task_type="text_to_image", resolution="4k", seed="many")

    page = text_of(browser.post("/create/", form, headers=HTMX))

    assert "Seed must be a whole number from 0 to 2147483647." in page
    assert "open" in page.partition('id="advanced"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in page.partition('name="seed"')[2].partition(">")[0]
