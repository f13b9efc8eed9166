"""The transport for downloads where the environment names a proxy: httpx's own through it, the fast one past it."""

from __future__ import annotations

import httpx

from airflow_provider_runway.kie.deadline_transport import BoundedTransport, Deadline
from airflow_provider_runway.kie.proxies import proxy_for
from airflow_provider_runway.storage.fast_transport import FastTransport
from airflow_provider_runway.storage.minimum_rate import PERIOD, Clock


class ProxiedTransport(httpx.BaseTransport):
    """Sends each request the way that ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` say for its host.

    :param clock: Seconds on a clock that does not jump.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._past = FastTransport(clock)
        self._through: dict[str, BoundedTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and read the answer up to its body, which whoever reads it has to bound."""
        proxy = proxy_for(str(request.url))
        if proxy is None:
            return self._past.handle_request(request)
        if proxy.url not in self._through:
            self._through[proxy.url] = BoundedTransport(proxy)
        stall = request.extensions.get("timeout", {}).get("read") or PERIOD
        deadline = Deadline(max(PERIOD, stall), stall, self._clock)
        request.extensions = {**request.extensions, "deadline": deadline}
        response = self._through[proxy.url].handle_request(request)
        deadline.lift()
        return response

    def close(self) -> None:
        """Close the connections."""
        for transport in self._through.values():
            transport.close()
