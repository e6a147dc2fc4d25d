from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from generations.models import Collection, CollectionItem, Tag
from generations.search import asking
from tests.api import asked, completed
from tests.batches import drafted
from tests.factories import make_member
from tests.pages import HTMX, queries, text_of
from tests.searching import keep_vector, make_index, turned


def shown(response):
    return [each.card.generation.prompt for each in response.context["found"]]


def named(team, name, *generations, by=None, **given):
    collection = Collection.objects.create(team=team, name=name, created_by=by or make_member(team=team), **given)
    for position, generation in enumerate(generations):
        CollectionItem.objects.create(collection=collection, generation=generation, position=position)
    return collection


def test_words_lead_to_clips_and_each_says_why_it_is_there(browser, team):
    completed(team, prompt="A lantern over water")
    completed(team, prompt="A kite")

    page = browser.get("/gallery/", {"q": "lantern"})

    assert shown(page) == ["A lantern over water"]
    assert "1 found · words: 1" in text_of(page)
    assert "<li>words</li>" in text_of(page)
    assert 'value="lantern"' in text_of(page)


def test_without_a_text_nothing_says_why(browser, team):
    completed(team, prompt="A lantern over water")

    page = text_of(browser.get("/gallery/?q="))

    assert 'class="why"' not in page
    assert 'class="found num"' not in page


def test_to_htmx_only_what_was_found_is_answered(browser, team):
    asked(team, prompt="A lantern")

    answer = browser.get("/gallery/", {"q": "lantern"}, headers=HTMX)

    assert text_of(answer).strip().startswith('<div id="results"')
    assert 'id="find-q"' not in text_of(answer)
    assert "HX-Request" in answer.headers["Vary"]


def test_filters_are_kept_with_the_words_and_words_with_the_filters(browser, team):
    completed(team, prompt="red one")
    asked(team, prompt="red two")

    page = browser.get("/gallery/", {"q": "red", "show": "completed"})

    assert shown(page) == ["red one"]
    assert '<input type="hidden" name="show" value="completed">' in text_of(page)
    urls = {show.slug: parse_qs(urlsplit(url).query) for show, url in page.context["chips"]}
    assert urls["failed"] == {"q": ["red"], "show": ["failed"]}


def test_tag_collection_and_batch_are_chips_that_can_be_taken_away(browser, team, maker):
    clip = completed(team, prompt="red one")
    completed(team, prompt="red two")
    batch = drafted(team, "A ship", user=maker, name="Nightly")
    type(clip).objects.filter(id=clip.id).update(batch_id=batch.id)
    Tag.objects.create(team=team, generation=clip, name="misty", source="member", created_by=maker)
    collection = named(team, "Harbour", clip)
    query = {"q": "red", "tag": "misty", "collection": str(collection.id), "batch": str(batch.id)}

    page = browser.get("/gallery/", query)

    assert shown(page) == ["red one"]
    by = {each["by"]: each for each in page.context["filters"]}
    assert {name: each["name"] for name, each in by.items()} == {
        "batch": "Nightly", "tag": "misty", "collection": "Harbour"
    }  # fmt: skip
    for name, each in by.items():
        left = parse_qs(urlsplit(each["url"]).query)
        assert left == {other: [value] for other, value in query.items() if other != name} | {"show": ["all"]}


def test_nothing_found_says_what_to_do(browser, viewer, team):
    asked(team, prompt="A kite")

    for client in (browser, viewer):
        page = text_of(client.get("/gallery/", {"q": "zebra"}))
        assert "Nothing found" in page
        assert "Try fewer words" in page


def test_where_meaning_is_not_to_be_had_it_is_said(browser, team):
    make_index()
    asked(team, prompt="A lantern")

    page = browser.get("/gallery/", {"q": "lantern"})

    assert shown(page) == ["A lantern"]
    assert "these are found by words" in text_of(page)
    assert "these are found by words" in page.context["announced"]


def test_that_a_search_is_over_is_announced(browser, team):
    asked(team, prompt="A lantern")

    assert 'data-says="Nothing is searched for any more' in text_of(browser.get("/gallery/?q=", headers=HTMX))
    assert 'data-says="1 found' in text_of(browser.get("/gallery/?q=lantern", headers=HTMX))


@pytest.mark.parametrize("q", ["a" * 201, "a\0b"])
def test_what_can_not_be_searched_is_said_clearly(browser, team, q):  # B1
    asked(team)

    page, fragment = browser.get("/gallery/", {"q": q}), browser.get("/gallery/", {"q": q}, headers=HTMX)

    assert (page.status_code, fragment.status_code) == (422, 422)
    assert shown(page) == []
    assert 'role="alert"' in text_of(page)


def test_what_is_typed_is_shown_as_text(browser, team):  # B1
    page = text_of(browser.get("/gallery/", {"q": '"><script>alert(1)</script>'}))

    assert "<script>alert" not in page


