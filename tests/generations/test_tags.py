from threading import Thread

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import translation

from generations import lifecycle, tag_words, tags, team_tags
from generations.models import Generation, Tag
from generations.providers.embedding import MachineTag
from generations.tags import ClipGone, HasIt, NameTooLong, NoName, TooManyTags
from tests.api import completed, ensure_prices
from tests.factories import make_team, make_user
from tests.races import race

CLOSE_UP, PAN = MachineTag("shot_size", "close_up"), MachineTag("camera_movement", "pan_left")


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def clip(team) -> Generation:
    return completed(team)


@pytest.fixture
def user(db):
    return make_user()


def add(clip: Generation, *names: str) -> list[Tag]:
    user = make_user()
    return [tags.add(clip, name, by=user) for name in names]


def fill(clip: Generation, count: int, user) -> None:
    of_clip = {"team_id": clip.team_id, "generation": clip, "source": "member", "created_by": user}
    Tag.objects.bulk_create(Tag(**of_clip, name=f"n{number}") for number in range(count))


def read_of(clip: Generation) -> list[tuple[str, str, bool]]:
    kept = Tag.objects.filter(generation=clip, source="machine").order_by("kind", "name")
    return [(tag.kind, tag.name, tag.rejected_at is not None) for tag in kept]


def names_of(clip: Generation) -> set[str]:
    return set(Tag.objects.filter(generation=clip, source="member").values_list("name", flat=True))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  neon   rain ", "neon rain"),
        ("e\u0301clat", "éclat"),
        ("雨夜", "雨夜"),
        ("a\u202eb\u0000c\u200bd", "abcd"),
        ("line\nend\u2028next", "line end next"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("half \ud800", "half"),
        ("字" * 40, "字" * 40),
    ],
)
def test_a_name_is_kept_in_one_line_without_what_cannot_be_seen(clip, user, given, kept):  # B11
    tag = tags.add(clip, given, by=user)

    tag.refresh_from_db()
    assert (tag.name, tag.source, tag.kind, tag.created_by, tag.team_id) == (kept, "member", "", user, clip.team_id)


@pytest.mark.parametrize("name", ["", "  \n ", "\u202e\u0000", "\u200d"])
def test_nothing_is_no_tag(clip, user, name):
    with pytest.raises(NoName):
        tags.add(clip, name, by=user)
    assert not Tag.objects.exists()


def test_a_name_has_forty_characters_at_most(clip, user):
    with pytest.raises(NameTooLong) as caught:
        tags.add(clip, "x" * 43, by=user)

    assert caught.value.over == 3
    assert not Tag.objects.exists()


@pytest.mark.parametrize("again", ["Neon", "NEON", "ｎｅｏｎ"])
def test_members_give_a_clip_each_tag_once_in_whatever_case(clip, again):
    (first,) = add(clip, "neon")

    with pytest.raises(HasIt) as caught:
        add(clip, again)

    assert (caught.value.tag, names_of(clip)) == (first, {"neon"})


def test_another_clip_gets_it_as_the_team_spells_it(clip, team):
    add(clip, "Neon")
    other, theirs = completed(team), completed(make_team(granted=100))

    add(other, "neon")
    add(theirs, "neon")

    assert (names_of(other), names_of(theirs)) == ({"Neon"}, {"neon"})


def test_a_member_may_say_what_the_machine_said(clip):
    tags.keep_read(clip, [PAN])

    add(clip, "pan_left")

    assert Tag.objects.filter(generation=clip, name="pan_left").count() == 2


def test_a_clip_has_twenty_of_members_and_no_more(clip, user):
    fill(clip, 19, user)
    tags.keep_read(clip, [CLOSE_UP, PAN])

    tags.add(clip, "the last", by=user)
    with pytest.raises(TooManyTags):
        tags.add(clip, "one more", by=user)

    assert len(names_of(clip)) == 20


