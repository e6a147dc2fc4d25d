"""Looks into foreign clips and images: a program of its own that forks for each of them a child with hardly any rights.

    python -I probe.py

Its standard input is a socket (AF_UNIX, SOCK_SEQPACKET); each message brings two descriptors: the file, and where to
report. Its libraries are loaded once, before the first; it ends when the socket is closed.

A child reports one line of JSON, then a poster as WebP; for what is no good {"error": "…"} and nothing else. It reads
nothing but its file, which must be PNG, JPEG or WebP, MP4 or QuickTime by its content, and it can open no file and no
socket. One that breaks a limit dies without a word.
"""

import io
import json
import os
import pkgutil
import re
import resource
import signal
import socket
import struct
from importlib import import_module
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from PIL import Image, ImageOps, WebPImagePlugin

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
SECONDS = 30
MAX_PIXELS = 7680 * 4320
POSTER_WIDTH = 960
POSTER_AT_SECONDS = 1.0
WHOLE_SHARE = 0.95
SIGNATURES = {
    rb"\x89PNG\r\n\x1a\n": ("PNG", "image/png"),
    rb"\xff\xd8\xff": ("JPEG", "image/jpeg"),
    rb"RIFF.{4}WEBP": ("WEBP", "image/webp"),
}
# Besides MemoryError, what the libraries raise for a file that is not what it says.
_UNREADABLE = (av.FFmpegError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error)


class NotWhole(Exception):
    """The input is neither a whole clip nor a whole image."""


def main() -> None:
    _load_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to wait for the children
    calls = socket.socket(fileno=0)
    while descriptors := socket.recv_fds(calls, 1, 2)[1]:
        if os.fork() == 0:
            _be_the_child(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _be_the_child(file_descriptor: int, report_descriptor: int) -> None:
    """Never returns. Both ends of our caller's socket are closed before anything of the file is read."""
    try:
        os.dup2(file_descriptor, 0)
        os.dup2(report_descriptor, 1)
        os.closerange(3, max(file_descriptor, report_descriptor) + 1)
        with os.fdopen(0, "rb") as file, os.fdopen(1, "wb") as out:
            signal.alarm(SECONDS)
            _give_up_rights()
            out.write(_answer(file))
    finally:
        os._exit(0)


def _answer(file: BinaryIO) -> bytes:
    try:
        report, poster = look(file)
    except (NotWhole, MemoryError, *_UNREADABLE) as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}).encode()
    return json.dumps(report).encode() + b"\n" + poster


def look(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """What it is, and its poster; the file can be sought in. Raises NotWhole or an error of the libraries'."""
    start = file.read(16)
    file.seek(0)
    for signature, (format_name, content_type) in SIGNATURES.items():
        if re.match(signature, start, re.DOTALL):
            return _look_at_image(file, format_name, content_type)
    return _look_at_clip(file)


def _look_at_image(file: BinaryIO, format_name: str, content_type: str) -> tuple[dict[str, Any], bytes]:
    """Every check sum is checked and every pixel decoded; of a moving one the first picture is."""
    with Image.open(file, formats=[format_name]) as image:
        # Opening reads only the header; nothing large is decoded before its size is known.
        _check_size(image.width, image.height)
        image.verify()
    file.seek(0)
    with Image.open(file, formats=[format_name]) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
        has_alpha = "A" in upright.getbands() or "transparency" in upright.info
        plain = upright.convert("RGBA" if has_alpha else "RGB")
    report = {
        "duration_seconds": None,
        "width": plain.width,
        "height": plain.height,
        "has_audio": False,
        "content_type": content_type,
    }
    return report, _encoded(plain)


def _look_at_clip(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Durations are in seconds."""
    with av.open(file, mode="r", format="mp4") as container:
        if not container.streams.video:
            raise NotWhole("no picture")
        video = container.streams.video[0]
        _check_size(video.width, video.height)
        duration = (container.duration or 0) / av.time_base
        is_quicktime = container.metadata.get("major_brand", "").strip() == "qt"
        report = {
            "duration_seconds": round(duration, 3),
            "width": video.width,
            "height": video.height,
            "has_audio": bool(container.streams.audio),
            "content_type": "video/quicktime" if is_quicktime else "video/mp4",
        }
        _check_whole(container, duration)
        container.seek(0)
        return report, _poster(container, duration)


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise NotWhole("no sensible size")


def _check_whole(container: InputContainer, duration: float) -> None:
    """Every byte is read; a file that was cut off ends before the time it says it lasts."""
    video = container.streams.video[0]
    end = 0.0
    for packet in container.demux(video):
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if duration <= 0 or end < WHOLE_SHARE * min(duration, _seconds(video) or duration):
        raise NotWhole("cut off")


def _seconds(video: Any) -> float:
    return float(video.duration * video.time_base) if video.duration and video.time_base else 0.0


def _poster(container: InputContainer, duration: float) -> bytes:
    """The picture at one second, or half way through a shorter clip."""
    video = container.streams.video[0]
    video.codec_context.thread_count = 1
    wanted = min(POSTER_AT_SECONDS, duration / 2)
    picture = None
    for frame in container.decode(video):
        picture = frame
        if frame.time is None or frame.time >= wanted:
            break
    if picture is None:
        raise NotWhole("no picture can be decoded")
    return _encoded(picture.to_image())


def _encoded(image: Image.Image) -> bytes:
    """As a small WebP; the image itself is made small."""
    image.thumbnail((POSTER_WIDTH, POSTER_WIDTH))
    poster = io.BytesIO()
    image.save(poster, WebPImagePlugin.WebPImageFile.format, quality=82)
    return poster.getvalue()


def _load_everything() -> None:
    """What is imported on first use could not be opened later."""
    Image.init()
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def _give_up_rights() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


if __name__ == "__main__":
    main()
