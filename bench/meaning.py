"""Forty queries, half of them Chinese, over 400 clips of the sandbox: how often the right one is among the first five.

The clips are rendered small by the sandbox, with their prompts in them, and read by the real adapters over HTTP: the
clips' vectors by Seeknetic's, the prompts' by SCNet's. The sandbox's vectors are of character n-grams and colours, so
the score tells that all of it fits together, in both languages. What a real model understands, it does not tell.
"""

import functools
import http.server
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import machine
from bench.server import Server

if TYPE_CHECKING:
    from accounts.models import Team
    from generations.models import Generation, ProviderAccount

QUERIES = Path(__file__).parent / "meaning_queries"
FIRST = 5
WIDTH, HEIGHT, FRAMES_A_SECOND = 96, 54, 6
PATIENCE_SECONDS = 300


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
    return {
        f"{subject}/{setting}": f"{what}{said['gap']}{where}"
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

    account = _account("seeknetic", sandbox_url)
    reader = registry.clip_reader(account)
    with _served(folder) as url:
        requests = [reader.begin_embedding(f"{url}/{number}.mp4") for number in range(len(made))]
        with ThreadPoolExecutor(2) as threads:
            vectors = list(threads.map(functools.partial(_awaited, reader), requests))
    _keep("clip", account, made, vectors)


def _index_prompts(sandbox_url: str, made: Mapping[str, "Generation"]) -> None:
    from generations.providers import registry

    account = _account("scnet", sandbox_url)
    prompts = [each.prompt for each in made.values()]
    _keep("prompt", account, made, registry.embedder(account).embed_texts(prompts))


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


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The folder over HTTP, in a thread; its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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


def _keep(
    kind: str, account: "ProviderAccount", made: Mapping[str, "Generation"], vectors: Sequence[Sequence[float]]
) -> None:
    """In an index of the account's model, as indexing leaves it."""
    from generations.providers import registry
    from tests.searching import keep_vector, make_index

    model = registry.embedder(account)
    given = {"provider": account.provider, "model": model.model, "version": model.version}
    index = make_index(kind, dims=len(vectors[0]), **given)
    for generation, vector in zip(made.values(), vectors, strict=True):
        keep_vector(index, generation, vector)


def _right(team: "Team", queries: Sequence[Mapping[str, str]], made: Mapping[str, "Generation"]) -> int:
    from generations.search.query import Search, find

    right = 0
    for each in queries:
        results = find(Search(q=each["q"]), team_id=team.id, user_id=None, offset=0, limit=FIRST)
        assert results.is_by_meaning, results.notice
        first = [found.generation.id for found in results.found]
        is_right = made[each["clip"]].id in first
        right += is_right
        if not is_right:
            print(f"  missed: {each['q']}")
    return right
