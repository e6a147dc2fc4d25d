"""Renders one clip to a file: `python -m sandbox.render <file>`, with the clip as JSON on its input.

A process of its own, so that the picture costs the API neither its event loop nor its memory.
"""

import json
import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import EOFError as EndOfStream
from av.filter import Graph
from av.filter.context import FilterContext

from sandbox.clips import Clip
from sandbox.palette import Palette
from sandbox.scenery import Layer, scenery
from sandbox.sound import SAMPLE_RATE, sound_graph

FRAMES_A_SECOND = 24
QUALITY = {"preset": "superfast", "crf": "24"}


def render(clip: Clip, path: Path) -> None:
    """Write an MP4 of exactly the clip's size and length: H.264, AAC where it has sound, index first."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FRAMES_A_SECOND, options=QUALITY)
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo") if clip.sound else None
        for frame in _pulled(_picture_graph(clip)):
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for frame in _pulled(sound_graph(clip.prompt, seconds=clip.seconds)):
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))


def _picture_graph(clip: Clip) -> Graph:
    scene = scenery(clip.prompt, width=clip.width, height=clip.height, seconds=clip.seconds)
    graph = Graph()
    picture = _sky(graph, clip, scene.palette)
    pictures = []
    for layer in scene.layers:
        source, shape = _source(graph, layer)
        overlay = graph.add("overlay", f"x={layer.x}:y={layer.y}:format=yuv420")
        picture.link_to(overlay, 0, 0)
        shape.link_to(overlay, 0, 1)
        pictures.append((source, layer.image))
        picture = overlay
    graph.link_nodes(picture, graph.add("format", "yuv420p"), graph.add("buffersink"))
    graph.configure()
    for source, image in pictures:
        # from_image() would drop the transparency.
        frame = av.VideoFrame.from_bytes(image.tobytes(), image.width, image.height, format="rgba")
        frame.pts, frame.time_base = 0, Fraction(1, FRAMES_A_SECOND)
        source.push(frame)
        source.push(None)
    return graph


def _sky(graph: Graph, clip: Clip, palette: Palette) -> FilterContext:
    """A gradient that turns slowly; made small, because a soft thing is as soft when it is scaled up."""
    width, height = clip.width // 4, clip.height // 4
    colours = ":".join(f"c{i}=0x{bytes(colour).hex()}" for i, colour in enumerate(palette.sky))
    span = f"x0={width // 2}:y0=0:x1={width // 2 + width // 6}:y1={int(height * 0.8)}"
    source = graph.add(
        "gradients",
        f"s={width}x{height}:r={FRAMES_A_SECOND}:d={clip.seconds}:n=3:{colours}:{span}:speed=0.002:seed=1",
    )
    scale = graph.add("scale", f"{clip.width}:{clip.height}:flags=bilinear")
    even = graph.add("format", "yuv420p")
    graph.link_nodes(source, scale, even)
    return even


def _source(graph: Graph, layer: Layer) -> tuple[FilterContext, FilterContext]:
    source = graph.add_buffer(
        width=layer.image.width,
        height=layer.image.height,
        format=av.VideoFormat("rgba"),
        time_base=Fraction(1, FRAMES_A_SECOND),
    )
    shape = graph.add("format", "yuva420p")
    source.link_to(shape)
    return source, shape


def _pulled(graph: Graph) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except EndOfStream:
            return


if __name__ == "__main__":
    os.nice(5)
    render(Clip(**json.load(sys.stdin)), Path(sys.argv[1]))
