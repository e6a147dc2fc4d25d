from dataclasses import replace
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.utils import timezone

from generations import lifecycle
from generations.models import Collection, CollectionItem, Generation, State, Tag
from generations.providers import registry
from generations.search import asking, full_text
from generations.search.fusion import Ranked, Reason, fuse
from generations.search.query import BadSearch, Search, find, find_in
from tests.api import asked, completed, ensure_prices
from tests.factories import make_member, make_team
from tests.indexing import make_embedder
from tests.searching import keep_vector, make_index, turned


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=10_000)


@pytest.fixture
def stranger(team):
    return make_team(name="Pathé", granted=1000)


def found(team, q="", *, user=None, offset=0, limit=24, with_further=False, **filters):
    user_id = user.id if user else None
    return find(
        Search(q=q, **filters),
        team_id=team.id,
        user_id=user_id,
        offset=offset,
        limit=limit,
        with_further=with_further,
    )


def prompts(results):
    return [each.generation.prompt for each in results.found]


def tag(generation, name, **given):
    source = given.pop("source", "machine")
    return Tag.objects.create(team_id=generation.team_id, generation=generation, name=name, source=source, **given)


def collect(team, name, *generations, by=None, **given):
    by = by or make_member(team=team)
    collection = Collection.objects.create(team=team, name=name, created_by=by, **given)
    for position, generation in enumerate(generations):
        CollectionItem.objects.create(collection=collection, generation=generation, position=position)
    return collection


def test_all_words_are_found_in_any_order_and_case(team):
    for prompt in ("A RED balloon over the sea", "the sea, a balloon and a kite", "A red kite"):
        asked(team, prompt=prompt)

    assert prompts(found(team, "Sea balloon "))[:2] == ["the sea, a balloon and a kite", "A RED balloon over the sea"]


@pytest.mark.parametrize("typed", ["lan", "lanter", "quiet lan"])
def test_the_last_word_may_be_only_begun(team, typed):
    asked(team, prompt="A quiet lantern")
    asked(team, prompt="A kite")

    assert prompts(found(team, typed)) == ["A quiet lantern"]


def test_a_word_that_is_done_is_only_itself(team):
    asked(team, prompt="A lantern")

    assert prompts(found(team, "lan,")) == []


def test_a_number_is_not_the_beginning_of_another(team):
    asked(team, prompt="take 500")
    asked(team, prompt="take 50")

    assert prompts(found(team, "50")) == ["take 50"]


@pytest.mark.parametrize("typed", ["飞行", "飞行汽车", "汽车", "飞", "飞行汽车 夜空"])
def test_chinese_is_found_by_its_characters(team, typed):
    asked(team, prompt="夜空中的飞行汽车")
    asked(team, prompt="海边的灯塔")

    assert prompts(found(team, typed)) == ["夜空中的飞行汽车"]


def test_where_few_have_all_words_those_with_most_of_them_follow(team):
    for prompt in ("boat", "boat harbour", "boat harbour fog", "kite"):
        asked(team, prompt=prompt)

    assert prompts(found(team, "boat harbour fog bells")) == ["boat harbour fog", "boat harbour"]
    assert prompts(found(team, "fog harbour boat")) == ["boat harbour fog", "boat harbour"]


def test_words_that_are_everywhere_tell_nothing(team):
    asked(team, prompt="A heron in the reeds")
    asked(team, prompt="The end of the road in a storm")

    assert prompts(found(team, "the heron in a ")) == ["A heron in the reeds"]


@pytest.mark.parametrize("typed", ["' | !", "\\", "team:", ":*", "%", "<->", "('", "&", "🙂", "lantern' & 'boat"])
def test_nothing_that_is_typed_is_a_query_of_the_database(team, typed):  # B1
    asked(team, prompt="A kite")
    asked(team, prompt="A lantern")

    assert prompts(found(team, typed)) == (["A lantern"] if "lantern" in typed else [])


def test_another_teams_are_never_found(team, stranger):  # A3
    index = make_index()
    theirs = completed(stranger, prompt="A lantern")
    keep_vector(index, theirs, turned(0))
    tag(theirs, "lantern")
    collection = collect(stranger, "lantern", theirs)

    assert prompts(found(team, "lantern")) == []
    assert prompts(found(team, "lantern", collection=collection.id)) == []
    assert prompts(found(team, like=theirs.id)) == []
    assert prompts(found(team, tag="lantern")) == []
    # Not even by the word that stands for a team in the index of words.
    assert prompts(found(team, f"team:{stranger.id.hex}")) == []


def test_a_tag_is_a_reason_and_is_named(team):
    clip = completed(team, prompt="A heron")
    tag(clip, "misty", source="member", created_by=make_member(team=team))

    result = found(team, "misty").found[0]

    assert (result.generation, result.reasons) == (clip, (Reason("tag", "misty"),))


