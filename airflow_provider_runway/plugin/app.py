"""The server part of the page: a FastAPI app that Airflow's API server mounts at ``/runway``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from fastapi import Depends, FastAPI
from starlette.datastructures import MutableHeaders

from airflow_provider_runway.plugin import media, pages, videos
from airflow_provider_runway.plugin.access import authenticated

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PrivateAnswers:
    """Lets no answer be guessed at, framed by others, or kept by a cache, unless it says something else itself."""

    _HEADERS: ClassVar[Mapping[str, str]] = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add to its answer."""

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, add_headers)


app = FastAPI(
    title="Runway videos", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(authenticated)]
)
app.add_middleware(PrivateAnswers)
app.include_router(pages.router)
app.include_router(videos.router)
app.include_router(media.router)
