"""A3: no search by meaning crosses teams, though the vectors of all of them lie in one table and in one index."""

import io
import json
import zipfile
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from generations.collections import sharing
from generations.models import Collection, Generation, SearchEntry, SearchIndex
from generations.search import asking, database_index, meaning, vectors
from tests.collecting import clips
from tests.searching import keep_vector, make_index, turned

from .visits import BOARD

TEXT = "harbour"  # of no prompt, no tag and no collection
COUNT = meaning.MOST + 2  # more than the database's index is asked for, or else it is not asked


@pytest.fixture(params=["compared one by one", "by the database's index"])
def theirs(request, transactional_db, world, ours, monkeypatch) -> list[Generation]:
    """Clips of the others, each a little off what is looked for, and ours, which is just that."""
    index = make_index()
    made = clips(world.others, COUNT, size=10)
    entries = [keep_vector(index, each, turned(40)) for each in made]
    # In the database's index ours stands among theirs: whose it is, is all that keeps it from them.
    keep_vector(index, ours, turned(0))
    SearchEntry.objects.filter(generation=ours).update(team_code=entries[0].team_code)
    asking.keep(index, TEXT, turned(0))
    if request.param == "by the database's index":
        monkeypatch.setattr(vectors, "FEW", 2)
        database_index.build(index)
    return made


def named_in(text: str) -> set[Generation]:
    """What it names, by its own id or by those of its files."""
    generations = Generation.objects.prefetch_related("assets")
    ids = {each: (each.id, *(file.id for file in each.assets.all())) for each in generations}
    return {each for each in generations if any(str(id) in text for id in ids[each])}


def on_the_wall(browser: Client, address: str) -> set[Generation]:
    """Above it the search itself is shown."""
    text = browser.get(address).content.decode()
    return named_in(text[text.index('id="wall"') :])


def unpacked(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        items = json.loads(archive.read("manifest.json"))["items"]
        return f"{archive.namelist()} {items}"


def carried(browser: Client, **search: str) -> dict[str, set[Generation]]:
    """What their gallery shows of a search, a smart collection of it, its public page and its ZIP."""
    made = browser.post(reverse("generations:collection_search"), {**BOARD, "search": urlencode(search)})
    collection = Collection.objects.get(search=search)
    link = sharing.share(collection, days=7, by=Actor(user=collection.created_by))
    public = Client().get(reverse("generations:shared", args=[sharing.token_of(link)]))
    return {
        "gallery": on_the_wall(browser, f"{reverse('generations:gallery')}?{urlencode(search)}"),
        "collection": on_the_wall(browser, made.url),
        "public page": named_in(public.content.decode()),
        "ZIP": named_in(unpacked(b"".join(browser.get(f"{made.url}export.zip")))),
    }


def counts(found: dict[str, set[Generation]]) -> dict[str, int]:
    return {carrier: len(generations) for carrier, generations in found.items()}


def test_a_text_finds_the_nearest_of_theirs_and_not_ours(theirs, browser, program):
    found = carried(browser, q=TEXT)
    called = program.get("/api/v1/tasks", {"q": TEXT, "limit": "100"}).json()["data"]
    found["API"] = named_in(str(called))

    assert set().union(*found.values()) <= set(theirs)
    # Were ours compared at all, it would take a place, and theirs would not be near enough beside it.
    assert counts(found) == {"gallery": 24, "collection": 24, "public page": 24, "ZIP": 48, "API": 48}
    assert {tuple(each["found_by"]) for each in called["tasks"]} == {("meaning",)}
    assert called["pagination"]["total"] == 48


def test_what_is_like_one_of_theirs_is_theirs(world, theirs, browser):
    like_ours = clips(world.others, 1)[0]
    keep_vector(SearchIndex.objects.get(kind="clip"), like_ours, turned(0))

    found = carried(browser, like=str(like_ours.id))

    assert set().union(*found.values()) <= {*theirs, like_ours}
    found["gallery"] -= {like_ours}  # which the address of its next page names
    assert counts(found) == {"gallery": 24, "collection": 24, "public page": 24, "ZIP": meaning.MOST}
