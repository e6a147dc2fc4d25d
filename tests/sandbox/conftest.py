from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess, wait_until

KEY = "sk-video-tests"


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Tasks end at once, unless a test says otherwise."""
    sandbox = SandboxProcess(SANDBOX_SECONDS="0", SANDBOX_DATA=str(tmp_path_factory.mktemp("sandbox")))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def api(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    """Speaks to the API with an accepted key."""
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=sandbox.api_url, headers=headers, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def create(api: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks for a clip; `fault` goes into the header, the rest into the body."""

    def create(*, fault: str = "", **body: object) -> httpx.Response:
        asked = {"model": "seedance 2.0", "prompt": "A lone lighthouse"} | body
        return api.post("/generations", json=asked, headers={"x-sandbox-fault": fault} if fault else {})

    return create


@pytest.fixture
def make(create: Callable[..., httpx.Response]) -> Callable[..., str]:
    """Makes a task and returns its id."""

    def make(**asked: object) -> str:
        response = create(**asked)
        assert response.status_code == 201, response.text
        return str(response.json()["data"]["id"])

    return make


@pytest.fixture
def wait_for_status(api: httpx.Client) -> Callable[[str, str], dict[str, object]]:
    """Fetches a task until it has the status, and returns it."""

    def wait(task_id: str, status: str) -> dict[str, object]:
        def fetch() -> dict[str, object] | None:
            data = api.get(f"/tasks/{task_id}").json()["data"]
            return data if data["status"] == status else None

        return wait_until(fetch) or {}

    return wait


@pytest.fixture
def see2ai(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer sk-tests"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def ask_see2ai(see2ai: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks for a clip, without sync unless told; `fault` goes into the header, the rest into the body."""

    def ask(*, fault: str = "", **body: object) -> httpx.Response:
        asked = {"prompt": "A lone lighthouse", "sync": False} | body
        headers = {"x-sandbox-fault": fault} if fault else {}
        return see2ai.post("/api/v1/actions/see2ai_video_generation_v1", json=asked, headers=headers)

    return ask


@pytest.fixture
def seedance(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer any-key"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def ask_seedance(seedance: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks for a clip of five seconds; `fault` goes into the header, the rest into the body."""

    def ask(*, fault: str = "", **body: object) -> httpx.Response:
        asked = {"prompt": "A lone lighthouse", "model": "seedance-1.5-pro", "duration": 5} | body
        return seedance.post("/v1/seedance/generate", json=asked, headers={"x-sandbox-fault": fault} if fault else {})

    return ask


@pytest.fixture
def ask_seedream(seedance: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks for an image; `fault` goes into the header, the rest into the body."""

    def ask(*, fault: str = "", **body: object) -> httpx.Response:
        asked = {"prompt": "A lone lighthouse", "model": "seedream-4.5"} | body
        return seedance.post("/v1/seedream/generate", json=asked, headers={"x-sandbox-fault": fault} if fault else {})

    return ask


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
