"""Clips on disk: each rendered once, when it is first asked for."""

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

CLIPS_KEPT = 400
RENDERS_AT_ONCE = 2
RENDER_SECONDS = 120


class RenderError(Exception):
    """A clip could not be rendered."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is to be seen: width and height in pixels, both even."""

    prompt: str
    width: int
    height: int
    seconds: int
    sound: bool

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


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

    async def path(self, clip: Clip) -> Path:
        """The clip's file. Raises RenderError."""
        path = self._folder / f"{clip.digest}.mp4"
        if path.exists():
            return path
        if clip.digest not in self._renders:
            render = asyncio.create_task(self._render(clip, path))
            self._renders[clip.digest] = render
            render.add_done_callback(lambda _: self._renders.pop(clip.digest))
        # A caller that leaves must not take the render away from the others who wait for it.
        return await asyncio.shield(self._renders[clip.digest])

    async def close(self) -> None:
        renders = list(self._renders.values())
        for render in renders:
            render.cancel()
        await asyncio.gather(*renders, return_exceptions=True)
        self._exit.close()

    async def _render(self, clip: Clip, path: Path) -> Path:
        # Several sandboxes may share the folder.
        draft = path.with_suffix(f".{os.getpid()}.part")
        try:
            async with self._turns:
                await _run_render(clip, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        self.rendered += 1
        self._forget_oldest()
        return path

    def _forget_oldest(self) -> None:
        files = sorted(self._folder.glob("*.mp4"), key=lambda file: file.stat().st_mtime)
        for file in files[:-CLIPS_KEPT]:
            file.unlink(missing_ok=True)


async def _run_render(clip: Clip, path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.render", str(path)),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        # Ctrl-C reaches the whole foreground group; the server ends its children itself.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(RENDER_SECONDS):
            _, errors = await process.communicate(json.dumps(asdict(clip)).encode())
    except TimeoutError as exc:
        raise RenderError(f"took longer than {RENDER_SECONDS} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RenderError(errors.decode(errors="replace")[-2000:])
