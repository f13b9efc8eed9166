"""The page itself: files of this package, behind the login, with a strict Content-Security-Policy."""

from __future__ import annotations

from importlib.resources import files

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, HTTPException, Response

from airflow_provider_runway.plugin.accounts import connection_ids, local_media
from airflow_provider_runway.plugin.cache import Cache

router = APIRouter()
_cache = Cache()

_STATIC = files("airflow_provider_runway.plugin") / "static"
_NAMES = frozenset(file.name for file in _STATIC.iterdir())
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:{local}; "
    "media-src 'self' https: blob:{local}; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


@router.get("/")
def page(session: SessionDep) -> Response:
    """The page. What it shows, it asks for."""
    local = _cache.get("local", lambda: local_media(connection_ids(session)))
    return _file("index.html", local)


@router.get("/static/{name}")
def static(name: str) -> Response:
    """A file that the page loads."""
    return _file(name)


def _file(name: str, local: str | None = None) -> Response:
    suffix = name[name.rfind(".") :]
    if name not in _NAMES or suffix not in _TYPES:
        raise HTTPException(404, "There is no such file.")
    headers = {
        "Content-Security-Policy": _POLICY.format(local=f" {local}" if local else ""),
        "Cache-Control": "no-cache",
    }
    return Response((_STATIC / name).read_bytes(), media_type=_TYPES[suffix], headers=headers)