def test_a_deleted_clip_gets_no_tag_and_keeps_those_it_has(clip, user):
    (tag,) = add(clip, "neon")
    lifecycle.hide(clip)

    for act in (
        lambda: tags.add(clip, "rain", by=user),
        lambda: tags.remove(tag),
        lambda: tags.restore(tag),
    ):
        with pytest.raises(ClipGone):
            act()
    tags.keep_read(clip, [CLOSE_UP])

    assert [each.name for each in Tag.objects.all()] == ["neon"]


def test_a_member_s_tag_is_deleted_once(clip):
    (tag,) = add(clip, "neon")

    assert [tags.remove(tag) for _ in range(2)] == [True, False]
    assert not Tag.objects.exists()


def test_the_machine_s_is_rejected_and_put_back(clip):
    tags.keep_read(clip, [PAN])
    tag = Tag.objects.get()

    assert [tags.remove(tag), tags.remove(tag)] == [True, False]
    assert read_of(clip) == [("camera_movement", "pan_left", True)]
    assert [tags.restore(tag), tags.restore(tag)] == [True, False]
    assert read_of(clip) == [("camera_movement", "pan_left", False)]


def test_what_is_read_anew_takes_the_place_of_what_was_read_and_of_nothing_else(clip):  # K4
    tags.keep_read(clip, [CLOSE_UP, PAN, MachineTag("angle", "low")])
    tags.remove(Tag.objects.get(name="low"))
    add(clip, "neon")
    for _ in range(2):
        tags.keep_read(clip, [CLOSE_UP, MachineTag("camera_movement", "static"), MachineTag("angle", "Low-Angle shot")])

    assert read_of(clip) == [
        ("angle", "low", True),
        ("camera_movement", "static", False),
        ("shot_size", "close_up", False),
    ]
    assert names_of(clip) == {"neon"}


def test_reading_the_same_again_writes_nothing(clip):
    tags.keep_read(clip, [CLOSE_UP, PAN])
    before = list(Tag.objects.values())

    tags.keep_read(clip, [PAN, CLOSE_UP, PAN])

    assert list(Tag.objects.values()) == before


def test_what_a_machine_says_is_cleaned_and_bounded(clip):  # B11
    odd = [MachineTag("mood", " dr\u202eeamy\n light "), MachineTag("angle", "\u0000"), MachineTag("", "x" * 500)]

    tags.keep_read(clip, [*odd, *(MachineTag("", f"thing {at}") for at in range(500))])

    kept = read_of(clip)
    assert len(kept) == tags.MOST_OF_MACHINE - 1
    assert {("", "dreamy light", False), ("", "x" * 40, False)} <= set(kept)


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("shot_size", "extreme_close_up", "Extreme close-up"),
        ("shot_size", "Extreme Close-Up Shot", "Extreme close-up"),
        ("shot_size", "ECU", "Extreme close-up"),
        ("shot_size", "medium shot", "Medium shot"),
        ("shot_size", "long shot", "Wide shot"),
        ("camera_movement", "static", "Static camera"),
        ("camera_movement", "camera push_in", "Push in"),
        ("camera_movement", "dolly out", "Pull out"),
        ("camera_movement", "hand-held", "Handheld"),
        ("angle", "birds_eye_view", "Bird's-eye view"),
        ("angle", "bird's-eye view", "Bird's-eye view"),
        ("angle", "high_angle", "High angle"),
        ("angle", "from a drone's belly", "from a drone's belly"),
        ("", "high", "high"),
        ("", "雨夜", "雨夜"),
    ],
)
def test_known_words_of_machines_have_labels_and_others_are_as_they_are(kind, name, label):
    with translation.override("en"):
        assert tags.label(Tag(source="machine", kind=kind, name=name)) == label


def test_a_member_s_tag_is_never_translated():
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            assert tags.label(Tag(source="member", name="close_up")) == "close_up"


