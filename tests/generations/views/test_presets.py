import json
from pathlib import Path

import pytest
from django.test import Client

from generations import presets
from generations.models import PromptPreset
from tests.factories import make_user
from tests.pages import HTMX, SURE, filled_in, queries, text_of

HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


@pytest.fixture
def kept(team, maker) -> PromptPreset:
    return presets.add(team, name="Lanterns", text="A lantern, close", by=maker)


@pytest.fixture
def theirs(other_team) -> PromptPreset:
    return presets.add(other_team, name="Theirs", text="Their secret", by=make_user())


def address(preset: PromptPreset, action: str = "") -> str:
    return f"/create/presets/{preset.pk}/{action}"


def test_they_are_listed_by_name_and_lead_to_the_form(browser, team, maker, kept, theirs):
    presets.add(team, name="Autumn", text="Leaves", by=maker)

    page = text_of(browser.get("/create/presets/"))

    assert page.index("Autumn") < page.index("Lanterns")
    assert f'href="/create/?preset={kept.pk}"' in page
    assert maker.display_name in page
    assert "Their" not in page


def test_the_list_asks_as_much_for_one_as_for_three(browser, team, maker, kept):
    with queries(5):  # session, user, team with balance, presets, how many are in progress
        browser.get("/create/presets/")
    for name in ("Rain", "Snow"):
        presets.add(team, name=name, text="a", by=maker)

    with queries(5):
        browser.get("/create/presets/")


def test_htmx_gets_what_to_choose_from(browser, kept):
    choices = text_of(browser.get("/create/presets/", headers=HTMX))

    assert 'data-preset="A lantern, close"' in choices
    assert "<html" not in choices


def test_where_there_is_none_the_page_says_what_they_are_for(browser, viewer):
    page, looking = text_of(browser.get("/create/presets/")), text_of(viewer.get("/create/presets/"))

    assert "No presets yet" in page
    assert 'href="/create/presets/new/"' in page
    assert 'href="/create/presets/new/"' not in looking


def test_one_is_added_and_said(browser, team, maker):
    response = browser.post("/create/presets/new/", {"name": " Rain ", "text": "Rain,\r\nat night"}, follow=True)

    preset = PromptPreset.objects.get()
    assert (preset.team, preset.created_by, preset.name, preset.text) == (team, maker, "Rain", "Rain,\nat night")
    assert "The preset is saved." in text_of(response)


def test_what_was_typed_in_the_create_form_is_given_a_name(browser):
    page = text_of(browser.post("/create/presets/new/", filled_in(prompt="A gate <b>"), headers=HTMX))

    assert "A gate &lt;b&gt;</textarea>" in page
    assert 'hx-post="/create/presets/new/"' in page
    assert "<html" not in page
    assert not PromptPreset.objects.exists()


def test_without_htmx_that_is_a_page(browser):
    page = text_of(browser.post("/create/presets/new/", filled_in(prompt="A gate, kept")))

    assert "<html" in page
    assert "A gate, kept</textarea>" in page


def test_saved_by_htmx_the_dialog_says_so(browser):
    told = text_of(browser.post("/create/presets/new/", {"name": "Rain", "text": "Rain"}, headers=HTMX))

    assert "Saved as “Rain”." in told
    assert PromptPreset.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "a\u202eb"}, "The name holds a character that cannot be seen. Remove it."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"name": "Lanterns"}, "Your team has a preset of this name. Choose another."),
        ({"text": ""}, "This field is required."),
        ({"text": " \n "}, "Write the prompt to be kept."),
        ({"text": "字" * 2001}, "The prompt is 1 character too long: 2000 at most."),
        ({"text": "half\0"}, "The prompt holds a character that is not text. Remove it."),
    ],
)
def test_a_wrong_one_comes_back_with_the_reason(browser, kept, wrong, reason):  # M10
    given = {"name": "Rain", "text": "Kept as typed", **wrong}

    for path in ("/create/presets/new/", address(presets.add(kept.team, name="Snow", text="a", by=kept.created_by))):
        response = browser.post(path, given)
        assert (response.status_code, reason in text_of(response)) == (422, True)

    assert not PromptPreset.objects.filter(name="Rain").exists()
    assert PromptPreset.objects.get(name="Snow").text == "a"


