import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.html import escape

from generations import lifecycle, tag_words, tags
from generations.models import Generation, SearchEntry, Tag
from generations.providers.embedding import MachineTag
from tests.api import completed, completed_images, failed, running
from tests.factories import make_user
from tests.pages import HTMX, queries, text_of
from tests.searching import make_index

BAD = (
    "<script>",
    "<img src=x",
    "<svg/onload",
    "<b hx-on",
    'hx-get="/api',
    "<form action=//",
    "<style>",
    "<meta http-equiv",
)
HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())
READ = [MachineTag("shot_size", "close_up"), MachineTag("camera_movement", "pan_left"), MachineTag("", "red lamp")]


@pytest.fixture
def clip(team) -> Generation:
    clip = completed(team)
    tags.keep_read(clip, READ)
    return clip


@pytest.fixture
def given(clip, maker) -> Tag:
    return tags.add(clip, "neon", by=maker)


@pytest.fixture
def theirs(other_team) -> Tag:
    return tags.add(completed(other_team), "their secret", by=make_user())


def of_clip(clip: Generation, action: str = "") -> str:
    return f"/generations/{clip.id}/{action}"


def on(tag: Tag, action: str, clip: Generation | None = None) -> str:
    return f"/generations/{clip.id if clip else tag.generation_id}/tags/{tag.pk}/{action}/"


def members_of(clip: Generation) -> list[str]:
    return list(Tag.objects.filter(generation=clip, source="member").values_list("name", flat=True))


def read(clip: Generation, name: str) -> Tag:
    return Tag.objects.get(generation=clip, source="machine", name=name)


def test_the_machine_s_are_shown_by_kind_and_members_apart_each_leading_to_the_gallery(browser, clip, given):
    page = text_of(browser.get(of_clip(clip)))

    section = page[page.index('id="tags"') :]
    for words in ("Read off the clip", "Shot size", "Close-up", "Camera movement", "Pan left", "red lamp"):
        assert words in section
    assert section.index("Read off the clip") < section.index("Given by members") < section.index(">neon<")
    for name in ("close_up", "pan_left", "red%20lamp", "neon"):
        assert f'href="/gallery/?tag={name}"' in section


def test_known_words_are_in_the_language_of_the_page_and_members_as_they_wrote_them(browser, clip, maker):
    tags.add(clip, "Close-up", by=maker)
    with translation.override("zh-hans"):
        chinese = tag_words.label("camera_movement", "pan_left")

    page = text_of(browser.get(of_clip(clip), headers={"Accept-Language": "zh-hans"}))

    assert f"<bdi>{chinese}</bdi>" in page
    assert "<bdi>Close-up</bdi>" in page


def test_the_page_asks_once_for_all_tags(browser, team, maker, clip):
    browser.get(of_clip(clip))
    with CaptureQueriesContext(connection) as captured:
        browser.get(of_clip(clip))
    for number in range(3):
        tags.add(clip, f"n{number}", by=maker)

    with queries(len(captured)):
        browser.get(of_clip(clip))


@pytest.mark.parametrize("make", [running, failed])
def test_what_has_nothing_to_see_has_no_tags(browser, team, make):
    assert 'id="tags"' not in text_of(browser.get(of_clip(make(team))))


def test_images_are_tagged_too(browser, team):
    assert 'id="tags"' in text_of(browser.get(of_clip(completed_images(team, 2))))


def test_one_is_added_and_said(browser, clip, maker):
    answer = browser.post(of_clip(clip, "tags/"), {"name": " Neon  rain "}, follow=True)

    assert [(tag.name, tag.created_by) for tag in Tag.objects.filter(source="member")] == [("Neon rain", maker)]
    assert answer.redirect_chain == [(of_clip(clip), 302)]
    assert "The tag is added." in text_of(answer)


def test_htmx_gets_the_section_anew(browser, clip):
    section = text_of(browser.post(of_clip(clip, "tags/"), {"name": "neon"}, headers=HTMX))

    assert section.lstrip().startswith("<section")
    assert ">neon<" in section
    assert "<html" not in section


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Write the tag to be added."),
        (" \u202e ", "Write the tag to be added."),
        ("x" * 41, "The tag is 1 character too long: 40 at most."),
        ("x" * 50, "The tag is 10 characters too long: 40 at most."),
        ("NEON", "It has the tag “neon” already."),
    ],
)
def test_a_wrong_one_is_refused_with_the_reason_and_kept_in_the_field(browser, clip, given, name, reason):
    by_htmx = browser.post(of_clip(clip, "tags/"), {"name": name}, headers=HTMX)
    plain = browser.post(of_clip(clip, "tags/"), {"name": name}, follow=True)

    assert (by_htmx.status_code, plain.status_code) == (422, 200)
    assert reason in text_of(by_htmx)
    assert reason in text_of(plain)
    assert f'value="{name}"' in text_of(by_htmx)
    assert members_of(clip) == ["neon"]


