"""The finished videos and images: rendered when first asked for, gone when their link has expired."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.breakage import WELCOME_PAGE
from sandbox.clips import Clip, Piece, RenderError, Still
from sandbox.state import Sandbox
from sandbox.tasks import Task
from sandbox.web import Receive, Reply, Request, Response, Route, Send, start

CHUNK = 256 * 1024
CONTENT_TYPES = {Clip.suffix: "video/mp4", Still.suffix: "image/png"}
NOT_FOUND = Response(404, b"Not Found", "text/plain")


def video_url(task: Task) -> str:
    return task.faults.get("link", f"{task.origin}/files/{task.id}.mp4")


def image_url(task: Task, number: int) -> str:
    """The link to one of its images, counted from 1."""
    return f"{task.origin}/files/{task.id}/{number}.png"


@dataclass(frozen=True, slots=True)
class Files:
    sandbox: Sandbox

    def routes(self) -> list[Route]:
        return [
            Route("GET HEAD", "/files/{task_id}.mp4", self.serve_video),
            Route("GET HEAD", "/files/{task_id}/{number}.png", self.serve_image),
        ]

    async def serve_video(self, request: Request, task_id: str) -> Reply:
        return await self._serve(request, task_id, place=0, kind=Clip)

    async def serve_image(self, request: Request, task_id: str, number: str) -> Reply:
        place = int(number) - 1 if re.fullmatch(r"[1-9]", number) else 9
        return await self._serve(request, task_id, place=place, kind=Still)

    async def _serve(self, request: Request, task_id: str, *, place: int, kind: type[Piece]) -> Reply:
        self.sandbox.counters.files += 1
        task = self.sandbox.tasks.find(task_id)
        if task is None or not self._link_works(task):
            return NOT_FOUND
        if place >= len(task.pieces) or not isinstance(task.pieces[place], kind):
            return NOT_FOUND
        if "link_html" in task.faults:
            return Response(200, WELCOME_PAGE, "text/html")
        try:
            path = await self.sandbox.clips.path(task.pieces[place])
        except RenderError as exc:
            return Response(500, str(exc).encode(), "text/plain")
        return file_reply(path, request.headers.get("range", ""), cut_short="link_truncated" in task.faults)

    def _link_works(self, task: Task) -> bool:
        now = time.time()
        expired = now >= task.ends_at + self.sandbox.settings.link_seconds
        return task.status(now) == "completed" and not expired and "link_404" not in task.faults


def file_reply(path: Path, byte_range: str, *, cut_short: bool = False) -> Reply:
    """The file, or the one range asked for (RFC 9110, 14); to several at once, all of it."""
    size = path.stat().st_size
    first, last = _span(byte_range, size)
    if first > last:
        return Response(416, headers={"content-range": f"bytes */{size}"})
    headers = {
        "content-type": CONTENT_TYPES[path.suffix],
        "content-length": str(last - first + 1),
        "accept-ranges": "bytes",
        "etag": f'"{path.stem}"',
    }
    if (first, last) == (0, size - 1) and not byte_range:
        return FileReply(200, headers, path, first, size // 2 if cut_short else size)
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    return FileReply(206, headers, path, first, (last - first + 1) // (2 if cut_short else 1))


@dataclass(frozen=True, slots=True)
class FileReply:
    """`length` bytes of the file from `first`; fewer than the headers promise where it is cut short."""

    status: int
    headers: dict[str, str]
    path: Path
    first: int
    length: int

    async def send(self, receive: Receive, send: Send) -> None:
        await send(start(self.status, self.headers))
        for chunk in self._chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self.length == int(self.headers["content-length"]):
            await send({"type": "http.response.body", "body": b""})

    def _chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.first)
            left = self.length
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


def _span(byte_range: str, size: int) -> tuple[int, int]:
    """First and last byte, the first after the last when there is no such range."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", byte_range)
    if found is None or found[1] == found[2] == "":
        return 0, size - 1
    if not found[1]:
        return (max(size - int(found[2]), 0), size - 1) if int(found[2]) else (size, size - 1)
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return int(found[1]), last
