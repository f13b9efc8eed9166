"""Links to media: what may be fetched, and how one is shown without what signs it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


def usable_link(link: str | httpx.URL, base: httpx.URL | None = None) -> httpx.URL:
    """Read a link, and take off what would be sent as credentials.

    :param link: An absolute link or, with a ``base``, what a redirect from there says.
    :param base: Where the redirect comes from.
    :raises ValueError: If it is no http(s) link with a host.
    """
    try:
        url = base.join(link) if base is not None else httpx.URL(link)
        usable = url.scheme in {"http", "https"} and bool(url.host)
    except (httpx.InvalidURL, ValueError, TypeError):
        usable = False
    if not usable:
        what = "link" if base is None else f"redirect from {shown(base)}"
        raise ValueError(f"the {what} does not lead to an http or https address")
    return url.copy_with(username=None, password=None, fragment=None)


def redirect_location(response: httpx.Response) -> str:
    """Where a redirect leads, whatever bytes its header has."""
    raw = next((value for name, value in response.headers.raw if name.lower() == b"location"), b"")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004 - ASCII's end


def shown(url: str | httpx.URL) -> str:
    """A link for people to read: without its query, which may sign it, and without credentials."""
    try:
        return str(httpx.URL(url).copy_with(username=None, password=None, query=None, fragment=None))
    except (httpx.InvalidURL, ValueError, TypeError):
        return "(an unreadable link)"


class _HideQueries(logging.Filter):
    """httpx logs the whole URL of every request; here it may be a signed one."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(shown(each) if isinstance(each, httpx.URL) else each for each in record.args)
        return True


@contextmanager
def hidden_queries() -> Iterator[None]:
    """Keep signed links out of httpx's own log lines meanwhile."""
    log, hide = logging.getLogger("httpx"), _HideQueries()
    log.addFilter(hide)
    try:
        yield
    finally:
        log.removeFilter(hide)