def test_of_twenty_the_page_says_that_it_is_the_most(browser, clip, maker):
    for number in range(20):
        tags.add(clip, f"n{number}", by=maker)

    page = text_of(browser.get(of_clip(clip)))
    answer = browser.post(of_clip(clip, "tags/"), {"name": "more"}, headers=HTMX)

    assert 'id="tag-name"' not in page
    assert "20 tags are the most that a clip has of members." in page
    assert "It has 20 tags, which is the most." in text_of(answer)
    assert len(members_of(clip)) == 20


def test_a_member_s_is_removed_and_offered_back(browser, clip, given):
    section = text_of(browser.post(on(given, "remove"), headers=HTMX))

    assert members_of(clip) == []
    assert "Put back" in section
    assert '<input type="hidden" name="name" value="neon">' in section
    assert browser.post(on(given, "remove"), headers=HTMX).status_code == 404


def test_the_machine_s_is_taken_away_offered_back_and_stays_away_when_read_again(browser, clip):
    tag = read(clip, "pan_left")

    answers = [browser.post(on(tag, "remove"), headers=HTMX) for _ in range(2)]
    tags.keep_read(clip, READ)
    page = text_of(browser.get(of_clip(clip)))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert f'hx-post="{on(tag, "restore")}"' in text_of(answers[0])
    assert "Camera movement" not in page
    assert 'id="put-back"' not in text_of(answers[1])
    assert "1 tag was taken away" in page
    assert 'aria-label="Put Pan left back"' in page


def test_one_that_was_taken_away_is_put_back(browser, clip):
    tag = read(clip, "pan_left")
    tags.remove(tag)

    by_htmx = text_of(browser.post(on(tag, "restore"), headers=HTMX))
    again = text_of(browser.post(on(tag, "restore"), follow=True))

    tag.refresh_from_db()
    assert tag.rejected_at is None
    assert "Pan left" in by_htmx
    assert "was taken away" not in by_htmx
    assert "The tag is back." in again


def test_without_javascript_it_is_removed_and_said(browser, clip, given):
    answer = browser.post(on(given, "remove"), follow=True)

    assert answer.redirect_chain == [(of_clip(clip), 302)]
    assert "The tag is removed." in text_of(answer)
    assert members_of(clip) == []


def test_another_team_s_clip_and_tag_are_not_there(browser, clip, theirs):  # A1
    statuses = [
        browser.post(of_clip(theirs.generation, "tags/"), {"name": "mine"}).status_code,
        browser.post(on(theirs, "remove")).status_code,
        browser.post(on(theirs, "restore")).status_code,
        browser.post(on(theirs, "remove", clip)).status_code,
        browser.post(on(theirs, "restore", clip)).status_code,
        browser.post(on(theirs, "remove", clip), headers=HTMX).status_code,
        browser.post(f"/generations/{clip.id}/tags/{10**30}/remove/").status_code,
    ]

    assert statuses == [404] * 7
    assert members_of(theirs.generation) == ["their secret"]


def test_a_deleted_clip_is_not_there(browser, clip, given):
    lifecycle.hide(clip)

    statuses = [
        browser.post(of_clip(clip, "tags/"), {"name": "x"}).status_code,
        browser.post(on(given, "remove")).status_code,
    ]

    assert statuses == [404, 404]
    assert members_of(clip) == ["neon"]


def test_a_viewer_looks_and_changes_nothing(viewer, clip, given):
    page = text_of(viewer.get(of_clip(clip)))
    statuses = [
        viewer.post(of_clip(clip, "tags/"), {"name": "rain"}).status_code,
        viewer.post(on(given, "remove")).status_code,
        viewer.post(on(read(clip, "pan_left"), "remove")).status_code,
        viewer.post(on(read(clip, "pan_left"), "restore")).status_code,
        viewer.get("/tags/").status_code,
    ]

    assert statuses == [403, 403, 403, 403, 200]
    assert (members_of(clip), read(clip, "pan_left").rejected_at) == (["neon"], None)
    assert ">neon<" in page
    assert 'id="tag-name"' not in page
    assert "/remove/" not in page


def test_a_stranger_is_led_to_the_sign_in(clip, given):
    assert Client().get("/tags/").url == "/sign/login/?next=/tags/"
    assert Client().post(of_clip(clip, "tags/"), {"name": "rain"}).status_code == 302
    assert Client().post(on(given, "remove")).status_code == 302
    assert members_of(clip) == ["neon"]


def test_other_methods_are_refused_or_lead_back(browser, clip, given):
    assert browser.get(of_clip(clip, "tags/")).url == of_clip(clip)
    assert browser.get(on(given, "remove")).url == of_clip(clip)
    assert browser.put(of_clip(clip, "tags/")).status_code == 405
    assert browser.post("/tags/").status_code == 405
    assert browser.post("/tags/names/").status_code == 405
    assert members_of(clip) == ["neon"]


