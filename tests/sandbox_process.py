"""The real sandbox as a process of its own on a free port, for any test that needs an upstream API.

sandbox = SandboxProcess(SANDBOX_SECONDS="0.2")
sandbox.set_fault("lost_callback", match="a lighthouse")
…
sandbox.stop()
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parent.parent

Found = TypeVar("Found")


class SandboxProcess:
    """Runs from construction, which returns when it answers, to stop(). Keywords are its environment."""

    def __init__(self, **environment: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_url = f"{self.url}/api/v1"
        self._client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", str(self.port)], cwd=ROOT, env=os.environ | environment
        )
        wait_until(self._answers)

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST a control call, such as "settings" or "faults", and return its answer; raises when refused."""
        response = self._client.post(f"/sandbox/{path}", json=body or {})
        response.raise_for_status()
        return response.json()

    def state(self) -> Any:
        """Counters, settings and standing faults."""
        return self._client.get("/sandbox/state").json()

    def set(self, **settings: float) -> None:
        """`seconds`, `timeout_seconds`, `link_seconds`, `requests_a_minute`, `requests_a_second`."""
        self.control("settings", settings)

    def set_key(self, key: str, state: str) -> None:
        """`state` is accepted, refused or out_of_credits."""
        self.control("keys", {"key": key, "state": state})

    def sign_callbacks(self, scheme: str, secret: str, **header: str) -> None:
        """From now on; `header="X-Signature"` is where HMAC-SHA256 has its own."""
        self.control("signature", {"scheme": scheme, "secret": secret, **header})

    def set_fault(
        self, fault: str, *, count: int | None = None, match: str | None = None, vendor: str | None = None
    ) -> None:
        """`vendor` is one alone; seeknetic and scnet meet none that does not name them."""
        self.control("faults", {"fault": fault, "count": count, "match": match, "vendor": vendor})

    def asked(self) -> list[dict[str, Any]]:
        """What seeknetic and scnet were sent, newest last: `vendor`, `path` and `json`."""
        return list(self._client.get("/sandbox/asked").json()["requests"])

    def clear_faults(self) -> None:
        self._client.delete("/sandbox/faults").raise_for_status()

    def reset(self) -> None:
        """As after a start; rendered clips stay."""
        self.control("reset")

    def stop(self) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the sandbox ended with {self._process.returncode}")
        try:
            return self._client.get("/sandbox/state").is_success
        except httpx.TransportError:
            return False


def wait_until(ask: Callable[[], Found], *, seconds: float = 15) -> Found:
    """What `ask` returns once it is true; raises TimeoutError when it never is."""
    ends_at = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > ends_at:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
