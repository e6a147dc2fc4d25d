"""Every parameter in the documents' own tables: a request can set it, and the API sees it by that name and type."""

from typing import Any

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.see2ai import See2ai
from generations.providers.seedance2api import Seedance2api
from generations.providers.vibegen import Vibegen
from tests.documented import CALLBACK_URL, LEAST, SEE2AI, SEEDANCE, SEEDREAM, VIBEGEN, Parameter
from tests.pipeline import sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["sandbox", "sandbox_process"]


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
