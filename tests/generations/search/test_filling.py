"""Every completed generation gets its entries, and a hidden one keeps nothing."""

import threading
import time

import pytest
from django.db import transaction

from generations import lifecycle
from generations.models import (
    Asset,
    Collection,
    CollectionItem,
    Generation,
    SearchEntry,
    SearchIndex,
    SearchText,
    State,
    Tag,
)
from generations.search import entries, filling, spaces
from tests.api import asked, completed, completed_images, failed, keep, running
from tests.factories import make_user
from tests.indexing import make_clips, make_embedder, set_options
from tests.races import meanwhile, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def indexes():
    """One of each kind, of providers that nobody can reach."""
    make_embedder("seeknetic")
    scnet = make_embedder("scnet", model="old")
    spaces.ensure()
    return scnet


def kinds(generation: Generation) -> list[str]:
    return sorted(SearchEntry.objects.filter(generation=generation).values_list("index__kind", flat=True))


def fill(index: SearchIndex) -> int:
    """To its end, and in how many chunks."""
    chunks = 1
    while not filling.fill_chunk(index):
        chunks += 1
    return chunks


def test_a_clip_is_entered_by_what_it_shows_and_by_its_prompt(team, indexes):
    clip = completed(team)

    filling.take_due()

    clip.refresh_from_db()
    assert kinds(clip) == ["clip", "prompt", "tags"]
    assert clip.index_at is None
    entry = SearchEntry.objects.first()
    assert (entry.team, entry.done_at, entry.attempt_count) == (team, None, 0)


def test_images_are_entered_by_their_prompt_alone(team, indexes):
    images = completed_images(team, 2)

    filling.take_due()

    assert kinds(images) == ["prompt"]


def test_what_has_not_been_made_is_not_entered(team, indexes):
    others = [asked(team), running(team), failed(team)]

    filling.take_due()

    assert [kinds(each) for each in others] == [[], [], []]


def test_a_clip_without_a_file_is_entered_by_its_prompt_and_one_without_words_by_what_it_shows(team, indexes):
    gone, wordless = make_clips(team, 2)
    Asset.objects.filter(generation=gone).delete()
    Generation.objects.filter(id=wordless.id).update(prompt=" \n")

    filling.take_due()

    assert kinds(gone) == ["prompt"]
    assert kinds(wordless) == ["clip", "tags"]


def test_entering_again_changes_nothing(team, indexes):
    clip = completed(team)
    filling.take_due()
    before = list(SearchEntry.objects.values())

    Generation.objects.update(index_at=clip.created_at)
    filling.take_due()

    assert list(SearchEntry.objects.values()) == before


def test_more_than_a_round_are_all_taken(team, indexes, monkeypatch):
    monkeypatch.setattr(filling, "ROWS", 2)
    make_clips(team, 5)

    filling.take_due()

    assert not Generation.objects.filter(index_at__isnull=False).exists()
    assert SearchEntry.objects.count() == 15


def test_of_a_hidden_generation_nothing_is_left_to_find_it_by(team, indexes):
    hidden, other = make_clips(team, 2)
    maker = make_user()
    collection = Collection.objects.create(team=team, name="Boats", created_by=maker)
    for each in (hidden, other):
        CollectionItem.objects.create(collection=collection, generation=each, position=1)
        Tag.objects.create(team=team, generation=each, source="member", name="boat", created_by=maker)
    filling.take_due()

    lifecycle.hide(hidden)
    filling.take_due()

    for model in (SearchEntry, SearchText, Tag, CollectionItem):
        left = set(model.objects.values_list("generation", flat=True))
        assert left == {other.id}, model
    assert Generation.objects.get(id=hidden.id).index_at is None


def test_hidden_ones_leave_collections_once_whoever_changes_these_is_done(team, indexes):  # K2
    hidden = make_clips(team, 1)[0]
    maker = make_user()
    boards = [Collection.objects.create(team=team, name=name, created_by=maker) for name in ("One", "Two")]
    items = [CollectionItem.objects.create(collection=each, generation=hidden, position=1) for each in boards]
    lifecycle.hide(hidden)
    written = []

    def change_both() -> None:
        """As reordering does: the collection's row, then its items."""
        with transaction.atomic():
            for board, item in zip(boards, items, strict=True):
                list(Collection.objects.select_for_update(no_key=True).filter(id=board.id))
                written.append(CollectionItem.objects.filter(id=item.id).update(position=2))
                locked.set()
                time.sleep(0.3)

    locked = threading.Event()
    with meanwhile(change_both):
        locked.wait(5)
        filling.take_due()

    assert written == [1, 1]
    assert not CollectionItem.objects.exists()
    assert Generation.objects.get(id=hidden.id).index_at is None