def test_a_text_means_the_tags_that_it_begins_in_either_language(clip, team):
    tags.keep_read(clip, [CLOSE_UP, MachineTag("angle", "high"), MachineTag("", "Ｄragon gate")])
    add(clip, "雨夜霓虹", "closet", "雨")
    with translation.override("zh-hans"):
        chinese = tag_words.label("shot_size", "close_up")

    def meant(text: str) -> list[str]:
        return sorted(tags.matching(team.pk, text))

    assert meant("close") == ["close_up", "closet"]
    assert meant("CLOSE UP") == meant("close-up") == ["close_up"]
    assert meant(chinese) == ["close_up"]
    assert meant("high angle") == meant("hi") == ["high"]
    assert meant("dragon g") == ["Ｄragon gate"]
    assert meant("雨夜") == ["雨夜霓虹"]
    assert meant("雨") == ["雨"]
    assert meant("c") == meant("") == meant(" - ") == meant("nothing") == []


def test_nothing_of_another_team_or_of_a_rejected_tag_is_meant_or_listed(clip, team):  # A1
    theirs = completed(make_team(granted=100))
    add(theirs, "neon")
    tags.keep_read(clip, [PAN])
    tags.remove(Tag.objects.get(name="pan_left"))

    assert tags.matching(team.pk, "neon") == tags.matching(team.pk, "pan") == []
    assert team_tags.of_team(team.pk) == []
    assert not tags.with_tag(Generation.objects.for_team(team.pk), "neon").exists()
    assert not tags.with_tag(Generation.objects.for_team(team.pk), "pan_left").exists()
    assert [each.name for each in team_tags.of_team(theirs.team_id)] == ["neon"]


def test_clips_are_found_by_the_machine_s_tags_and_by_members(clip, team):
    tags.keep_read(clip, [PAN])
    other = completed(team)
    add(other, "pan_left", "neon")
    completed(team)

    found = tags.with_tag(Generation.objects.for_team(team.pk), "pan_left")

    assert set(found) == {clip, other}
    assert list(tags.with_tag(Generation.objects.for_team(team.pk), "neon")) == [other]


def test_the_team_s_tags_are_listed_with_who_gave_them_and_how_many_clips_have_them(clip, team):
    tags.keep_read(clip, [PAN, MachineTag("", "lamp")])
    other = completed(team)
    tags.keep_read(other, [PAN])
    add(other, "pan_left", "neon", "Nebel")

    listed = team_tags.of_team(team.pk)

    assert [(each.name, each.kind, each.kinds, each.is_members, each.clips) for each in listed] == [
        ("Nebel", "", frozenset(), True, 1),
        ("lamp", "", frozenset({""}), False, 1),
        ("neon", "", frozenset(), True, 1),
        ("pan_left", "camera_movement", frozenset({"camera_movement"}), True, 2),
    ]
    assert [each.name for each in team_tags.of_team(team.pk, starting="NE")] == ["Nebel", "neon"]
    assert [each.name for each in team_tags.of_team(team.pk, starting="p")] == ["pan_left"]
    assert [each.name for each in team_tags.of_team(team.pk, limit=2)] == ["Nebel", "lamp"]
    assert not any(each.has_more for each in listed)


def test_nothing_of_a_deleted_clip_is_listed(clip, team):
    add(clip, "neon", "rain")
    other = completed(team)
    add(other, "rain")
    lifecycle.hide(clip)

    assert [(each.name, each.clips) for each in team_tags.of_team(team.pk, limit=1)] == [("rain", 1)]


