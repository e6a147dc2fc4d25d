"""Foreign files, looked into by the real child process."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from generations.archive.clip import look
from generations.archive.errors import ArchiveError
from tests.generations.archive.conftest import picture
from tests.generations.archive.test_uploads import png_header
from tests.receiver import Receiver

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n%s\n#EXT-X-ENDLIST\n"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.mp4", b"\0" * 1_000_000)
    return file.getvalue()


def boxes(*kinds: bytes) -> bytes:
    return b"".join(struct.pack(">I", 16) + kind + b"isom\0\0\0\0" for kind in kinds)


HOSTILE = {
    "empty": b"",
    "text": b"hello\n" * 1000,
    "html": b"<!doctype html><title>404</title>",
    "passwd": PLAYLIST % b"file:///etc/passwd",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "concat protocol": PLAYLIST % b"concat:/etc/passwd|/etc/hosts",
    "zip": zipped(),
    "ftyp only": boxes(b"ftyp"),
    "empty moov": boxes(b"ftyp", b"moov"),
    "huge box": struct.pack(">I4sQ", 1, b"moov", 2**62),
    "webm": b"\x1aE\xdf\xa3" + b"\0" * 500,
    "avi": b"RIFF\xff\xff\xff\x7fAVI LIST",
    "png signature": b"\x89PNG\r\n\x1a\n",
    "jpeg signature": b"\xff\xd8\xff\xe0" + b"\0" * 500,
    "webp signature": b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0",
    "gif": b"GIF89a" + b"\0" * 500,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
}


STILLS = {"PNG": (".png", "image/png"), "JPEG": (".jpg", "image/jpeg"), "WEBP": (".webp", "image/webp")}


def test_a_clip_is_measured_and_its_poster_is_small(clip, tmp_path):
    file = tmp_path / "clip"
    file.write_bytes(clip)

    found = look(file)

    poster = Image.open(io.BytesIO(found.poster))
    assert (found.width, found.height, found.has_audio, found.suffix) == (426, 240, True, ".mp4")
    assert found.duration_seconds == pytest.approx(5, abs=0.1)
    assert (poster.format, poster.size) == ("WEBP", (426, 240))


@pytest.mark.parametrize("format", STILLS)
def test_an_image_is_known_by_its_content_and_its_poster_is_small(format, tmp_path):
    file = tmp_path / "image.mp4"
    file.write_bytes(picture(format, (1920, 1200)))

    found = look(file)

    poster = Image.open(io.BytesIO(found.poster))
    assert (found.width, found.height, found.duration_seconds, found.has_audio) == (1920, 1200, None, False)
    assert (found.suffix, found.content_type) == STILLS[format]
    assert (poster.format, poster.size) == ("WEBP", (960, 600))


def test_an_image_that_lies_on_its_side_is_measured_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "image"
    file.write_bytes(picture("JPEG", (600, 400), exif=exif))

    found = look(file)

    assert (found.width, found.height) == (400, 600)
    assert Image.open(io.BytesIO(found.poster)).size == (400, 600)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_an_image_of_any_colours_has_a_poster(mode, tmp_path):
    file = tmp_path / "image"
    Image.new(mode, (40, 30)).save(file, "JPEG" if mode == "CMYK" else "PNG")

    assert Image.open(io.BytesIO(look(file).poster)).size == (40, 30)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("format", STILLS)
def test_an_image_that_was_cut_off_is_refused(format, share, tmp_path):  # M13
    file = tmp_path / "image"
    noise = io.BytesIO()
    Image.effect_noise((300, 200), 80).save(noise, format)
    file.write_bytes(noise.getvalue()[: int(len(noise.getvalue()) * share)])

    with pytest.raises(ArchiveError):
        look(file)


def test_an_image_with_more_pixels_than_a_screen_can_have_is_refused_before_it_is_decoded(tmp_path):  # M4
    file = tmp_path / "image.png"
    for width, height in ((60_000, 60_000), (8000, 8000), (2**31 - 1, 1)):
        file.write_bytes(png_header(width, height).getvalue())

        with pytest.raises(ArchiveError, match=r"no sensible size|Decompression"):
            look(file)


def test_flipped_bytes_of_an_image_never_do_more_than_fail(tmp_path):  # M4
    file = tmp_path / "image"
    for step, format in enumerate((*STILLS, *STILLS)):
        broken = bytearray(picture(format, (200, 100)))
        broken[20 + step * 7 :: 61] = b"\xff" * len(broken[20 + step * 7 :: 61])
        file.write_bytes(bytes(broken))

        try:
            found = look(file)
        except ArchiveError as error:
            assert "Traceback" not in str(error)  # noqa: PT017 -- it may fail or not
            continue
        assert found.width > 0


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_neither_clip_nor_image_is_refused(content, tmp_path):  # M4
    file = tmp_path / "clip.mp4"
    file.write_bytes(content)

    with pytest.raises(ArchiveError):
        look(file)


def test_a_playlist_causes_no_request(tmp_path):  # M4
    file = tmp_path / "clip.mp4"
    with Receiver() as receiver:
        file.write_bytes(PLAYLIST % receiver.url("/segment.ts").encode())

        with pytest.raises(ArchiveError):
            look(file)

    assert receiver.requests == []


def test_flipped_bytes_never_do_more_than_fail(clip, tmp_path):  # M4
    file = tmp_path / "clip.mp4"
    for step in range(6):
        broken = bytearray(clip)
        broken[step * 997 :: 4001] = b"\xff" * len(broken[step * 997 :: 4001])
        file.write_bytes(bytes(broken))

        try:
            found = look(file)
        except ArchiveError:
            continue
        assert found.width > 0


def test_the_reason_names_no_path_of_ours(tmp_path: Path):
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"no")

    with pytest.raises(ArchiveError) as caught:
        look(file)

    assert str(tmp_path) not in str(caught.value)