def test_a_rejected_tag_is_no_reason(team):
    tag(completed(team, prompt="A heron"), "misty", rejected_at=timezone.now())

    assert found(team, "misty").found == []


def test_a_collection_is_a_reason_for_those_who_may_see_it(team):
    first, second = completed(team, prompt="one"), completed(team, prompt="two")
    maker, other = make_member(team=team), make_member(team=team)
    collect(team, "Harbour nights", second, first)
    collect(team, "Harbour days", first, by=maker, visibility="private")

    assert prompts(found(team, "harbour", user=other)) == ["two", "one"]
    assert found(team, "harbour days", user=other).found == []
    assert found(team, "harbour days").found == []
    assert found(team, "harbour days", user=maker).found[0].reasons == (Reason("collection", "Harbour days"),)


def test_one_that_several_ways_find_comes_first_with_all_its_reasons(team):
    both = completed(team, prompt="A misty lake")
    completed(team, prompt="misty hills")
    tag(both, "misty", source="member", created_by=make_member(team=team))

    results = found(team, "misty")

    assert prompts(results) == ["A misty lake", "misty hills"]
    assert results.found[0].reasons == (Reason("words"), Reason("tag", "misty"))
    assert (results.total, results.by) == (2, {"words": 2, "tag": 1})


def test_every_filter_narrows_what_is_found(team):
    maker = make_member(team=team)
    ready, waiting = completed(team, prompt="red one"), asked(team, prompt="red two")
    pictured = asked(team, prompt="red three", image_urls=["https://example.com/a.png"])
    batch = uuid4()
    Generation.objects.filter(id=waiting.id).update(batch_id=None, created_by=maker)
    tag(ready, "night")
    collection = collect(team, "mine", pictured, by=maker, visibility="private")

    assert prompts(found(team, "red", show="completed")) == ["red one"]
    assert prompts(found(team, "red", show="image-to-video")) == ["red three"]
    assert prompts(found(team, "red", show="mine", user=maker)) == ["red two"]
    assert prompts(found(team, "red", tag="night")) == ["red one"]
    assert prompts(found(team, "red", collection=collection.id, user=maker)) == ["red three"]
    assert prompts(found(team, "red", collection=collection.id)) == []
    assert prompts(found(team, "red", batch=batch)) == []


def test_filters_alone_list_the_newest_first_without_reasons(team):
    for prompt in ("one", "two", "three"):
        tag(completed(team, prompt=prompt), "night")

    first, second = found(team, tag="night", limit=2), found(team, tag="night", offset=2, limit=2)

    assert (prompts(first), first.has_more) == (["three", "two"], True)
    assert (prompts(second), second.has_more) == (["one"], False)
    assert first.found[0].reasons == ()


def test_what_a_smart_collection_finds_can_be_filtered_by(team):
    maker = make_member(team=team)
    completed(team, prompt="red one")
    asked(team, prompt="red two")
    asked(team, prompt="blue")
    by_filter = collect(team, "ready", by=maker, search={"show": "completed"})
    by_words = collect(team, "red", by=maker, search={"q": "red"})
    itself = collect(team, "round", by=maker, search={"q": "red"})
    Collection.objects.filter(id=itself.id).update(search={"q": "red", "collection": str(itself.id)})

    assert prompts(found(team, collection=by_filter.id, user=maker)) == ["red one"]
    assert prompts(found(team, collection=by_words.id, user=maker)) == ["red two", "red one"]
    assert prompts(found(team, "one", collection=itself.id, user=maker)) == ["red one"]


def test_pages_follow_each_other_and_end(team):
    for number in range(7):
        asked(team, prompt=f"kite {number}")

    pages = [found(team, "kite", offset=offset, limit=3) for offset in (0, 3, 6, 9)]

    assert [prompt for page in pages for prompt in prompts(page)] == [f"kite {number}" for number in range(6, -1, -1)]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {page.total for page in pages} == {7}


def test_what_is_deleted_is_not_found(team):
    gone = completed(team, prompt="A lantern")
    lifecycle.hide(gone)

    assert found(team, "lantern").found == []


def test_more_like_one_is_by_its_clip_then_its_prompt_then_its_words(team):
    one, near, far = (completed(team, prompt=prompt) for prompt in ("red kite", "blue boat", "red bus"))

    by_words = found(team, like=one.id)
    prompt = make_index("prompt", provider="scnet")
    for generation, degrees in ((one, 0), (far, 5)):
        keep_vector(prompt, generation, turned(degrees))
    by_prompt = found(team, like=one.id)
    clip = make_index("clip")
    for generation, degrees in ((one, 0), (near, 3), (far, 30)):
        keep_vector(clip, generation, turned(degrees))
    by_clip = found(team, like=one.id)

    assert (prompts(by_words), by_words.found[0].reasons) == (["red bus"], (Reason("words"),))
    assert (prompts(by_prompt), by_prompt.found[0].reasons) == (["red bus"], (Reason("meaning"),))
    assert prompts(by_clip) == ["blue boat", "red bus"]