def test_many_clips_are_counted_up_to_a_bound(clip, team, monkeypatch):
    monkeypatch.setattr(team_tags, "CLIPS_COUNTED", 2)
    for each in (clip, completed(team), completed(team)):
        add(each, "neon")
    add(clip, "rain")

    assert [(each.name, each.clips, each.has_more) for each in team_tags.of_team(team.pk)] == [
        ("neon", 2, True),
        ("rain", 1, False),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_add_one_tag_at_once_one_does():  # K2
    ensure_prices()
    clip, user = completed(make_team(granted=100)), make_user()

    def try_to(name: str) -> bool:
        try:
            tags.add(clip, name, by=user)
        except HasIt:
            return False
        return True

    assert sum(race(try_to, ["neon", "Neon", "NEON", "neoN"] * 2, threads=8)) == 1
    assert Tag.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_places_are_taken_once():  # K2
    ensure_prices()
    clip, user = completed(make_team(granted=100)), make_user()
    fill(clip, 18, user)

    def try_to(number: int) -> bool:
        try:
            tags.add(clip, f"late {number}", by=user)
        except TooManyTags:
            return False
        return True

    assert sum(race(try_to, range(8), threads=8)) == 2
    assert len(names_of(clip)) == 20


@pytest.mark.django_db(transaction=True)
def test_two_readings_at_once_leave_one_of_them_whole_and_no_rejection_is_lost():  # K2, K4
    ensure_prices()
    clip = completed(make_team(granted=100))
    tags.keep_read(clip, [PAN])
    rejected = Tag.objects.get()
    readings = [
        [PAN, CLOSE_UP, MachineTag("angle", "low")],
        [PAN, MachineTag("shot_size", "wide"), MachineTag("angle", "high")],
    ]

    def act(number: int) -> None:
        if number == 3:
            tags.remove(rejected)
        else:
            tags.keep_read(clip, readings[number % 2])

    race(act, range(8), threads=8)

    kept = read_of(clip)
    whole = [sorted((each.kind, each.name, each is PAN) for each in reading) for reading in readings]
    assert kept in whole


@pytest.mark.django_db(transaction=True)
def test_whoever_tags_a_clip_while_it_is_deleted_waits_and_is_told():  # K2
    ensure_prices()
    clip, user = completed(make_team(granted=100)), make_user()
    answers = []

    def late() -> None:
        try:
            tags.add(clip, "late", by=user)
        except ClipGone:
            answers.append("gone")
        finally:
            connection.close()

    with transaction.atomic():
        lifecycle.hide(clip)
        thread = Thread(target=late)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()

    assert (answers, Tag.objects.exists()) == (["gone"], False)


def test_names_clips_and_counts_are_read_from_the_index_alone_or_by_it(clip, team):
    Tag.objects.bulk_create(
        Tag(generation=clip, team=team, source="member", name=f"neon {number}") for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE generations_tag")
        cursor.execute("SET LOCAL enable_seqscan = off")
    given = {"team": team.pk, "names": ["neon"], "most": 1000, "limit": 50}
    of_tag = tags.with_tag(Generation.objects.for_team(team.pk), "neon").newest_first()[:24]

    assert "Index Only Scan using tag_of_team" in plan_of(team_tags._NAMES, given)
    assert "using tag_of_team" in plan_of(team_tags._COUNTED, given)
    assert "using tag_of_team" in of_tag.explain()


def plan_of(sql: str, given: dict[str, object]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", given)
        return "\n".join(row for (row,) in cursor.fetchall())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("night boat", ["boat", "night"]),
        ("a small boat at night", ["boat", "night"]),
        ("harbour at dawn, the boat", ["boat", "harbour at dawn"]),
        ("boat, harb", ["boat", "harbour at dawn"]),
        ("harb boat ", ["boat"]),
        ("boats", []),
        ("海边雨夜霓虹的路", ["雨夜霓虹"]),
        ("extreme close-up of a boat", ["boat", "extreme_close_up"]),
        ("a close-up", ["close_up"]),
        ("a boat, seen from a bird's-eye view", ["bird's eye", "boat"]),
    ],
)
def test_a_text_means_every_tag_that_it_has_in_it(clip, team, text, meant):
    tags.keep_read(
        clip,
        [
            CLOSE_UP,
            MachineTag("shot_size", "extreme_close_up"),
            MachineTag("angle", "bird's eye"),
            MachineTag("", "night"),
        ],
    )
    add(clip, "boat", "雨夜霓虹", "harbour at dawn")

    assert tags.matching(team.pk, text) == meant


def test_what_is_typed_as_it_is_is_meant_however_many_names_there_are(clip, team, monkeypatch):
    monkeypatch.setattr(team_tags, "NAMES_LOOKED_AT", 1)
    add(clip, "boat", "雨夜", "Neon")

    assert tags.matching(team.pk, "海边 雨夜") == ["雨夜"]
    assert tags.matching(team.pk, "Neon rain") == ["Neon"]
