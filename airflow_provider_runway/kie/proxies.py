"""The proxy that the environment names for a host, the same for every transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    :param url: Its URL, with the credentials that it may want. Never shown in ``repr``.
    """

    url: str = field(repr=False)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def proxy_for(base_url: str) -> Proxy | None:
    """The proxy between here and a host, by ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``."""
    parts = urlsplit(base_url)
    proxies = getproxies()
    given = proxies.get(parts.scheme) or proxies.get("all")
    host = parts.hostname or ""
    if not given or proxy_bypass(host if ":" in host or parts.port is None else f"{host}:{parts.port}"):
        return None
    return Proxy(given if "://" in given else f"http://{given}")
