"""Clips that somebody's link leads to: fetched, looked at in a child process, and remembered by their content."""

import asyncio
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import IO

import httpx

from sandbox.seen import Look

LOOKS_AT_ONCE = 2
LOOKS_KEPT = 5000
FETCH_SECONDS = 60
LOOK_SECONDS = 60
MOST_BYTES = 512 * 1024 * 1024


class CannotLook(Exception):
    """The clip could not be fetched or decoded; the text says which, as an API would."""


class Looks:
    """Two at once; a clip that comes again is fetched, but not looked at again."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=FETCH_SECONDS, trust_env=False, follow_redirects=True)
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._looks: dict[str, Look] = {}
        self._looking: dict[str, asyncio.Lock] = {}

    async def look(self, url: str) -> Look:
        """Raises CannotLook."""
        async with self._turns:
            with tempfile.NamedTemporaryFile(prefix="filmgate-sandbox-", suffix=".clip") as file:
                digest = await self._fetch(url, file)
                return await self._once(digest, Path(file.name))

    async def _once(self, digest: str, path: Path) -> Look:
        """Its vector and its tags are asked for together, as a rule."""
        try:
            async with self._looking.setdefault(digest, asyncio.Lock()):
                self._looks[digest] = found = self._looks.get(digest) or await _run_look(path)
        finally:
            self._looking.pop(digest, None)
        if len(self._looks) > LOOKS_KEPT:
            del self._looks[next(iter(self._looks))]
        return found

    async def close(self) -> None:
        await self._client.aclose()

    async def _fetch(self, url: str, file: IO[bytes]) -> str:
        """The digest of what was written."""
        digest, size = hashlib.sha256(), 0
        try:
            async with asyncio.timeout(FETCH_SECONDS), self._client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise CannotLook(f"Failed to download video: HTTP {response.status_code}")
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise CannotLook("Video is too large")
                    digest.update(chunk)
                    file.write(chunk)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as exc:
            raise CannotLook("Failed to download video") from exc
        file.flush()
        return digest.hexdigest()


async def _run_look(path: Path) -> Look:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.look", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
        # As in clips.py.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            told, _ = await process.communicate()
    except TimeoutError as exc:
        raise CannotLook("Timed out while decoding video") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CannotLook("Unsupported or corrupt video")
    return Look(**json.loads(told))
