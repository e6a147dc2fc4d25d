"""Foreign files, looked into by the real child process."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from generations.archive.clip import look
from generations.archive.errors import ArchiveError
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
    "gif": b"GIF89a" + b"\0" * 500,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
}


def test_a_clip_is_measured_and_its_poster_is_small(clip, tmp_path):
    file = tmp_path / "clip"
    file.write_bytes(clip)

    found = look(file)

    poster = Image.open(io.BytesIO(found.poster))
    assert (found.width, found.height, found.has_audio, found.suffix) == (426, 240, True, ".mp4")
    assert found.duration_seconds == pytest.approx(5, abs=0.1)
    assert (poster.format, poster.size) == ("WEBP", (426, 240))


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_clip_is_refused(content, tmp_path):  # M4
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
