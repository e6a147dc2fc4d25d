"""Moving pictures and single ones, as frames of a filter graph: a scene's layers drifting over its sky."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.error import EOFError as EndOfStream
from av.filter import Graph
from av.filter.context import FilterContext

from sandbox.clips import Clip, Still
from sandbox.palette import Palette
from sandbox.scenery import Layer, Scenery, scenery

CLIP_SIDE_DRAWN = 1080
STILL_SIDE_DRAWN = 2048
RATE_DRAWN = 30


def picture_graph(clip: Clip, *, seconds: int) -> Graph:
    """The clip's first seconds, drawn with a shorter side of 1080 pixels and 30 times a second at most."""
    share = min(Fraction(CLIP_SIDE_DRAWN, min(clip.width, clip.height)), Fraction(1))
    width, height = (2 * round(side * share / 2) for side in (clip.width, clip.height))
    scene = scenery(clip.prompt, width=width, height=height, seconds=seconds)
    canvas = _Canvas(Graph(), width, height, min(clip.frames_a_second, RATE_DRAWN), seconds)
    return canvas.finished(scene, f"{clip.width}:{clip.height}", rate=clip.frames_a_second)


def still_graph(still: Still) -> Graph:
    """One frame. High quality is drawn with up to 2048 pixels a side, standard with half as many."""
    side = min(still.width, STILL_SIDE_DRAWN) // (1 if still.quality == "high" else 2)
    take = f" {still.seed} {still.number}"
    scene = scenery(still.prompt, width=side, height=side, seconds=1, take=take, style=still.style)
    return _Canvas(Graph(), side, side, 1, 1).finished(scene, f"{still.width}:{still.height}", rate=1)


def pulled(graph: Graph) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except EndOfStream:
            return


@dataclass(frozen=True, slots=True)
class _Canvas:
    graph: Graph
    width: int
    height: int
    rate: int
    seconds: int

    def finished(self, scene: Scenery, size: str, *, rate: int) -> Graph:
        """The scene in that size ("width:height"), its frames repeated to that rate."""
        graph, picture, pictures = self.graph, self._sky(scene.palette), []
        for layer in scene.layers:
            source, shape = self._source(layer)
            overlay = graph.add("overlay", f"x={layer.x}:y={layer.y}:format=yuv420")
            picture.link_to(overlay, 0, 0)
            shape.link_to(overlay, 0, 1)
            pictures.append((source, layer.image))
            picture = overlay
        last = [graph.add("format", "yuv420p")]
        if size != f"{self.width}:{self.height}":
            last.append(graph.add("scale", f"{size}:flags=bilinear"))
        if rate != self.rate:
            last.append(graph.add("fps", str(rate)))
        graph.link_nodes(picture, *last, graph.add("buffersink"))
        graph.configure()
        for source, image in pictures:
            # from_image() would drop the transparency.
            frame = av.VideoFrame.from_bytes(image.tobytes(), image.width, image.height, format="rgba")
            frame.pts, frame.time_base = 0, Fraction(1, self.rate)
            source.push(frame)
            source.push(None)
        return graph

    def _sky(self, palette: Palette) -> FilterContext:
        """A gradient that turns slowly; made small, because a soft thing is as soft when it is scaled up."""
        width, height = self.width // 4, self.height // 4
        colours = ":".join(f"c{i}=0x{bytes(colour).hex()}" for i, colour in enumerate(palette.sky))
        span = f"x0={width // 2}:y0=0:x1={width // 2 + width // 6}:y1={int(height * 0.8)}"
        source = self.graph.add(
            "gradients",
            f"s={width}x{height}:r={self.rate}:d={self.seconds}:n=3:{colours}:{span}:speed=0.002:seed=1",
        )
        scale = self.graph.add("scale", f"{self.width}:{self.height}:flags=bilinear")
        even = self.graph.add("format", "yuv420p")
        self.graph.link_nodes(source, scale, even)
        return even

    def _source(self, layer: Layer) -> tuple[FilterContext, FilterContext]:
        source = self.graph.add_buffer(
            width=layer.image.width,
            height=layer.image.height,
            format=av.VideoFormat("rgba"),
            time_base=Fraction(1, self.rate),
        )
        shape = self.graph.add("format", "yuva420p")
        source.link_to(shape)
        return source, shape
