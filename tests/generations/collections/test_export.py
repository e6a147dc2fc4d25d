import csv
import io
import json
import tempfile
import zipfile
from hashlib import sha256
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from generations import words
from generations.collections import export, items
from generations.models import Asset, Collection, Generation, Tag
from generations.search import query
from tests.api import completed_images, ensure_prices
from tests.collecting import clips, gathered, output_of
from tests.factories import make_team

pytestmark = pytest.mark.usefixtures("media_folder")
HOSTILE = "=1+1 ../../etc/pas\u202eswd\r\n<b>灯笼</b> " + "x" * 300


def packed(collection: Collection) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export.archive(collection))))
    assert archive.testzip() is None
    return archive


def told(archive: zipfile.ZipFile) -> tuple[dict, list[dict]]:
    """What both manifests say."""
    table = io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"), newline="")
    return json.loads(archive.read("manifest.json")), list(csv.DictReader(table))


def files_of(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if not name.startswith("manifest.")]


@pytest.fixture
def filled(team, maker) -> Collection:
    return gathered(team, maker, clips(team, 3, size=1000), name="灯笼 & co", description="Blue hour")


def test_it_holds_every_file_as_it_is_and_says_what_it_is(filled):
    first = filled.items.first().generation
    Tag.objects.create(team=first.team, generation=first, source="member", name="fog")
    Tag.objects.create(team=first.team, generation=first, source="machine", name="close-up", rejected_at=timezone.now())

    archive = packed(filled)

    manifest, rows = told(archive)
    entry = manifest["items"][0]
    assert (manifest["collection"], manifest["description"]) == ("灯笼 & co", "Blue hour")
    assert files_of(archive)[0] == f"0001-a-gate-and-light-1-{first.id}.mp4"
    assert (
        [each["files"][0]["name"] for each in manifest["items"]] == files_of(archive) == [each["file"] for each in rows]
    )
    assert (entry["prompt"], entry["model"], entry["tags"]) == ("A gate, and light 1", "seedance-2.0", ["fog"])
    assert entry["params"] == {"resolution": "480p"} == json.loads(rows[0]["params"])
    assert entry["created_at"] == first.created_at.isoformat() == rows[0]["created_at"]
    for each in manifest["items"]:
        (file,) = each["files"]
        content = archive.read(file["name"])
        assert (file["size_bytes"], file["sha256"]) == (len(content), sha256(content).hexdigest())
    assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}


def test_its_order_is_the_collection_s(filled, maker):
    first, last = filled.items.first().generation_id, filled.items.last().generation_id
    items.move(filled, last, beside=first, is_after=False, by=maker)

    manifest, _rows = told(packed(filled))

    assert [UUID(each["id"]) for each in manifest["items"]][:2] == [last, first]


def test_each_image_of_a_set_is_a_file(team, maker):
    ensure_prices()
    funded = make_team(granted=100)
    images = completed_images(funded, 3, prompt="An image")

    archive = packed(gathered(funded, maker, [images]))

    assert files_of(archive) == [f"0001-an-image-{images.id}-{number}.png" for number in (1, 2, 3)]
    assert [archive.read(name) for name in files_of(archive)] == [b"0", b"1", b"2"]


def test_hostile_prompts_make_safe_names_and_no_formula(team, maker):  # B10, M7
    made = clips(team, 1, prompt=HOSTILE, size=10) + clips(team, 1, prompt="…", size=10)

    archive = packed(gathered(team, maker, made))

    _manifest, rows = told(archive)
    name, bare = files_of(archive)
    assert not set(name) & set('/\\:*?"<>|\r\n\u202e')
    assert len(name.encode()) < 200
    assert bare.startswith("0002-")
    assert rows[0]["prompt"].startswith("'=1+1")


