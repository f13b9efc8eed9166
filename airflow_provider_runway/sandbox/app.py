"""The sandbox as an ASGI application: KIE.AI's HTTP API, its media host, its log page and the controls."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from starlette.requests import ClientDisconnect  # noqa: TID253 - this module is imported when a sandbox starts
from starlette.routing import Route, Router  # noqa: TID253 - same

from airflow_provider_runway.sandbox.calls import Call, Handler
from airflow_provider_runway.sandbox.control import control
from airflow_provider_runway.sandbox.endpoints import chat, media, models, records, submissions, uploads, veo
from airflow_provider_runway.sandbox.endpoints.families import FAMILIES
from airflow_provider_runway.sandbox.guard import refusal_of
from airflow_provider_runway.sandbox.journal import Journal
from airflow_provider_runway.sandbox.logs_page import logs_page
from airflow_provider_runway.sandbox.messages import TEXT, Refusal, Reply, SandboxRequest
from airflow_provider_runway.sandbox.settings import SandboxSettings
from airflow_provider_runway.sandbox.state import SandboxState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

_API = {
    **{("GET", family.path): Call("record", partial(records.record, api=api)) for api, family in FAMILIES.items()},
    **{
        ("POST", path): Call("submit", partial(submissions.submit, api=api, read=read))
        for path, (api, read) in submissions.ENDPOINTS.items()
    },
    ("GET", "/api/v1/veo/get-1080p-video"): Call("record", veo.get_1080p, find=veo.larger_one),
    ("POST", "/api/v1/gpt4o-image/download-url"): Call("download_url", partial(media.download_url, api="4o-image")),
    ("GET", "/api/v1/chat/credit"): Call("credit", records.credit),
    ("GET", "/api/v1/models"): Call("models", models.models),
    ("GET", "/api/v1/models/{name:path}"): Call("models", models.model),
    ("POST", "/{model}/v1/chat/completions"): Call("chat", chat.complete, has_data=False),
    ("POST", "/api/v1/common/download-url"): Call("download_url", media.download_url),
    ("POST", "/api/file-stream-upload"): Call("upload", uploads.stream_upload),
    ("POST", "/api/file-url-upload"): Call("upload", uploads.url_upload),
    ("POST", "/api/file-base64-upload"): Call("upload", uploads.base64_upload),
    ("GET", "/media/{name:path}"): Call("media", media.result, public=True),
    ("GET", "/uploads/{name:path}"): Call("media", media.uploaded, public=True),
}
_PATHS = {path for _, path in _API}


def create_app(settings: SandboxSettings | None = None, *, state: Path | None = None) -> Router:
    """The sandbox as an ASGI application, for any ASGI server.

    :param settings: the settings at the start.
    :param state: a file that keeps the tasks, and with them charges and refunds, from one run to the next.
    """
    sandbox = SandboxState(settings or SandboxSettings(), journal=Journal(state) if state else None)

    @asynccontextmanager
    async def running(_: object) -> AsyncIterator[None]:
        yield
        await sandbox.callbacks.aclose()
        sandbox.renderer.close()

    handlers: dict[tuple[str, str], Handler] = {**_API, ("GET", "/logs"): logs_page, ("GET", "/"): _first_page}
    routes = [
        Route(path, _Endpoint(sandbox, handler), methods=[method]) for (method, path), handler in handlers.items()
    ]
    routes += [
        Route("/_sandbox/{name:path}", _Endpoint(sandbox, control)),
        Route("/{path:path}", _Endpoint(sandbox, Call("other", _unknown))),
    ]
    return Router(routes, redirect_slashes=False, lifespan=running)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A handler as an ASGI application: it gets whole requests from those who may ask."""

    sandbox: SandboxState
    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = SandboxRequest(scope, receive)
        try:
            request.content = await request.body()
        except ClientDisconnect:
            return
        request.at = self.sandbox.now()
        if why := refusal_of(self.sandbox.settings, request.headers):
            reply = Reply(f"{why}\n".encode(), 403, TEXT)
        else:
            reply = await self.handler(self.sandbox, request)
        await reply(scope, receive, send)


async def _first_page(_: SandboxState, __: SandboxRequest) -> Reply:
    return Reply(b"", 307, headers={"location": "/logs"})


async def _unknown(_: SandboxState, request: SandboxRequest) -> NoReturn:
    if request.path in _PATHS:
        raise Refusal(405, f"{request.method} is not allowed here")
    raise Refusal(404, f"No endpoint {request.path}")
