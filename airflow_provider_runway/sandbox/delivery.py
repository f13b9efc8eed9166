"""A reply on the wire: whole, in part, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from airflow_provider_runway.sandbox.messages import Reply, Request

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_BODILESS = (204, 304)


class CutOff(Exception):  # noqa: N818 - not an error: the way to make an ASGI server close a connection
    """Ends a request whose answer shall break off, on servers whose connections cannot be reached."""


async def deliver(reply: Reply, request: Request, receive: Receive, send: Send) -> None:
    """Send a reply by ASGI."""
    if reply.silent:
        await _hang_up(receive, send)
        return
    length = len(reply.body) if reply.promised is None else reply.promised
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if reply.status not in _BODILESS:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.sent is not None and request.method != "HEAD":
        await send({"type": "http.response.body", "body": reply.body[: reply.sent], "more_body": True})
        await _close(receive, send)
        return
    await send({"type": "http.response.body", "body": reply.body})


async def _hang_up(receive: Receive, send: Send) -> None:
    """Close the connection before the first byte."""
    connection = _connection(send)
    if connection is None:
        await send({"type": "http.response.start", "status": 502, "headers": [(b"content-length", b"100")]})
        raise CutOff
    connection.abort()
    await _until_gone(receive)


async def _close(receive: Receive, send: Send) -> None:
    """Close the connection after what has been sent."""
    connection = _connection(send)
    if connection is None:
        raise CutOff
    connection.close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _connection(send: Send) -> Any:
    """The connection behind uvicorn's ``send``; None on another server."""
    return getattr(getattr(send, "__self__", None), "transport", None)
