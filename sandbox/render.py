"""Renders one clip to a file: `python -m sandbox.render <file>`, with the clip as JSON on its input.

A process of its own, so that the picture costs the API neither its event loop nor its memory. What would take a busy
core minutes is made cheaply: drawn smaller and slower than it is encoded, and, beyond LOOP_PIXELS, over and over again.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from sandbox.clips import Clip
from sandbox.pictures import picture_graph, pulled
from sandbox.sound import SAMPLE_RATE, sound_graph

# Ten seconds of 4k at 24 frames a second.
LOOP_PIXELS = 3840 * 2160 * 240
LARGE_PIXELS_A_SECOND = 1920 * 1080 * 30
QUALITY = {"preset": "superfast", "crf": "24"}
# No frame refers to a later one, so that the packets can be repeated, and cut off anywhere.
LARGE_QUALITY = {"preset": "ultrafast", "crf": "40", "bf": "0", "g": "120"}


def render(clip: Clip, path: Path) -> None:
    """Write an MP4 of exactly the clip's size, length and frame rate: H.264, AAC where it has sound, index first.

    Its prompt is in it as the comment, for what looks at clips here: see look.py.
    """
    is_large = clip.width * clip.height * clip.frames_a_second > LARGE_PIXELS_A_SECOND
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = _comment(clip.prompt)
        quality = LARGE_QUALITY if is_large else QUALITY
        video = container.add_stream("libx264", rate=clip.frames_a_second, options=quality)
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo") if clip.sound else None
        if is_large:
            _mux_over_and_over(container, video, clip)
        else:
            for packet in _encoded(video, clip, seconds=clip.seconds):
                container.mux(packet)
        if audio is not None:
            for frame in pulled(sound_graph(clip.prompt, seconds=clip.seconds)):
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))


def _comment(prompt: str) -> str:
    """Whole, as far as it can be written: without NUL, which would end it, and halves of surrogate pairs."""
    return prompt.replace("\0", " ").encode("utf-8", "replace").decode()


def _encoded(video: VideoStream, clip: Clip, *, seconds: int) -> Iterator[Any]:
    for frame in pulled(picture_graph(clip, seconds=seconds)):
        yield from video.encode(frame)
    yield from video.encode(None)


def _mux_over_and_over(container: OutputContainer, video: VideoStream, clip: Clip) -> None:
    """Encodes as many seconds as LOOP_PIXELS allows, and repeats them to the clip's length."""
    seconds = min(max(LOOP_PIXELS // (clip.width * clip.height * clip.frames_a_second), 1), clip.seconds)
    packets = list(_encoded(video, clip, seconds=seconds))
    ticks = int(1 / (packets[0].time_base * clip.frames_a_second))
    for place in range(clip.seconds * clip.frames_a_second):
        original = packets[place % len(packets)]
        packet = av.Packet(bytes(original))
        packet.pts = packet.dts = place * ticks
        packet.duration, packet.time_base = ticks, original.time_base
        packet.is_keyframe, packet.stream = original.is_keyframe, video
        container.mux(packet)


if __name__ == "__main__":
    os.nice(5)
    render(Clip(**json.load(sys.stdin)), Path(sys.argv[1]))
