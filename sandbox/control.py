"""Control calls, for tests and curious people: faults, settings, keys, signatures, counters, what was asked."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.faults import StandingFault, parse
from sandbox.signing import Signer
from sandbox.state import Sandbox
from sandbox.web import Reply, Request, Route, json_response


@dataclass(frozen=True, slots=True)
class Control:
    sandbox: Sandbox

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/sandbox/state", self.state),
            Route("GET", "/sandbox/requests", self.requests),
            Route("GET", "/sandbox/asked", self.asked),
            Route("POST", "/sandbox/settings", _answering(self.change_settings)),
            Route("POST", "/sandbox/keys", _answering(self.set_key)),
            Route("POST", "/sandbox/signature", _answering(self.sign_callbacks)),
            Route("POST", "/sandbox/faults", _answering(self.add_fault)),
            Route("DELETE", "/sandbox/faults", self.clear_faults),
            Route("POST", "/sandbox/reset", self.reset),
        ]

    async def state(self, request: Request) -> Reply:
        sandbox = self.sandbox
        told = sandbox.counters.as_dict() | {
            "callbacks_sent": sandbox.callbacks.sent,
            "callbacks_answered": sandbox.callbacks.answered,
            "clips_rendered": sandbox.clips.rendered,
            "tasks": len(sandbox.tasks),
            "settings": asdict(sandbox.settings),
            "signature": sandbox.callbacks.signer.without_secret(),
            "faults": [asdict(fault) for fault in sandbox.faults.standing],
        }
        return json_response(200, told)

    async def requests(self, request: Request) -> Reply:
        """The latest create bodies, newest last; `?prompt=` for those of one prompt."""
        return json_response(200, {"requests": self.sandbox.received.listed(request.query.get("prompt"))})

    async def asked(self, request: Request) -> Reply:
        """The latest bodies that APIs which make vectors were sent, newest last; of a tensor only how long it was."""
        return json_response(200, {"requests": self.sandbox.asked.listed()})

    async def change_settings(self, body: dict[str, Any]) -> object:
        """`{"seconds": 2}`, and the other names of Settings."""
        self.sandbox.settings.change(body)
        return asdict(self.sandbox.settings)

    async def set_key(self, body: dict[str, Any]) -> object:
        """`{"key": "…", "state": "accepted" | "refused" | "out_of_credits"}`."""
        self.sandbox.set_key(str(body.get("key")), str(body.get("state")))
        return {}

    async def sign_callbacks(self, body: dict[str, Any]) -> object:
        """`{"scheme": "standard_webhooks" | "hmac_sha256" | "", "secret": "…", "header": "X-Signature"}`."""
        self.sandbox.callbacks.signer = signer = Signer.told(body)
        return signer.without_secret()

    async def add_fault(self, body: dict[str, Any]) -> object:
        """`{"fault": "slow=3", "count": 2, "match": "part of a prompt", "vendor": "scnet"}`, the last three or null."""
        count, match, vendor = body.get("count"), body.get("match"), body.get("vendor")
        if count is not None and (type(count) is not int or count < 1):
            raise ValueError("count must be a whole number from 1, or null")
        if match is not None and not isinstance(match, str):
            raise ValueError("match must be a string, or null")
        if vendor is not None and not isinstance(vendor, str):
            raise ValueError("vendor must be a string, or null")
        fault = StandingFault(parse(str(body.get("fault"))), count, match, vendor)
        self.sandbox.faults.stand(fault)
        return asdict(fault)

    async def clear_faults(self, request: Request) -> Reply:
        self.sandbox.faults.standing.clear()
        return json_response(200, {})

    async def reset(self, request: Request) -> Reply:
        await self.sandbox.reset()
        return json_response(200, {})


Change = Callable[[dict[str, Any]], Awaitable[object]]


def _answering(change: Change) -> Callable[[Request], Awaitable[Reply]]:
    async def answer(request: Request) -> Reply:
        try:
            body = json.loads(request.body)
            if not isinstance(body, dict):
                raise ValueError("The body must be a JSON object")
            return json_response(200, await change(body))
        except ValueError as exc:
            return json_response(400, {"error": str(exc)})

    return answer