def test_what_is_gone_is_said_and_the_rest_is_there(filled, maker):
    gone, cut, whole = (item.generation for item in filled.items.all())
    (settings.MEDIA_FOLDER / output_of(gone).path).unlink()
    (settings.MEDIA_FOLDER / output_of(cut).path).write_bytes(b"half")

    archive = packed(filled)

    manifest, rows = told(archive)
    assert [each["files"][0]["is_missing"] for each in manifest["items"]] == [True, True, False]
    assert [each["is_missing"] for each in rows] == ["yes", "yes", ""]
    assert len(files_of(archive)) == 2
    assert str(whole.id) in files_of(archive)[1]


def test_deleted_while_it_is_sent_nothing_is_told_of_it_but_that_it_was(filled):
    chunks = export.archive(filled)
    sent = [next(chunks)]
    last = filled.items.last().generation
    # Read in one batch: what is deleted now was there when the batch was read, so its file is sent or said to be gone.
    Generation.objects.filter(pk=last.pk).update(hidden_at=timezone.now())
    last.assets.update(deleted_at=timezone.now())

    archive = zipfile.ZipFile(io.BytesIO(b"".join([*sent, *chunks])))

    assert archive.testzip() is None
    assert len(told(archive)[0]["items"]) == 3


def test_deleted_before_its_turn_its_prompt_is_not_told(filled, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 1)
    chunks = export.archive(filled)
    sent = [next(chunks)]
    last = filled.items.last().generation
    Generation.objects.filter(pk=last.pk).update(hidden_at=timezone.now())

    archive = zipfile.ZipFile(io.BytesIO(b"".join([*sent, *chunks])))

    manifest, rows = told(archive)
    assert manifest["items"][2] | {"id": ""} == {
        **{"position": 3, "id": "", "status": "deleted", "prompt": "", "model": "", "params": {}, "tags": []},
        **{"created_at": "", "completed_at": "", "files": []},
    }
    assert (rows[2]["id"], rows[2]["file"], len(files_of(archive))) == (str(last.id), "", 2)


def test_what_has_no_file_is_in_the_manifest_alone(team, maker):
    failed = clips(team, 1, state="failed", failure_code="TIMEOUT")

    archive = packed(gathered(team, maker, failed))

    assert files_of(archive) == []
    assert told(archive)[0]["items"][0]["status"] == "failed"


def test_an_empty_one_is_an_archive_too(team, maker):
    archive = packed(gathered(team, maker))

    assert (files_of(archive), told(archive)[0]["items"], told(archive)[1]) == ([], [], [])


def test_a_smart_one_is_what_it_finds(team, maker):
    made = clips(team, 3, size=10)
    clips(team, 1, state="failed", failure_code="TIMEOUT")

    archive = packed(gathered(team, maker, search={"show": "completed"}))

    assert [each["id"] for each in told(archive)[0]["items"]] == [str(each.id) for each in reversed(made)]


def test_its_manifest_says_what_a_smart_one_leaves_out(team, maker, monkeypatch):
    monkeypatch.setattr(query, "MOST", 1)
    for each in clips(team, 2, prompt="A boat"):
        words.keep(each)

    manifest, _rows = told(packed(gathered(team, maker, search={"q": "boat"})))

    assert (manifest["notice"], len(manifest["items"])) == ("The best 1 of what its search finds.", 1)


def test_it_is_named_after_the_collection(filled):
    assert export.name_of(filled) == "filmgate-灯笼-co.zip"
    assert export.name_of(Collection(name="…")) == "filmgate-collection.zip"


def test_left_in_the_middle_it_leaves_nothing(filled, monkeypatch):
    opened = []

    def watched(*args, **kwargs):
        opened.append(tempfile.TemporaryFile(*args, **kwargs))  # noqa: SIM115 -- what is tested closes it
        return opened[-1]

    monkeypatch.setattr("generations.collections.manifest.TemporaryFile", watched)
    chunks = export.archive(filled)
    for _ in range(2):
        next(chunks)

    chunks.close()

    assert [file.closed for file in opened] == [True, True]


@pytest.mark.usefixtures("team")
def test_files_are_those_of_outputs_alone(filled):
    assert Asset.objects.filter(kind=Asset.Kind.POSTER).count() == 3
    assert len(files_of(packed(filled))) == 3