def test_what_is_far_from_it_is_not_like_it(team):
    clip = make_index("clip")
    one, other = completed(team, prompt="one"), completed(team, prompt="other")
    keep_vector(clip, one, turned(0))
    keep_vector(clip, other, turned(89))

    assert found(team, like=one.id).found == []


def test_where_no_provider_answers_words_do_and_it_is_said(team):
    make_index("clip")
    asked(team, prompt="A lantern")

    results = found(team, "lantern")

    assert prompts(results) == ["A lantern"]
    assert results.notice == "Search by meaning is not available right now: these are found by words."
    assert results.is_by_meaning is False


def test_where_there_is_no_provider_nothing_is_said(team):
    asked(team, prompt="A lantern")

    assert found(team, "lantern").notice == ""


def test_meaning_is_found_through_the_providers(transactional_db, sandbox):
    """Both are asked at once; what one of them can't answer the other does, and that is said."""
    ensure_prices()
    team = make_team(granted=1000)
    clips, prompted = make_embedder("seeknetic", at=sandbox.url), make_embedder("scnet", at=sandbox.url)
    generation = completed(team, prompt="A lighthouse")
    completed(team, prompt="Something else")
    for account, kind in ((clips, "clip"), (prompted, "prompt")):
        embedder = registry.embedder(account)
        vector = embedder.embed_texts(["A lighthouse"])[0]
        index = make_index(
            kind, provider=account.provider, model=embedder.model, version=embedder.version, dims=len(vector)
        )
        keep_vector(index, generation, vector)

    both = found(team, "lighthouses at sea")
    prompted.paused_at = timezone.now()
    prompted.save()
    one = found(team, "the lighthouses")

    assert (prompts(both), both.found[0].reasons) == (["A lighthouse"], (Reason("meaning"),))
    assert (both.is_by_meaning, both.notice) == (True, "")
    assert (prompts(one), one.is_by_meaning) == (["A lighthouse"], True)
    assert one.notice == (
        "The meaning of prompts cannot be searched right now: these are found by words and by what is seen."
    )


def test_a_search_is_its_address_and_back():
    search = Search(q="boat", show="completed", batch=uuid4(), tag="night", collection=uuid4())

    assert Search.from_query(search.as_query()) == search
    assert Search.from_query({}) == Search()
    assert Search().as_query() == {}
    assert Search.from_query(replace(search, q="", like=uuid4()).as_query()).like is not None


def test_what_an_address_has_wrong_is_as_if_it_were_not_there():
    given = {"q": "  boat ", "show": "nonsense", "batch": "1", "collection": "x", "like": "y", "more": "z"}

    assert Search.from_query(given) == Search(q="boat")


@pytest.mark.parametrize("q", ["a" * 201, "a\0b", "\ud800"])
def test_what_can_not_be_searched_is_refused_in_words(q):  # B1
    with pytest.raises(BadSearch) as refused:
        Search.from_query({"q": q})

    assert (refused.value.field, refused.value.message[-1]) == ("q", ".")


def test_rankings_are_fused_by_reciprocal_rank():
    a, b, c = sorted(uuid4() for _ in range(3))
    words, meant = (Reason("words"),), (Reason("meaning"),)

    fused = fuse([Ranked([(a, words), (b, words)]), Ranked([(b, meant), (c, meant)])])

    # b: 1/62 + 1/61; a: 1/61; c: 1/62
    assert [each.generation_id for each in fused] == [b, a, c]
    assert fused[0].reasons == (Reason("words"), Reason("meaning"))


def test_generations_of_no_final_state_are_found_by_words_too(team):
    generation = asked(team, prompt="A lantern")
    lifecycle.advance(generation, State.CANCELLED)

    assert prompts(found(team, "lantern")) == ["A lantern"]


@pytest.mark.parametrize("typed", ["te", "tea", "green tea", "team", "gre team"])
def test_what_is_typed_never_begins_the_word_that_stands_for_the_team(team, typed):
    asked(team, prompt="A lantern")
    asked(team, prompt="green hills")

    assert prompts(found(team, typed)) in ([], ["green hills"])


def test_a_text_finds_by_the_tags_and_collections_that_it_has_in_it(team):
    by_tag, by_name = completed(team, prompt="one"), completed(team, prompt="two")
    tag(by_tag, "night")
    collect(team, "Harbour days", by_name)
    collect(team, "海边的灯", by_name)

    assert prompts(found(team, "boat, night")) == ["one"]
    assert prompts(found(team, "days in a harbour")) == ["two"]
    assert prompts(found(team, "傍晚海边的灯塔")) == ["two"]
    assert prompts(found(team, "harbour boat")) == []


