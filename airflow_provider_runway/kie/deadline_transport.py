"""An httpx transport whose answers have an end: httpx bounds each read, and an answer may come in many.

The deadline travels where httpx hands its timeouts on to the sockets, so it needs neither a thread nor a signal, and
holds for the status line, the headers, the body, and what a proxy says before.
"""

from __future__ import annotations

from typing import Any

import httpcore
import httpx

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.proxies import Proxy


class Deadline:
    """The end of a request and its answer, counted from when it is first asked.

    :param seconds: For all of it, once there is a connection.
    :param stall: Seconds, the most that one read or write may take.
    :param clock: What time it is.
    """

    def __init__(self, seconds: float, stall: float, clock: Clock = CLOCK) -> None:
        self._seconds = seconds
        self._stall = stall
        self._clock = clock
        self._end: float | None = None

    def left(self) -> float:
        """Seconds that the next read or write may take, 0 or less where the time is up."""
        now = self._clock.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return min(self._end - now, self._stall)

    def took(self, size: int) -> None:
        """Take note of bytes that were read; one that bounds more than the time raises."""


class BoundedTransport(httpx.HTTPTransport):
    """httpx's own transport, which keeps to a :class:`Deadline` in place of its timeouts for each read and write.

    :param proxy: The proxy to go through.
    :param limits: Which connections are kept.
    """

    def __init__(self, proxy: Proxy | None, limits: httpx.Limits | None = None) -> None:
        super().__init__(proxy=proxy.url if proxy else None, limits=limits or httpx.Limits())
        # httpcore takes a backend when a pool is made; httpx makes the pool, and hands none on.
        self._pool._network_backend = _Backend(self._pool._network_backend)  # noqa: SLF001

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the extension ``deadline`` is its :class:`Deadline`."""
        deadline = request.extensions.get("deadline")
        if deadline is not None:
            timeouts = request.extensions.get("timeout", {})
            request.extensions["timeout"] = {**timeouts, "read": deadline, "write": deadline}
        response = super().handle_request(request)
        # The words beside the status are the service's own, and httpx logs them.
        response.extensions.pop("reason_phrase", None)
        return response


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *place: Any, **how: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(*place, **how))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | Deadline | None = None) -> bytes:
        received = self._stream.read(max_bytes, _seconds(timeout, httpcore.ReadTimeout))
        if isinstance(timeout, Deadline):
            timeout.took(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | Deadline | None = None) -> None:
        self._stream.write(buffer, _seconds(timeout, httpcore.WriteTimeout))

    def start_tls(self, *context: Any, **how: Any) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(*context, **how))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


# A SOCKS proxy is spoken to without any timeout.
_LONGEST_SILENCE = 30.0


def _seconds(timeout: float | Deadline | None, late: type[httpcore.TimeoutException]) -> float:
    if not isinstance(timeout, Deadline):
        return _LONGEST_SILENCE if timeout is None else timeout
    left = timeout.left()
    if left <= 0:
        raise late("the time is up")
    return left