def test_results_go_on_where_the_page_ended(browser, team):
    for number in range(30):
        asked(team, prompt=f"kite {number}")

    first = browser.get("/gallery/", {"q": "kite"})
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert len(shown(first)) == 24
    assert shown(first) + shown(second) == [f"kite {number}" for number in reversed(range(30))]
    assert text_of(second).strip().startswith('<div class="result">')
    assert second.context["more_url"] == ""


@pytest.mark.parametrize("offset", ["-1", "x", "99999999999", "9999", "１"])
def test_an_offset_of_nobodys_is_harmless(browser, team, offset):
    asked(team, prompt="A kite")

    assert browser.get("/gallery/", {"q": "kite", "offset": offset}).status_code == 200


def test_more_like_this_is_linked_on_card_and_page_and_leads_to_its_like(browser, team):
    one = completed(team, prompt="A red kite")
    completed(team, prompt="A red bus")
    asked(team, prompt="Waits")
    link = f"/gallery/?like={one.id}"

    page = browser.get(link)

    assert f'href="{link}"' in text_of(browser.get("/gallery/"))
    assert f'href="{link}"' in text_of(browser.get(one.get_absolute_url()))
    assert text_of(browser.get("/gallery/?show=in-progress")).count('class="like"') == 0
    assert shown(page) == ["A red bus"]
    assert 'id="of-like"' in text_of(page)


def test_anothers_clip_collection_or_batch_is_not_there(browser, team, other_team):  # A3
    theirs = completed(other_team, prompt="theirs")
    collection = named(other_team, "Theirs", theirs)
    private = named(team, "Private", visibility="private")
    tag = Tag.objects.create(team=other_team, generation=theirs, name="secret", source="machine")

    statuses = {
        browser.get("/gallery/", query).status_code
        for query in (
            {"like": theirs.id},
            {"like": uuid4()},
            {"collection": collection.id},
            {"collection": private.id},
        )
    }
    by_tag = browser.get("/gallery/", {"tag": tag.name})

    assert statuses == {404}
    assert shown(by_tag) == []


def test_new_cards_do_not_come_into_what_was_found(browser, team):
    takes = {
        query: browser.get(f"/gallery/{query}").context["takes_new"]
        for query in ("", "?show=failed", "?q=kite", "?tag=night", "?q=kite&show=failed")
    }

    assert takes == {
        "": "yes", "?show=failed": "counted", "?q=kite": "no", "?tag=night": "no", "?q=kite&show=failed": "no"
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_a_search_asks_as_much_for_one_clip_as_for_three(browser, team, count):
    for _ in range(count):
        completed(team, prompt="A kite")
    browser.get("/gallery/?q=kite")

    # As of the gallery; and the current indexes of clips and of prompts, words, tags, collections.
    with queries(10):
        browser.get("/gallery/?q=kite")


def test_a_viewer_may_search(viewer, team):
    completed(team, prompt="A lantern")

    assert shown(viewer.get("/gallery/?q=lantern")) == ["A lantern"]


FURTHER = "<h2>Further away</h2>"


def by_meaning(team, *degrees):
    """Clips so far off what "harbour" means, the first made first."""
    index = make_index()
    asking.keep(index, "harbour", turned(0))
    for number, each in enumerate(degrees):
        keep_vector(index, completed(team, prompt=f"number {number}"), turned(each))


def test_after_what_was_found_the_nearest_follow_under_a_heading(browser, team):
    by_meaning(team, 1, 2, *range(60, 88))

    first = browser.get("/gallery/", {"q": "harbour"})
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert shown(first) + shown(second) == [f"number {number}" for number in range(30)]
    assert "2 found · meaning: 2" in text_of(first)
    assert text_of(first).count('class="why"') == 2
    before, after = text_of(first).split(FURTHER)
    assert ("number 1<" in before, "number 2<" in before, "number 2<" in after) == (True, False, True)
    assert FURTHER not in text_of(second)


def test_the_heading_stands_on_the_page_where_they_begin(browser, team):
    by_meaning(team, 1, 80, 81, 82)
    for _ in range(23):
        asked(team, prompt="A harbour")

    first = browser.get("/gallery/", {"q": "harbour"})
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert FURTHER not in text_of(first)
    assert text_of(second).index(FURTHER) < text_of(second).index("number 1<")


def test_where_nothing_fits_it_is_said_before_the_nearest(browser, team):
    by_meaning(team, 95, 96)

    page = browser.get("/gallery/", {"q": "harbour"})

    assert shown(page) == ["number 0", "number 1"]
    assert text_of(page).index("Nothing quite fits.") < text_of(page).index(FURTHER) < text_of(page).index("number 0<")
    assert "Nothing quite fits." in page.context["announced"]


def test_a_filtered_page_by_meaning_is_full(browser, team):
    by_meaning(team, 1, *range(60, 89))
    asked(team, prompt="not completed")

    page = browser.get("/gallery/", {"q": "harbour", "show": "completed"})

    assert len(shown(page)) == 24
