"""Which endpoint answers what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_runway.sandbox.endpoints import aleph, common, files, jobs, media, runway
from airflow_provider_runway.sandbox.messages import Reply, Request
from airflow_provider_runway.sandbox.replies import Refusal
from airflow_provider_runway.sandbox.state import SandboxState

if TYPE_CHECKING:
    from typing import NoReturn

Handler = Callable[[SandboxState, Request], Awaitable[Reply]]


class Route(NamedTuple):
    """An endpoint.

    :param family: as faults and the ledger call it.
    :param needs_key: whether it asks for the API key.
    :param behind_edge: whether the edge turns away odd user agents.
    """

    family: str
    handler: Handler
    needs_key: bool = True
    behind_edge: bool = True


_ROUTES = {
    ("POST", "/api/v1/runway/generate"): Route("submit", runway.generate),
    ("POST", "/api/v1/runway/extend"): Route("submit", runway.extend),
    ("GET", "/api/v1/runway/record-detail"): Route("record", runway.record_detail),
    ("POST", "/api/v1/aleph/generate"): Route("submit", aleph.generate),
    ("GET", "/api/v1/aleph/record-info"): Route("record", aleph.record_info),
    ("POST", "/api/v1/jobs/createTask"): Route("submit", jobs.create_task),
    ("GET", "/api/v1/jobs/recordInfo"): Route("record", jobs.record_info),
    ("GET", "/api/v1/chat/credit"): Route("credit", common.credit),
    ("POST", "/api/v1/common/download-url"): Route("download_url", common.download_url),
    ("POST", "/api/file-stream-upload"): Route("upload", files.stream_upload),
    ("POST", "/api/file-url-upload"): Route("upload", files.url_upload),
    ("POST", "/api/file-base64-upload"): Route("upload", files.base64_upload),
}
_PATHS = {path for _, path in _ROUTES}
_MEDIA = Route("media", media.result, needs_key=False, behind_edge=False)
_UPLOADED = Route("media", media.uploaded, needs_key=False, behind_edge=False)


async def _not_found(_: SandboxState, request: Request) -> NoReturn:
    raise Refusal(404, f"No endpoint {request.path}")


async def _wrong_method(_: SandboxState, request: Request) -> NoReturn:
    raise Refusal(405, f"{request.method} is not allowed here")


_NOT_FOUND = Route("other", _not_found)
_WRONG_METHOD = Route("other", _wrong_method)


def route_of(method: str, path: str) -> Route:
    """The endpoint of a request; there is always one."""
    route = _ROUTES.get((method, path))
    if route:
        return route
    if method in ("GET", "HEAD"):
        if path.startswith("/media/"):
            return _MEDIA
        if path.startswith("/uploads/"):
            return _UPLOADED
    return _WRONG_METHOD if path in _PATHS else _NOT_FOUND
