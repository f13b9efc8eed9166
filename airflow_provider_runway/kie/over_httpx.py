"""Calls to KIE over httpx, sync and async: one HTTP exchange each, and its faults in our terms."""

from __future__ import annotations

from contextlib import aclosing, closing
from functools import cached_property
from typing import Any

import httpx

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.api import Call
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import ConnectionSettingsError, NoAnswerError, NotSentError, RunwayError

# Bytes after which an answer is read no further. KIE's have a few thousand.
LONGEST_ANSWER = 4_194_304
# A submission never rides on a connection that has lain idle: the server may just have closed it, and the cut
# would leave it unknown whether the request was read.
_FRESH = httpx.Limits(max_keepalive_connections=0)


class HttpxSender:
    """Sends calls, one at a time, over connections that it keeps.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, sending and each read.
    :param transport: An httpx transport in place of the network, for tests.
    """

    def __init__(self, address: Address, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address
        self._timeout = httpx.Timeout(timeout)
        self._transport = transport

    def send(self, call: Call) -> Answer:
        """Send a call.

        :raises ConnectionSettingsError: If it cannot even be formed.
        :raises NotSentError: If nothing was sent.
        :raises NoAnswerError: If no whole answer came.
        """
        try:
            http = self._reading if call.method == "GET" else self._submitting
            request = http.build_request(**_arguments(call, self._address))
        except Exception as error:
            raise unsendable(error) from error
        return read_answer(http, request, self._address)

    def close(self) -> None:
        """Close the connections."""
        for name in ("_reading", "_submitting"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @cached_property
    def _reading(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout, transport=self._transport)

    @cached_property
    def _submitting(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout, transport=self._transport, limits=_FRESH)


class AsyncHttpxSender:
    """The async twin of :class:`HttpxSender`.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, sending and each read.
    :param transport: An httpx transport in place of the network, for tests.
    """

    def __init__(self, address: Address, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._address = address
        self._timeout = httpx.Timeout(timeout)
        self._transport = transport

    async def send(self, call: Call) -> Answer:
        """Send a call; see :meth:`HttpxSender.send`."""
        try:
            http = self._reading if call.method == "GET" else self._submitting
            request = http.build_request(**_arguments(call, self._address))
        except Exception as error:
            raise unsendable(error) from error
        try:
            async with aclosing(await http.send(request, stream=True)) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        break
        except Exception as error:
            raise transport_error(error) from error
        return _answer(response, body, self._address)

    async def aclose(self) -> None:
        """Close the connections."""
        for name in ("_reading", "_submitting"):
            if name in self.__dict__:
                await self.__dict__.pop(name).aclose()

    @cached_property
    def _reading(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._timeout, transport=self._transport)

    @cached_property
    def _submitting(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._timeout, transport=self._transport, limits=_FRESH)


def read_answer(http: httpx.Client, request: httpx.Request, address: Address) -> Answer:
    """Send a request and read what comes back.

    :raises NotSentError: If nothing was sent.
    :raises NoAnswerError: If no whole answer came.
    :raises RunwayError: What the request's own body raises while it is read, as it is.
    """
    try:
        with closing(http.send(request, stream=True)) as response:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > LONGEST_ANSWER:
                    break
    except RunwayError:
        raise
    except Exception as error:
        raise transport_error(error) from error
    return _answer(response, body, address)


def transport_error(error: Exception) -> RunwayError:
    """Say in our terms how a request failed below HTTP: before it went out, or after.

    What is not known to be from before counts as from after, as does what no transport should raise.
    """
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
        return unsendable(error)
    if isinstance(error, (httpx.PoolTimeout, httpx.ProxyError, httpx.ConnectError, httpx.ConnectTimeout)):
        return not_sent(error)
    return no_answer(error)


def unsendable(error: Exception) -> ConnectionSettingsError:
    """A request that could not even be formed."""
    return ConnectionSettingsError(f"The request could not be formed ({_named(error)}). Nothing was sent.")


def not_sent(error: Exception) -> NotSentError:
    """No connection came about."""
    return NotSentError(f"KIE.AI could not be reached ({_named(error)}). Nothing was sent.")


def no_answer(error: Exception) -> NoAnswerError:
    """The request went out, as far as is known, and no whole answer came."""
    return NoAnswerError(f"No whole answer came back from KIE.AI ({_named(error)}).")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _arguments(call: Call, address: Address) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "method": call.method,
        "url": address.base_url + call.path,
        "headers": dict(address.headers),
    }
    if call.query is not None:
        arguments["params"] = dict(call.query)
    if call.body is not None:
        arguments["json"] = dict(call.body)
    return arguments


def _answer(response: httpx.Response, body: bytes | bytearray, address: Address) -> Answer:
    return Answer(response.status_code, address.conceal(bytes(body)), response.headers.get("Retry-After"))
