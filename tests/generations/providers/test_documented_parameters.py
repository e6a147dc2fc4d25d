"""Every parameter in the documents' own tables: a request can set it, and the API sees it by that name and type."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.see2ai import See2ai
from generations.providers.seedance2api import Seedance2api
from generations.providers.vibegen import Vibegen
from tests.pipeline import sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["sandbox", "sandbox_process"]

LINK = "https://media.example.com/1"
LINKS = [LINK, "https://media.example.com/2"]
CALLBACK_URL = "http://127.0.0.1:9/hooks/token"
# What a request must have at the least, as the catalog fills it in.
LEAST: dict[str, dict[str, Any]] = {
    "seedance 2.0": {"prompt": "A lighthouse"},
    "doubao-seedance-2-0-260128": {"prompt": "A lighthouse"},
    "seedance-2.0": {"prompt": "A lighthouse", "duration": 5},
    "seedream-5.0": {"prompt": "A lighthouse"},
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One row of a table: what a request asks for, and the value in the body sent."""

    name: str
    asked: dict[str, Any] = field(default_factory=dict)
    sent: Any

    def __str__(self) -> str:
        return self.name


VIBEGEN = (
    Parameter(name="model", sent="seedance 2.0"),
    Parameter(name="prompt", sent="A lighthouse"),
    Parameter(name="image_urls", asked={"image_urls": LINKS}, sent=LINKS),
    Parameter(name="duration", asked={"duration": 10}, sent=10),
    Parameter(name="aspect_ratio", asked={"aspect_ratio": "keep_ratio"}, sent="keep_ratio"),
    Parameter(name="resolution", asked={"resolution": "1080p"}, sent="1080p"),
    Parameter(name="generate_audio", asked={"generate_audio": True}, sent=True),
    Parameter(name="callback_url", sent=CALLBACK_URL),
)
SEE2AI = (
    Parameter(name="model_name", sent="doubao-seedance-2-0-260128"),
    Parameter(name="prompt", sent="A lighthouse"),
    Parameter(name="non_face_image_url", asked={"image_urls": [LINK]}, sent=LINK),
    Parameter(name="non_face_image_urls", asked={"image_urls": LINKS}, sent=LINKS),
    Parameter(name="face_image_url", asked={"face_image_url": LINK}, sent=LINK),
    Parameter(name="video_url", asked={"video_urls": [LINK]}, sent=LINK),
    Parameter(name="video_urls", asked={"video_urls": LINKS}, sent=LINKS),
    Parameter(name="audio_url", asked={"audio_urls": [LINK]}, sent=LINK),
    Parameter(name="audio_urls", asked={"audio_urls": LINKS}, sent=LINKS),
    Parameter(name="first_frame_url", asked={"first_frame_url": LINK}, sent=LINK),
    Parameter(name="last_frame_url", asked={"last_frame_url": LINK}, sent=LINK),
    Parameter(name="duration", asked={"duration": -1}, sent=-1),
    Parameter(name="resolution", asked={"resolution": "720p"}, sent="720p"),
    Parameter(name="aspect_ratio", asked={"aspect_ratio": "adaptive"}, sent="adaptive"),
    Parameter(name="watermark", asked={"watermark": False}, sent=False),
    Parameter(name="generate_audio", asked={"generate_audio": False}, sent=False),
    Parameter(name="enable_web_search", asked={"enable_web_search": True}, sent=True),
    Parameter(name="force_asset_upload", asked={"force_asset_upload": True}, sent=True),
    Parameter(name="sync", sent=False),
)
SEEDANCE = (
    Parameter(name="prompt", sent="A lighthouse"),
    Parameter(name="model", sent="seedance-2.0"),
    Parameter(name="duration", asked={"duration": 30}, sent=30),
    Parameter(name="resolution", asked={"resolution": "4k"}, sent="4k"),
    Parameter(name="fps", asked={"fps": 60}, sent=60),
    Parameter(name="image_input", asked={"image_urls": [LINK]}, sent=LINK),
    Parameter(name="webhook_url", sent=CALLBACK_URL),
)
SEEDREAM = (
    Parameter(name="prompt", sent="A lighthouse"),
    Parameter(name="model", sent="seedream-5.0"),
    Parameter(name="resolution", asked={"resolution": "2048x2048"}, sent="2048x2048"),
    Parameter(name="quality", asked={"quality": "high"}, sent="high"),
    Parameter(name="num_images", asked={"count": 4}, sent=4),
    Parameter(name="seed", asked={"seed": 0}, sent=0),
    Parameter(name="style", asked={"style": "oil_painting"}, sent="oil_painting"),
)


def body_seen(sandbox: SandboxProcess, make, model: str, parameter: Parameter) -> dict[str, Any]:
    """What the API accepts for a request that sets the parameter, as it came."""
    adapter = make(sandbox.api_url if make is Vibegen else sandbox.url, "sk-video-parameters")
    request = GenerationRequest.from_mapping(LEAST[model] | parameter.asked)
    adapter.submit(request, model=model, callback_url=CALLBACK_URL)
    return httpx.get(f"{sandbox.url}/sandbox/requests", trust_env=False).json()["requests"][-1]["json"]


def assert_seen(parameter: Parameter, body: dict[str, Any]) -> None:
    assert (type(body.get(parameter.name)), body.get(parameter.name)) == (type(parameter.sent), parameter.sent)


@pytest.mark.parametrize("parameter", VIBEGEN, ids=str)
def test_every_parameter_that_vibegen_documents_can_be_set(sandbox, parameter):  # P14
    assert_seen(parameter, body_seen(sandbox, Vibegen, "seedance 2.0", parameter))


@pytest.mark.parametrize("parameter", SEE2AI, ids=str)
def test_every_parameter_that_see2ai_documents_can_be_set(sandbox, parameter):  # P14
    assert_seen(parameter, body_seen(sandbox, See2ai, "doubao-seedance-2-0-260128", parameter))


@pytest.mark.parametrize(
    ("model", "parameter"),
    [*(("seedance-2.0", each) for each in SEEDANCE), *(("seedream-5.0", each) for each in SEEDREAM)],
    ids=str,
)
def test_every_parameter_that_seedance2api_documents_can_be_set(sandbox, model, parameter):  # P14
    assert_seen(parameter, body_seen(sandbox, Seedance2api, model, parameter))


@pytest.mark.parametrize(
    ("make", "model", "parameters"),
    [
        (Vibegen, "seedance 2.0", VIBEGEN),
        (See2ai, "doubao-seedance-2-0-260128", SEE2AI),
        (Seedance2api, "seedance-2.0", SEEDANCE),
        (Seedance2api, "seedream-5.0", SEEDREAM),
    ],
    ids=["vibegen", "see2ai", "seedance", "seedream"],
)
def test_no_parameter_is_sent_that_is_not_documented(sandbox, make, model, parameters):  # P14
    documented = {each.name for each in parameters}

    for parameter in parameters:
        assert set(body_seen(sandbox, make, model, parameter)) <= documented
