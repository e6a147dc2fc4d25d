"""The ASGI app: `uvicorn sandbox.app:app --port 8010`. One process only, as all state is in memory."""

from sandbox.control import Control
from sandbox.files import Files
from sandbox.scnet import Scnet
from sandbox.see2ai import See2ai
from sandbox.seedance2api import Seedance2api
from sandbox.seeknetic import Seeknetic
from sandbox.state import Sandbox
from sandbox.vibegen import Vibegen
from sandbox.web import BODY_LIMIT, BodyTooLarge, Message, Receive, Reply, Request, Response, Route, Send

SPEAKERS = (Vibegen, See2ai, Seedance2api, Seeknetic, Scnet, Files, Control)
NOT_FOUND = Response(404, b"Not Found", "text/plain")


class App:
    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None
        self._routes: list[Route] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            reply = await self._reply(scope, receive)
            await reply.send(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._sandbox = sandbox = Sandbox()
        self._routes = [route for speaker in SPEAKERS for route in speaker(sandbox).routes()]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await sandbox.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _reply(self, scope: Message, receive: Receive) -> Reply:
        found = [(route, names) for route in self._routes if (names := route.match(scope["path"])) is not None]
        try:
            limit = max((route.body_limit for route, _ in found), default=BODY_LIMIT)
            request = await Request.read(scope, receive, body_limit=limit)
        except BodyTooLarge:
            return found[0][0].too_large if found else NOT_FOUND
        for route, names in found:
            if request.method in route.methods.split():
                return await route.handler(request, **names)
        if found:
            allow = ", ".join(" ".join(route.methods for route, _ in found).split())
            return Response(405, b"Method Not Allowed", "text/plain", {"allow": allow})
        return NOT_FOUND


app = App()