def test_of_a_frequent_word_the_newest_are_ranked(team, monkeypatch):
    monkeypatch.setattr(full_text, "RANKED", 3)
    for prompt in ("red kite", "red boat", "red bus", "red kite, red", "red"):
        asked(team, prompt=prompt)

    assert prompts(found(team, "red ")) == ["red", "red kite, red", "red bus"]
    assert prompts(found(team, "red kite"))[:2] == ["red kite, red", "red kite"]


def test_what_is_no_show_is_as_if_it_were_not_there():
    assert Search.from_query({"show": "a" * 201}) == Search()


@pytest.fixture
def one_meant(team):
    """Thirty clips, one of which means what "harbour" says; that stands in no prompt."""
    index = make_index()
    made = [completed(team, prompt=f"number {number}") for number in range(30)]
    for number, each in enumerate(made):
        keep_vector(index, each, turned(60 + number if number else 5))
    asking.keep(index, "harbour", turned(0))
    return index


def test_what_lies_further_away_follows_until_the_page_is_full(team, one_meant):
    results = found(team, "harbour", with_further=True)

    assert prompts(results) == [f"number {number}" for number in range(24)]
    assert [each.reasons for each in results.found] == [(Reason("meaning"),), *[()] * 23]
    assert (results.total, len(results.further), results.by) == (30, 29, {"meaning": 1})
    assert results.further[0] == results.found[1].generation.id


def test_without_it_there_is_what_was_found_alone(team, one_meant):
    results = found(team, "harbour")

    assert (prompts(results), results.total, results.further) == (["number 0"], 1, [])


def test_pages_go_on_into_what_lies_further_away(team, one_meant):
    pages = [found(team, "harbour", offset=offset, limit=12, with_further=True) for offset in (0, 12, 24, 36)]

    assert [prompt for page in pages for prompt in prompts(page)] == [f"number {number}" for number in range(30)]
    assert [page.has_more for page in pages] == [True, True, False, False]


def test_what_lies_further_away_fits_the_filters_too(team, one_meant):
    for generation in Generation.objects.order_by("id")[1:28]:
        tag(generation, "night")

    results = found(team, "harbour", tag="night", with_further=True)

    assert len(results.found) == 24
    assert results.total == 27


@pytest.mark.parametrize(("named", "further"), [(18, 29), (20, 27), (47, 0)])
def test_so_many_follow_that_there_are_two_pages(team, one_meant, named, further):
    for number in range(named):
        asked(team, prompt=f"harbour {number}")

    results = found(team, "harbour", with_further=True)

    assert (results.total, len(results.further)) == (named + 1 + further, further)


def test_what_words_find_is_found_however_far_its_meaning_lies(team, one_meant):
    named = completed(team, prompt="A harbour")
    keep_vector(one_meant, named, turned(100))

    results = found(team, "harbour", with_further=True)

    assert prompts(results)[:3] == ["A harbour", "number 0", "number 1"]
    assert named.id not in results.further
    assert results.total == 31


def test_of_what_is_like_one_the_nearest_follow_too(team):
    index = make_index()
    one, near, far = (completed(team, prompt=prompt) for prompt in ("one", "near", "far"))
    for generation, degrees in ((one, 0), (near, 5), (far, 89)):
        keep_vector(index, generation, turned(degrees))

    results = found(team, like=one.id, with_further=True)

    assert (prompts(results), results.further) == (["near", "far"], [far.id])


def test_a_smart_collection_has_only_what_is_near_enough(team, one_meant):
    maker = make_member(team=team)
    collection = collect(team, "harbours", by=maker, search={"q": "harbour"})

    within = found(team, collection=collection.id, user=maker)
    own = find_in(collection, Search(q="harbour"), offset=0, limit=24)

    assert (prompts(within), prompts(own)) == (["number 0"], ["number 0"])


def test_like_one_that_is_not_read_yet_is_found_by_words_and_that_is_said(team):
    make_index()
    one = completed(team, prompt="red kite")
    completed(team, prompt="red bus")

    results = found(team, like=one.id)

    assert prompts(results) == ["red bus"]
    assert results.notice == "Its meaning is not known yet: these are found by the words of its prompt."


def test_a_team_that_searches_too_fast_is_told_so(team, monkeypatch):
    make_index()
    monkeypatch.setattr(asking, "MOST_A_MINUTE", 0)
    caches["default"].clear()
    found(team, "lantern")  # the first of a minute always counts

    notice = found(team, "lanterns").notice

    assert notice.startswith("Your team has searched for 0 new texts within a minute")


def test_a_letter_that_is_only_begun_with_says_nothing_of_providers(team):
    make_index()

    assert found(team, "l").notice == ""
