"""Clips and stills on disk: each rendered once, when it is first asked for."""

import asyncio
import hashlib
import json
import math
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

CLIPS_KEPT = 400
RENDERS_AT_ONCE = 2
RENDER_SECONDS = 120
# Raised when the same piece is rendered otherwise: files of before are not used any more.
RENDERING = "2"


class RenderError(Exception):
    """A clip or a still could not be rendered."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is to be seen: width and height in pixels, both even."""

    suffix: ClassVar[str] = ".mp4"
    renderer: ClassVar[str] = "sandbox.render"

    prompt: str
    width: int
    height: int
    seconds: int
    sound: bool
    frames_a_second: int = 24


@dataclass(frozen=True, slots=True)
class Still:
    """The `number`th picture of a set, drawn from prompt and seed; `style` is any word, or nothing."""

    suffix: ClassVar[str] = ".png"
    renderer: ClassVar[str] = "sandbox.stills"

    prompt: str
    width: int
    height: int
    seed: int
    number: int
    quality: str
    style: str


Piece = Clip | Still


def _file_name(piece: Piece) -> str:
    described = RENDERING + json.dumps(asdict(piece))
    return hashlib.sha256(described.encode()).hexdigest() + piece.suffix


def size_of(ratio: str, *, short_side: int) -> tuple[int, int]:
    """Width and height for a ratio such as "16:9", the longer side rounded up to an even number."""
    across, down = (int(part) for part in ratio.split(":"))
    long_side = 2 * math.ceil(short_side * max(across, down) / min(across, down) / 2)
    return (long_side, short_side) if across >= down else (short_side, long_side)


class Clips:
    """Renders in child processes, two at once; identical requests cost once. Keeps the latest 400 files."""

    def __init__(self, folder: Path | None) -> None:
        self._exit = ExitStack()
        if folder is None:
            folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="filmgate-sandbox-")))
        self._folder = folder / "clips"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._turns = asyncio.Semaphore(RENDERS_AT_ONCE)
        self._renders: dict[str, asyncio.Task[Path]] = {}
        self.rendered = 0

    async def path(self, piece: Piece) -> Path:
        """The file of it. Raises RenderError."""
        name = _file_name(piece)
        path = self._folder / name
        if path.exists():
            return path
        if name not in self._renders:
            render = asyncio.create_task(self._render(piece, path))
            self._renders[name] = render
            render.add_done_callback(lambda _: self._renders.pop(name))
        # A caller that leaves must not take the render away from the others who wait for it.
        return await asyncio.shield(self._renders[name])

    async def close(self) -> None:
        renders = list(self._renders.values())
        for render in renders:
            render.cancel()
        await asyncio.gather(*renders, return_exceptions=True)
        self._exit.close()

    async def _render(self, piece: Piece, path: Path) -> Path:
        # Several sandboxes may share the folder.
        draft = path.with_suffix(f".{os.getpid()}.part")
        try:
            async with self._turns:
                await _run_render(piece, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        self.rendered += 1
        self._forget_oldest()
        return path

    def _forget_oldest(self) -> None:
        finished = [file for file in self._folder.iterdir() if file.suffix in (Clip.suffix, Still.suffix)]
        files = sorted(finished, key=lambda file: file.stat().st_mtime)
        for file in files[:-CLIPS_KEPT]:
            file.unlink(missing_ok=True)


async def _run_render(piece: Piece, path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", piece.renderer, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        # Ctrl-C reaches the whole foreground group; the server ends its children itself.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(RENDER_SECONDS):
            _, errors = await process.communicate(json.dumps(asdict(piece)).encode())
    except TimeoutError as exc:
        raise RenderError(f"took longer than {RENDER_SECONDS} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RenderError(errors.decode(errors="replace")[-2000:])
