"""Forty queries, half of them Chinese, over 400 clips of the sandbox: how often the right one is among the first five.

The clips are rendered small by the sandbox, with their prompts in them, and read by the real adapters over HTTP: the
clips' vectors by Seeknetic's, the prompts' by SCNet's. The sandbox's vectors are of character n-grams and colours, so
the score tells that all of it fits together, in both languages. What a real model understands, it does not tell.
"""

import functools
import http.server
import json
import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import machine
from bench.server import Server

if TYPE_CHECKING:
    from accounts.models import Team
    from generations.models import Generation, ProviderAccount, SearchIndex

QUERIES = Path(__file__).parent / "meaning_queries"
FIRST = 5
WIDTH, HEIGHT, FRAMES_A_SECOND = 96, 54, 6
PATIENCE_SECONDS = 300
PROMPTS_A_CALL = 5


def measure() -> None:
    from tests.sandbox_process import SandboxProcess

    # Only this process and its sandbox talk to each other, and its links lead back here.
    with tempfile.TemporaryDirectory() as folder, Server():
        sandbox = SandboxProcess(SANDBOX_SECONDS="0")
        try:
            _measure(sandbox.url, Path(folder))
        finally:
            sandbox.stop()


def _measure(sandbox_url: str, folder: Path) -> None:
    from bench import seed

    team = seed.team("meaning")
    languages = {language: json.loads((QUERIES / f"{language}.json").read_text()) for language in ("en", "zh")}
    clips = {name: prompt for said in languages.values() for name, prompt in _prompts(said).items()}
    made = _make(team, clips)
    began = time.perf_counter()
    _render(clips, folder)
    machine.row(f"meaning: rendering {len(clips)} clips", f"{time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    _index_clips(sandbox_url, folder, made)
    _index_prompts(sandbox_url, made)
    machine.row("meaning: vectors of clips and prompts", f"{time.perf_counter() - began:.0f} s")
    right = {language: _right(team, said["queries"], made) for language, said in languages.items()}
    asked = sum(len(said["queries"]) for said in languages.values())
    machine.row(
        f"meaning: right clip among the first {FIRST}",
        f"{sum(right.values())} of {asked} ({', '.join(f'{language} {count}' for language, count in right.items())})",
    )


def _prompts(said: Mapping[str, Any]) -> dict[str, str]:
    """Each subject in each setting, by "subject/setting"."""
    gap = " " if said["subjects"].keys() & {"fox"} else ","
    return {
        f"{subject}/{setting}": f"{what}{gap}{where}"
        for subject, what in said["subjects"].items()
        for setting, where in said["settings"].items()
    }


def _make(team: "Team", clips: Mapping[str, str]) -> dict[str, "Generation"]:
    from generations import catalog, lifecycle, pricing
    from generations.intake import GenerationRequest

    made = {}
    for name, prompt in clips.items():
        resolved = catalog.resolve(GenerationRequest.from_mapping({"prompt": prompt}))
        made[name] = lifecycle.create(resolved, pricing.quote(resolved), asker=lifecycle.Asker(team_id=team.id))[0]
    return made


def _render(clips: Mapping[str, str], folder: Path) -> None:
    from sandbox.clips import Clip
    from sandbox.render import render

    for number, prompt in enumerate(clips.values()):
        clip = Clip(prompt, WIDTH, HEIGHT, seconds=1, sound=False, frames_a_second=FRAMES_A_SECOND)
        render(clip, folder / f"{number}.mp4")


def _index_clips(sandbox_url: str, folder: Path, made: Mapping[str, "Generation"]) -> None:
    """Through the real adapter, as the indexing jobs do it."""
    from generations.providers import registry

    reader = registry.clip_reader(_account("seeknetic", sandbox_url))
    with _served(folder) as url:
        requests = [reader.begin_embedding(f"{url}/{number}.mp4") for number in range(len(made))]
        with ThreadPoolExecutor(2) as threads:
            vectors = list(threads.map(functools.partial(_awaited, reader), requests))
    _keep(_index("clip", "seeknetic", reader, vectors), made.values(), vectors)


def _index_prompts(sandbox_url: str, made: Mapping[str, "Generation"]) -> None:
    from generations.providers import registry

    embedder = registry.embedder(_account("scnet", sandbox_url))
    prompts = [each.prompt for each in made.values()]
    vectors: list[Sequence[float]] = []
    for start in range(0, len(prompts), PROMPTS_A_CALL):
        vectors += embedder.embed_texts(prompts[start : start + PROMPTS_A_CALL])
    _keep(_index("prompt", "scnet", embedder, vectors), made.values(), vectors)


def _awaited(reader: Any, request_id: str) -> Sequence[float]:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        report = reader.fetch(request_id)
        if report.vector:
            return report.vector
        if report.failure_code:
            raise RuntimeError(f"the sandbox could not read a clip: {report.failure_code}")
        time.sleep(0.2)
    raise RuntimeError("the sandbox took too long over a clip")


class _served:
    """The folder over HTTP, in a thread: `with _served(folder) as url:`."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def _account(provider: str, url: str) -> "ProviderAccount":
    from generations.models import ProviderAccount
    from project.stack import demo

    label, path = demo.SANDBOX_ACCOUNTS[provider]
    account = ProviderAccount(provider=provider, label=label, base_url=f"{url}{path}", reads_a_minute=6000)
    account.key = "sk-sandbox-of-the-bench"
    account.save()
    return account


def _index(kind: str, provider: str, adapter: Any, vectors: Sequence[Sequence[float]]) -> "SearchIndex":
    from generations.models import SearchIndex

    return SearchIndex.objects.create(
        kind=kind,
        provider=provider,
        model=adapter.model,
        version=adapter.version,
        dims=len(vectors[0]),
        is_current=True,
    )


def _keep(index: "SearchIndex", made: Any, found: Sequence[Sequence[float]]) -> None:
    from django.utils import timezone

    from generations.models import SearchEntry
    from generations.search import vectors

    SearchEntry.objects.bulk_create(
        SearchEntry(
            index=index,
            generation=generation,
            team_id=generation.team_id,
            done_at=timezone.now(),
            **vectors.columns(index, vector, team_id=generation.team_id),
        )
        for generation, vector in zip(made, found, strict=True)
    )


def _right(team: "Team", queries: Sequence[Mapping[str, str]], made: Mapping[str, "Generation"]) -> int:
    from generations.search.query import Search, find

    right = 0
    for each in queries:
        results = find(Search(q=each["q"]), team_id=team.id, user_id=None, offset=0, limit=FIRST)
        assert results.is_by_meaning, results.says
        first = [found.generation.id for found in results.found]
        is_right = made[each["clip"]].id in first
        right += is_right
        if not is_right or "MEANING_VERBOSE" in os.environ:
            print(f"  {'right' if is_right else 'missed'}: {each['q']}")
    return right
