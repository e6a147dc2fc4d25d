"""What single providers do beyond the contract, over HTTP against the sandbox."""

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.base import Progress, Refused, Unclear
from generations.providers.see2ai import See2ai
from generations.providers.seedance2api import Seedance2api
from tests.pipeline import sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess, wait_until

__all__ = ["sandbox", "sandbox_process"]

KEY = "sk-video-beyond"
IMAGES = GenerationRequest(prompt="A lone lighthouse", resolution="1024x1024", quality="standard", count=3, seed=7)


@pytest.fixture
def seedance2api(sandbox: SandboxProcess) -> Seedance2api:
    return Seedance2api(sandbox.url, KEY)


def draw(adapter: Seedance2api, request: GenerationRequest = IMAGES):
    return adapter.submit(request, model="seedream-4.5", callback_url="http://127.0.0.1:9/")


def test_a_set_of_images_is_there_with_the_answer_to_its_create(seedance2api):
    report = draw(seedance2api)

    assert (report.progress, len(report.output_urls)) == (Progress.SUCCEEDED, 3)
    for url in report.output_urls:
        assert httpx.get(url, trust_env=False).headers["content-type"].startswith("image/")


@pytest.mark.parametrize("fault", ["502_after_accepting", "truncated", "garbage", "reset"])
def test_an_answer_with_images_that_is_lost_is_unclear(seedance2api, sandbox, fault):  # P3 P7
    sandbox.set_fault(fault)

    with pytest.raises(Unclear):
        draw(seedance2api)

    assert sandbox.state()["accepted"] == 1


def test_a_prompt_of_one_character_too_many_is_refused_as_just_that(seedance2api):
    draw(seedance2api, GenerationRequest(prompt="x" * 300, count=1))

    with pytest.raises(Refused) as caught:
        draw(seedance2api, GenerationRequest(prompt="x" * 301, count=1))

    assert caught.value.failure_code == "PROMPT_TOO_LONG"


@pytest.mark.parametrize("status_path", ["/api/v1/status/{task_id}", "/status/{task_id}"])
def test_a_finished_clip_tells_what_it_cost(sandbox, status_path):
    adapter = See2ai(sandbox.url, KEY, status_path=status_path)
    request = GenerationRequest(prompt="A lone lighthouse", duration=4, resolution="480p")
    made = adapter.submit(request, model="doubao-seedance-2-0-260128", callback_url="")

    def finished():
        report = adapter.fetch(made.provider_task_id)
        return report if report.progress != Progress.RUNNING else None

    report = wait_until(finished)

    assert report.progress == Progress.SUCCEEDED
    assert report.cost["cost_points"] > 0
    assert report.cost["total_tokens"] > 0


def test_an_image_alone_is_animated_without_a_prompt(sandbox):
    adapter = See2ai(sandbox.url, KEY)
    request = GenerationRequest(prompt="", first_frame_url="https://media.example.com/1.png", duration=-1)

    made = adapter.submit(request, model="doubao-seedance-2-0-fast-260128", callback_url="")

    assert made.progress == Progress.RUNNING
