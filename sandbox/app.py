"""The ASGI app: `uvicorn sandbox.app:app --port 8010`. One process only, as all state is in memory."""

from sandbox.control import Control
from sandbox.files import Files
from sandbox.state import Sandbox
from sandbox.vibegen import Vibegen
from sandbox.web import BodyTooLarge, Message, Receive, Reply, Request, Response, Route, Send, json_response

TOO_LARGE = json_response(
    400,
    {"error": {"code": "INVALID_PARAMETER", "message": "Request body too large"}},
    connection="close",
)


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
        self._routes = [*Vibegen(sandbox).routes(), *Files(sandbox).routes(), *Control(sandbox).routes()]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await sandbox.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _reply(self, scope: Message, receive: Receive) -> Reply:
        try:
            request = await Request.read(scope, receive)
        except BodyTooLarge:
            return TOO_LARGE
        found = [(route, names) for route in self._routes if (names := route.match(request.path)) is not None]
        for route, names in found:
            if request.method in route.methods.split():
                return await route.handler(request, **names)
        if found:
            allow = ", ".join(" ".join(route.methods for route, _ in found).split())
            return Response(405, b"Method Not Allowed", "text/plain", {"allow": allow})
        return Response(404, b"Not Found", "text/plain")


app = App()
