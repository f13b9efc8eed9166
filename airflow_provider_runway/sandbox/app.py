"""The sandbox as an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.control import PREFIX, control
from airflow_provider_runway.sandbox.delivery import deliver
from airflow_provider_runway.sandbox.dispatch import exchange
from airflow_provider_runway.sandbox.guard import refusal_of
from airflow_provider_runway.sandbox.journal import Journal
from airflow_provider_runway.sandbox.logs_page import logs_page
from airflow_provider_runway.sandbox.messages import Reply, Request, query_of
from airflow_provider_runway.sandbox.routes import route_of
from airflow_provider_runway.sandbox.settings import SandboxSettings
from airflow_provider_runway.sandbox.state import SandboxState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from pathlib import Path

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_LOGS = "/logs"
_FIRST = Reply(307, headers=(("location", _LOGS),))


class SandboxApp:
    """KIE.AI's HTTP API, its media host, its log page and the controls, as one application.

    :param state: the world that it plays in.
    """

    def __init__(self, state: SandboxState) -> None:
        self.state = state

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            request = await self._request(scope, receive)
            if request:
                await deliver(await self._reply(request), request, receive, send)

    async def _reply(self, request: Request) -> Reply:
        path = request.path
        if why := refusal_of(self.state.settings, request):
            return Reply(403, f"{why}\n".encode(), "text/plain; charset=utf-8")
        if path.startswith(PREFIX):
            return control(self.state, request)
        if request.method == "GET" and path in (_LOGS, "/"):
            return logs_page(self.state, request) if path == _LOGS else _FIRST
        return await exchange(self.state, route_of(request.method, path), request)

    async def _request(self, scope: Message, receive: Receive) -> Request | None:
        """The whole request; None when the other side has gone."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        server = scope.get("server") or ("127.0.0.1", None)
        host = headers.get("host") or f"{server[0]}:{server[1]}"
        return Request(
            method=scope["method"],
            path=scope["path"],
            query=query_of(scope["query_string"]),
            headers=headers,
            body=b"".join(parts),
            base_url=f"{scope.get('scheme', 'http')}://{host}",
            at=self.state.clock.now(),
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.state.courier.aclose()
        self.state.studio.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: SandboxSettings | None = None, *, state: Path | None = None) -> SandboxApp:
    """The sandbox as an ASGI application, for any ASGI server.

    :param settings: the settings at the start.
    :param state: a file that keeps the tasks, and with them charges and refunds, from one run to the next.
    """
    journal = Journal(state) if state else None
    return SandboxApp(SandboxState(settings or SandboxSettings(), journal=journal))
