import io
import struct
import zlib

import pytest
from django.conf import settings
from django.db import transaction
from PIL import Image

from accounts import teams
from accounts.actors import Actor
from accounts.models import Team
from generations import lifecycle
from generations.archive import store
from generations.archive.uploads import BadUpload, adopt, keep_upload
from generations.models import Asset
from generations.submitting import sweep
from tests.api import completed_images, ensure_prices
from tests.factories import make_team
from tests.races import meanwhile, race

pytestmark = pytest.mark.usefixtures("media_folder")


def encoded(image: Image.Image, format: str, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def picture(asset: Asset) -> Image.Image:
    return Image.open(settings.MEDIA_FOLDER / asset.path)


def png_header(width: int, height: int) -> io.BytesIO:
    """A PNG that says it is that large, and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    content = zlib.compress(b"\0" * 1000)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b""))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("format", "suffix", "content_type"),
    [("JPEG", ".jpg", "image/jpeg"), ("PNG", ".png", "image/png"), ("WEBP", ".webp", "image/webp")],
)
def test_an_image_is_kept_as_what_it_is(format, suffix, content_type):
    asset = keep_upload(make_team(), encoded(Image.new("RGB", (64, 48), "red"), format))

    assert (asset.content_type, asset.width, asset.height, asset.kind) == (content_type, 64, 48, "upload")
    assert asset.path.endswith(suffix)
    assert picture(asset).size == (64, 48)


@pytest.mark.django_db
def test_metadata_is_gone_and_the_picture_stands_upright():  # M3
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "where I live"

    asset = keep_upload(make_team(), encoded(Image.new("RGB", (64, 48)), "JPEG", exif=exif))

    assert (asset.width, asset.height) == (48, 64)
    assert not picture(asset).getexif()
    assert b"where I live" not in (settings.MEDIA_FOLDER / asset.path).read_bytes()


@pytest.mark.django_db
def test_of_an_animation_the_first_frame_is_kept():  # M6
    frames = [Image.new("RGB", (16, 16), (number, 0, 0)) for number in range(200)]

    asset = keep_upload(make_team(), encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))

    assert getattr(picture(asset), "n_frames", 1) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1", "CMYK"])
def test_every_kind_of_pixels_becomes_plain(mode):
    format = "JPEG" if mode == "CMYK" else "PNG"

    asset = keep_upload(make_team(), encoded(Image.new(mode, (8, 8)), format))

    assert picture(asset).mode in ("RGB", "RGBA")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("width", "height"), [(50_000, 50_000), (13_300, 13_400), (10_000, 9_000), (8_000, 5_001), (40_000_001, 1)]
)
def test_a_picture_too_large_to_decode_is_refused_by_its_header(width, height):  # M1, M2
    with pytest.raises(BadUpload):
        keep_upload(make_team(), png_header(width, height))

    assert not Asset.objects.exists()


@pytest.mark.django_db
def test_it_is_said_that_a_picture_has_too_many_pixels():
    with pytest.raises(BadUpload, match="more than 40 megapixels"):
        keep_upload(make_team(), png_header(10_000, 4_001))


HOSTILE = {
    "empty": b"",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n",
    "gif": encoded(Image.new("P", (8, 8)), "GIF").getvalue(),
    "gif with script": b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
    "ico": encoded(Image.new("RGB", (16, 16)), "ICO").getvalue(),
    "tiff": encoded(Image.new("RGB", (8, 8)), "TIFF").getvalue(),
    "bmp": encoded(Image.new("RGB", (8, 8)), "BMP").getvalue(),
    "fits": b"SIMPLE  =                    T".ljust(2880),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n",
    "png magic alone": b"\x89PNG\r\n\x1a\n",
    "cut off": encoded(Image.effect_noise((400, 400), 90), "PNG").getvalue()[:3000],
    "jpeg magic alone": b"\xff\xd8\xff\xe0",
}


@pytest.mark.django_db
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_such_image_is_refused(content):  # M3
    with pytest.raises(BadUpload):
        keep_upload(make_team(), io.BytesIO(content))

    assert not Asset.objects.exists()


@pytest.mark.django_db
def test_what_follows_the_picture_is_dropped():  # M3
    file = encoded(Image.new("RGB", (8, 8)), "PNG")
    polyglot = io.BytesIO(file.getvalue() + b"<script>alert(1)</script>")

    asset = keep_upload(make_team(), polyglot)

    assert b"script" not in (settings.MEDIA_FOLDER / asset.path).read_bytes()


@pytest.mark.django_db
def test_no_more_than_twenty_mebibytes_are_read():  # M5
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\xff" * size

    endless = Endless()

    with pytest.raises(BadUpload, match="larger than 20 MB"):
        keep_upload(make_team(), endless)

    assert endless.given == (20 << 20) + 1


def team_with_credits() -> Team:
    ensure_prices()
    return make_team(granted=1000)


def made_image(team: Team, content: bytes = b"0") -> Asset:
    """An image that was made here, its file where files are."""
    output = completed_images(team, 1).assets.get(kind="output")
    with store.draft([content]) as draft, transaction.atomic():
        output.path, output.sha256 = store.keep(draft, ".png"), draft.sha256
        output.save()
    return output


@pytest.mark.django_db
def test_an_adopted_image_is_an_upload_of_the_same_file_once():
    team = team_with_credits()
    output = made_image(team)

    upload, again = adopt(team, output.pk), adopt(team, output.pk)

    assert (upload.kind, upload.generation_id, upload.path) == ("upload", None, output.path)
    assert again == upload
    assert adopt(team, upload.pk) == upload


@pytest.mark.django_db
def test_an_adopted_image_outlives_the_one_that_was_made():
    team = team_with_credits()
    output = made_image(team)
    upload = adopt(team, output.pk)

    lifecycle.hide(output.generation)
    sweep.sweep()

    assert (settings.MEDIA_FOLDER / upload.path).exists()


@pytest.mark.django_db
def test_a_closing_team_adopts_nothing():
    team = team_with_credits()
    output = made_image(team)
    teams.close(team, by=Actor())

    with pytest.raises(BadUpload):
        adopt(team, output.pk)

    assert not Asset.objects.filter(kind="upload").exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_adopted_while_it_is_deleted_is_there_or_refused():
    team = team_with_credits()
    outputs = [made_image(team, b"%d" % number) for number in range(8)]

    def take(output: Asset) -> Asset | None:
        try:
            return adopt(team, output.pk)
        except BadUpload:
            return None

    with meanwhile(lambda: [(lifecycle.hide(each.generation), sweep.unlink_deleted_files()) for each in outputs]):
        adopted = race(take, outputs, threads=8)
    while sweep.unlink_deleted_files():
        pass

    kept = [each for each in adopted if each]
    assert [each.path for each in kept if not (settings.MEDIA_FOLDER / each.path).exists()] == []
    assert Asset.objects.filter(kind="upload", deleted_at=None).count() == len(kept)


@pytest.mark.django_db(transaction=True)
def test_adopted_eight_times_at_once_it_is_one_upload():
    team = team_with_credits()
    output = made_image(team)

    uploads = race(lambda _number: adopt(team, output.pk).pk, range(8), threads=8)

    assert len(set(uploads)) == Asset.objects.filter(kind="upload").count() == 1
