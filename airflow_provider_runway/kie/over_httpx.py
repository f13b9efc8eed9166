"""Calls to KIE over httpx: one HTTP request each, and its faults in our terms."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import LONGEST_ANSWER, Answer, decode_body
from airflow_provider_runway.kie.errors import ConnectionSettingsError, NoAnswerError, NotSentError, RunwayError
from airflow_provider_runway.kie.proxies import proxy_for
from airflow_provider_runway.kie.transport_faults import fault_of, is_without_tls

# A submission never rides on a connection that has lain idle: the server may just have closed it, and the cut
# would leave it unknown whether the request was read.
_FRESH = httpx.Limits(max_keepalive_connections=0)


class HttpxSender:
    """Sends calls, one at a time, over connections that it keeps.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, and for all that comes after it until the answer is there whole.
    :param transport: An httpx transport in place of the network, for tests.
    """

    def __init__(self, address: Address, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address
        self._timeout = timeout
        self._transport = transport

    def send(self, call: Call) -> Answer:
        """Send a call.

        :raises ConnectionSettingsError: If it cannot even be formed.
        :raises NotSentError: If nothing was sent.
        :raises NoAnswerError: If no whole answer came.
        """
        http = self._reading if call.method == "GET" else self._submitting
        said: dict[str, Any] = {"params": call.query, "json": call.body}
        return request_answer(http, self._address, call.method, call.path, seconds=self._timeout, **said)

    def close(self) -> None:
        """Close the connections."""
        for name in ("_reading", "_submitting"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @cached_property
    def _reading(self) -> httpx.Client:
        return client_for(self._address, self._timeout, self._transport)

    @cached_property
    def _submitting(self) -> httpx.Client:
        return client_for(self._address, self._timeout, self._transport, _FRESH)


def client_for(
    address: Address,
    timeout: float,
    transport: httpx.BaseTransport | None = None,
    limits: httpx.Limits | None = None,
) -> httpx.Client:
    """A client for one host, whose answers have an end.

    :param address: The host.
    :param timeout: Seconds for connecting, and for each read and write.
    :param transport: An httpx transport in place of the network, for tests.
    :param limits: Which connections are kept.
    """
    from airflow_provider_runway.kie.deadline_transport import BoundedTransport

    try:
        return httpx.Client(
            timeout=timeout,
            transport=transport or BoundedTransport(proxy_for(address.base_url), limits),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except Exception as error:  # noqa: BLE001 - what a library says is not quoted, see transport_faults.py
        fault = unsendable(error)
    raise fault


def request_answer(
    http: httpx.Client, address: Address, method: str, path: str, *, seconds: float, **content: Any
) -> Answer:
    """Send a request and read what comes back.

    :param http: A client of :func:`client_for`. One read or write may take as long as its timeout says.
    :param address: Where the request goes.
    :param seconds: For all that comes after connecting, until the answer is there whole.
    :param content: What the request has, by httpx's names.
    :raises ConnectionSettingsError: If the request cannot even be formed.
    :raises NotSentError: If nothing was sent.
    :raises NoAnswerError: If no whole answer came.
    :raises RunwayError: What the request's own body raises while it is read, as it is.
    """
    from airflow_provider_runway.kie.deadline_transport import Deadline

    request = None
    try:
        request = http.build_request(method, address.base_url + path, headers=dict(address.headers), **content)
        request.extensions["deadline"] = Deadline(seconds, http.timeout.read or seconds)
        with closing(http.send(request, stream=True)) as response:
            # Transports for tests give answers that were read already.
            body = bytearray(response.content if response.is_stream_consumed else b"")
            if not response.is_stream_consumed:
                for part in response.iter_raw():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        break
        said = response.headers
        decoded = read_body(body, said.get("Content-Encoding"), address)
        return Answer(response.status_code, decoded, said.get("Retry-After"), address.secret, said.get("Date"))
    except RunwayError:
        raise
    except Exception as error:  # noqa: BLE001 - what a library says is not quoted, see transport_faults.py
        fault = transport_error(error, address) if request else unsendable(error)
    raise fault


def transport_error(error: Exception, address: Address) -> RunwayError:
    """Say in our terms how a request failed below HTTP: before it went out, or after.

    What is not known to be from before counts as from after, as does what no transport should raise.
    """
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
        return unsendable(error)
    if isinstance(error, (httpx.PoolTimeout, httpx.ProxyError, httpx.ConnectError, httpx.ConnectTimeout)):
        return not_sent(error, address)
    return error if isinstance(error, RunwayError) else no_answer(fault_of(error), address)


def unsendable(error: Exception) -> ConnectionSettingsError:
    """A request that could not even be formed."""
    return ConnectionSettingsError(f"The request could not be formed ({fault_of(error)})", detail="Nothing was sent")


def not_sent(error: Exception, address: Address) -> NotSentError:
    """No connection came about."""
    proxy = proxy_for(address.base_url)
    through = f" through the proxy at {proxy.place}" if proxy else ""
    hint = ""
    if is_without_tls(error):
        hint = (
            " That host does not speak TLS: if it is meant to be asked over plain HTTP, begin the connection's host "
            "with http://, or end the URI of the connection with /http."
        )
    return NotSentError(
        f"KIE.AI could not be reached at {address.place}{through} ({fault_of(error)}).{hint}",
        detail="Nothing was sent.",
    )


def no_answer(fault: str, address: Address) -> NoAnswerError:
    """The request went out, as far as is known, and no whole answer came."""
    return NoAnswerError(f"No whole answer came back from KIE.AI at {address.place} ({fault}).")


def read_body(body: bytes | bytearray, encoding: str | None, address: Address) -> bytes:
    """A body, decoded.

    :raises NoAnswerError: If it is not what its encoding says.
    """
    try:
        return decode_body(bytes(body), encoding)
    except ValueError as error:
        raise no_answer(str(error), address) from None
