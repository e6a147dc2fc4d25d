"""Looks into a foreign clip: a program of its own, run as a child with hardly any rights.

    python -I probe.py < clip.mp4 > report

Reports one line of JSON, then a poster as WebP. It reads nothing but its input, which must be MP4 or QuickTime, and
once it has loaded its libraries it can open no file and no socket. Exit status 1 and a line say why a clip is no good.
"""

import io
import json
import pkgutil
import resource
import sys
from importlib import import_module
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from PIL import Image, WebPImagePlugin

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
MAX_PIXELS = 7680 * 4320
POSTER_WIDTH = 960
POSTER_AT_SECONDS = 1.0
WHOLE_SHARE = 0.95


class NotAClip(Exception):
    """The input is not a whole clip."""


def main() -> None:
    _load_everything()
    _give_up_rights()
    try:
        report, poster = look(sys.stdin.buffer)
    except (NotAClip, av.FFmpegError, MemoryError, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}"[:300])
    sys.stdout.buffer.write(json.dumps(report).encode() + b"\n" + poster)


def look(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """What a clip is, with duration in seconds, and its poster. Raises NotAClip or an error of the libraries'."""
    with av.open(file, mode="r", format="mp4") as container:
        if not container.streams.video:
            raise NotAClip("no picture")
        video = container.streams.video[0]
        if not 0 < video.width * video.height <= MAX_PIXELS:
            raise NotAClip("no sensible size")
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


def _check_whole(container: InputContainer, duration: float) -> None:
    """Every byte is read; a file that was cut off ends before the time it says it lasts."""
    video = container.streams.video[0]
    end = 0.0
    for packet in container.demux(video):
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if duration <= 0 or end < WHOLE_SHARE * min(duration, _seconds(video) or duration):
        raise NotAClip("cut off")


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
        raise NotAClip("no picture can be decoded")
    image = picture.to_image()
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