def test_one_hidden_in_the_middle_of_a_round_is_left_to_the_next(team, indexes, monkeypatch):
    hidden = make_clips(team, 1)[0]
    board = Collection.objects.create(team=team, name="One", created_by=make_user())
    CollectionItem.objects.create(collection=board, generation=hidden, position=1)
    take_out = filling._take_out_hidden

    def take_out_too_soon() -> None:
        take_out()
        lifecycle.hide(hidden)

    monkeypatch.setattr(filling, "_take_out_hidden", take_out_too_soon)
    filling.take_due()
    left = Generation.objects.get(id=hidden.id).index_at
    monkeypatch.setattr(filling, "_take_out_hidden", take_out)
    filling.take_due()

    assert left is not None
    assert not CollectionItem.objects.exists()
    assert Generation.objects.get(id=hidden.id).index_at is None


def test_hidden_before_it_was_ever_entered(team, indexes):
    clip = completed(team)
    lifecycle.hide(clip)

    filling.take_due()

    assert kinds(clip) == []
    assert not SearchText.objects.exists()


def test_a_new_index_passes_through_all_in_chunks(team, indexes, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    make_clips(team, 5)
    failed(team)
    set_options(indexes, model="new")
    spaces.ensure()
    index = SearchIndex.objects.get(model="new")

    chunks = fill(index)

    assert chunks == 4
    assert SearchEntry.objects.filter(index=index).count() == 5
    assert index.filled_at is not None


def test_whoever_fills_beside_another_doubles_nothing_and_leaves_nothing_out(team, indexes, monkeypatch):  # K2
    monkeypatch.setattr(filling, "CHUNK", 3)
    make_clips(team, 20)
    index = spaces.current("prompt")

    def fill_anew(_turn: int) -> None:
        while SearchIndex.objects.filter(id=index.pk, filled_at=None).exists():
            filling.fill_chunk(SearchIndex.objects.get(id=index.pk))

    race(fill_anew, range(4), threads=4)

    assert SearchEntry.objects.filter(index=index).count() == 20


def test_none_is_missed_that_completes_while_a_new_index_is_made_and_filled(team, indexes, monkeypatch):
    """Each of them is completed somewhere beside the making, the pass and the rounds that take what is due."""
    monkeypatch.setattr(filling, "CHUNK", 2)
    monkeypatch.setattr(filling, "ROWS", 2)
    generations = []
    for _ in range(40):
        generation = running(team)
        lifecycle.advance(generation, State.ARCHIVING)
        keep(generation, b"0123", kind=Asset.Kind.OUTPUT, content_type="video/mp4")
        generations.append(generation)
    set_options(indexes, model="new")
    is_over = threading.Event()

    def take() -> None:
        while not is_over.is_set():
            filling.take_due()

    def make_and_fill() -> None:
        spaces.ensure()
        for index in SearchIndex.objects.filter(filled_at=None):
            fill(index)

    with meanwhile(take), meanwhile(make_and_fill):
        race(lambda each: lifecycle.advance(each, State.COMPLETED), generations, threads=4)
        is_over.set()
    filling.take_due()

    for index in SearchIndex.objects.all():
        assert SearchEntry.objects.filter(index=index).count() == 40, index
    assert SearchIndex.objects.filter(model="new").count() == 1


def test_one_hidden_while_it_is_entered_has_nothing_in_the_end(team, indexes):
    """The pass saw it just before: whoever comes to work on such an entry lets it go."""
    clip = completed(team)
    index = spaces.current("prompt")
    lifecycle.hide(clip)
    filling.take_due()
    entry = SearchEntry.objects.create(index=index, generation=clip, team=team, next_at=clip.created_at)

    entry.refresh_from_db()
    assert entries.is_findable(entry) is False

    assert kinds(clip) == []


def test_what_waits_in_a_new_index_is_bounded(team, indexes, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    monkeypatch.setattr(filling, "IN_HAND", 4)
    make_clips(team, 9)
    index = spaces.current("prompt")

    room = []
    for _ in range(3):
        room.append(filling.has_room(index))
        if room[-1]:
            filling.fill_chunk(index)

    assert room == [True, True, False]
    assert SearchEntry.objects.filter(index=index).count() == 4