def test_all_tags_of_the_team_are_listed_by_kind_with_how_many_clips_have_them(browser, clip, given, theirs, team):
    tags.keep_read(completed(team), READ[:1])

    page = text_of(browser.get("/tags/"))

    assert [page.index(words) for words in ("Shot size", "Camera movement", "Given by members")] == sorted(
        page.index(words) for words in ("Shot size", "Camera movement", "Given by members")
    )
    assert '<bdi>Close-up</bdi> <span class="faint num">2</span>' in page
    assert '<bdi>neon</bdi> <span class="faint num">1</span>' in page
    assert 'href="/gallery/?tag=close_up"' in page
    assert "secret" not in page


def test_the_list_is_searched_as_one_types(browser, clip, given):
    found = text_of(browser.get("/tags/?q=clo", headers=HTMX))
    nothing = text_of(browser.get("/tags/?q=zebra%00"))

    assert "Close-up" in found
    assert "neon" not in found
    assert "<html" not in found
    assert "No tag begins so" in nothing
    assert 'value="zebra"' in nothing


def test_the_list_asks_as_much_for_one_as_for_three(browser, team, maker):
    clip = completed(team)
    tags.add(clip, "one", by=maker)
    browser.get("/tags/")
    with queries(6):  # session, user, team with balance, names, counts, how many are in progress
        browser.get("/tags/")
    for name in ("two", "three"):
        tags.add(completed(team), name, by=maker)

    with queries(6):
        browser.get("/tags/")


def test_where_there_is_none_the_page_says_what_they_are_for(browser):
    assert "No tags yet" in text_of(browser.get("/tags/"))


def test_members_words_are_suggested_and_no_machine_s(browser, clip, given, theirs):
    assert text_of(browser.get("/tags/names/")).split() == ["<option", 'value="neon"></option>']


def test_members_words_are_suggested_however_many_the_machine_has(browser, clip, maker):
    machine_s = (f"a{number:03}" for number in range(250))
    Tag.objects.bulk_create(
        Tag(team_id=clip.team_id, generation=clip, source="machine", name=name) for name in machine_s
    )
    deleted = completed(clip.team)
    tags.add(clip, "zebra", by=maker)
    tags.add(deleted, "zoo", by=maker)
    lifecycle.hide(deleted)

    assert text_of(browser.get("/tags/names/")).split() == ["<option", 'value="zebra"></option>']


def test_how_many_are_found_is_said_and_no_more(browser, clip, given):
    page, found = text_of(browser.get("/tags/")), text_of(browser.get("/tags/?q=ne", headers=HTMX))

    assert re.findall(r'id="found-says"[^>]*>([^<]*)<', page) == [""]
    assert re.findall(r'id="found-says"\s+hx-swap-oob="innerHTML">([^<]*)<', found) == ["1 tag."]
    assert "aria-live" not in found


@pytest.mark.parametrize(
    "names", [HOSTILE["prompts"][:20], HOSTILE["prompts"][20:] + HOSTILE["names"][:14], HOSTILE["names"][14:]]
)
def test_hostile_names_are_text_everywhere(browser, team, maker, names):  # B1
    clip = completed(team)
    kept = [tags.clean(tags.clean(name)[:40]) for name in names]
    tags.keep_read(clip, [MachineTag("angle", name) for name in names])
    by_members = [tags.add(clip, name, by=maker) for name in kept]

    pages = [
        text_of(browser.get(of_clip(clip))),
        text_of(browser.get("/tags/")),
        text_of(browser.get("/tags/", {"q": kept[0]})),
        text_of(browser.get("/tags/names/")),
        text_of(browser.post(of_clip(clip, "tags/"), {"name": kept[0] * 41}, headers=HTMX)),
        *(text_of(browser.post(on(each, "remove"), headers=HTMX)) for each in by_members[:3]),
    ]

    for page in pages:
        assert not [bad for bad in BAD if bad in page]
    for name in kept:
        assert f'href="/gallery/?tag={quote(name, safe="")}"' in pages[0]
        assert f"<bdi>{escape(name)}</bdi>" in pages[1]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "still being read"),
        ({"next_at": timezone.now()}, "still being read"),
        ({"done_at": timezone.now(), "failure_code": "INPUT_UNREACHABLE"}, "could not be read"),
        ({"done_at": timezone.now()}, "Nothing was found in the clip"),
    ],
)
def test_where_nothing_was_read_off_it_the_page_says_why(browser, team, entry, words):
    clip, index = completed(team), make_index("tags", dims=0)
    if entry:
        SearchEntry.objects.create(index=index, generation=clip, team=team, **entry)

    assert words in text_of(browser.get(of_clip(clip)))


def test_where_nobody_reads_clips_the_page_says_so(browser, team):
    assert "no provider that does is set up" in text_of(browser.get(of_clip(completed(team))))


def test_of_what_is_never_read_nothing_is_said(browser, team):
    make_index("tags", dims=0)

    pages = [text_of(browser.get(of_clip(each))) for each in (completed_images(team, 1), failed(team))]

    assert not any('id="none-read"' in page for page in pages)


def test_what_was_read_and_taken_away_was_found(browser, team, clip):
    for tag in Tag.objects.filter(generation=clip):
        tags.remove(tag)

    assert 'id="none-read"' not in text_of(browser.get(of_clip(clip)))