def test_just_within_the_bounds_it_is_kept(browser):
    browser.post("/create/presets/new/", {"name": "名" * 80, "text": "😀" * 2000})

    assert PromptPreset.objects.get().text == "😀" * 2000


def test_200_are_kept_and_no_more(browser, team, maker):
    PromptPreset.objects.bulk_create(
        PromptPreset(team=team, name=f"{number}", text="a", created_by=maker) for number in range(200)
    )

    page = text_of(browser.post("/create/presets/new/", {"name": "Rain", "text": "Rain"}))

    assert "Your team keeps 200 presets, which is the most." in page
    assert PromptPreset.objects.count() == 200


def test_one_is_changed(browser, kept):
    page = text_of(browser.get(address(kept)))

    response = browser.post(address(kept), {"name": "Lanterns", "text": "Two lanterns"})

    kept.refresh_from_db()
    assert "A lantern, close</textarea>" in page
    assert (response.url, kept.text) == ("/create/presets/", "Two lanterns")


def test_one_is_deleted_once_it_was_asked(browser, kept):
    asking = text_of(browser.post(address(kept, "delete/")))
    assert PromptPreset.objects.exists()

    browser.post(address(kept, "delete/"), SURE)
    again = browser.post(address(kept, "delete/"), SURE)

    assert "Delete the preset “Lanterns”?" in asking
    assert (again.status_code, PromptPreset.objects.exists()) == (404, False)


def test_the_form_is_filled_in_with_one(browser, kept):
    form = browser.get(f"/create/?preset={kept.pk}&resolution=1080p").context["form"]

    assert (form["prompt"].value(), form["resolution"].value()) == ("A lantern, close", "1080p")


def test_another_team_s_is_not_there(browser, theirs):  # A1
    statuses = [
        browser.get(f"/create/?preset={theirs.pk}").status_code,
        browser.get("/create/?preset=junk").status_code,
        browser.get(address(theirs)).status_code,
        browser.post(address(theirs), {"name": "Mine", "text": "Mine"}).status_code,
        browser.post(address(theirs, "delete/"), SURE).status_code,
    ]

    theirs.refresh_from_db()
    assert statuses == [404] * 5
    assert theirs.name == "Theirs"


def test_a_viewer_looks_and_changes_nothing(viewer, kept):
    statuses = [
        viewer.get("/create/presets/").status_code,
        viewer.get("/create/presets/new/").status_code,
        viewer.post("/create/presets/new/", {"name": "Rain", "text": "Rain"}).status_code,
        viewer.post(address(kept), {"name": "Mine", "text": "Mine"}).status_code,
        viewer.post(address(kept, "delete/"), SURE).status_code,
    ]

    assert statuses == [200, 403, 403, 403, 403]
    assert [each.name for each in PromptPreset.objects.all()] == ["Lanterns"]
    assert f'href="{address(kept)}"' not in text_of(viewer.get("/create/presets/"))


def test_a_stranger_is_led_to_the_sign_in(kept):
    assert Client().get("/create/presets/").url == "/sign/login/?next=/create/presets/"
    assert Client().post("/create/presets/new/", {"name": "Rain", "text": "Rain"}).status_code == 302
    assert PromptPreset.objects.count() == 1


def test_other_methods_are_refused(browser, kept):
    assert browser.post("/create/presets/").status_code == 405
    assert browser.put(address(kept)).status_code == 405
    assert browser.get(address(kept, "delete/")).headers["Location"] == address(kept)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_prompt_is_shown_as_text(browser, team, maker, text):  # B1
    preset = presets.add(team, name="<script>alert(1)</script>", text=text, by=maker)

    for path, headers in (("/create/presets/", {}), ("/create/presets/", HTMX), (address(preset), {})):
        page = text_of(browser.get(path, headers=headers))
        assert "<script>alert" not in page
        assert "<img src=x" not in page
