"""Calls to KIE over aiohttp: a third of httpx's processor time for each, which counts where thousands wait."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import LONGEST_ANSWER, Answer
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.over_httpx import no_answer, not_sent, read_body, unsendable
from airflow_provider_runway.kie.proxies import Proxy, proxy_for
from airflow_provider_runway.kie.transport_faults import fault_of

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from yarl import URL

# An idle connection is kept so long: longer than most pauses between two polls where many tasks are waited for.
_KEEP_ALIVE = 60.0
_FIRST_READ = 65_536


class AiohttpSender:
    """Sends calls over connections that it keeps open. Made by :meth:`open`.

    A submission gets a connection of its own, for the reason given in
    :mod:`airflow_provider_runway.kie.over_httpx`.

    :param address: The account and where it is.
    :param session: For calls that change nothing.
    :param fresh: For submissions.
    :param proxy: The proxy that the environment names for this host.
    """

    def __init__(self, address: Address, session: ClientSession, fresh: ClientSession, proxy: Proxy | None) -> None:
        from yarl import URL

        self._address = address
        self._session = session
        self._fresh = fresh
        self._proxy = proxy.url if proxy else None
        self._url = URL

    @classmethod
    async def open(cls, address: Address, *, timeout: float, sockets: int) -> AiohttpSender:
        """Make one on the running event loop, without blocking it.

        :param address: The account and where it is.
        :param timeout: Seconds for connecting, and for each read. A whole call, with its answer, takes twice as long at
            most.
        :param sockets: Connections at the same time, at most.
        """
        # Importing aiohttp, and reading all the authorities there are, takes a tenth of a second each.
        aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        is_tls = address.base_url.startswith("https:")
        tls = await asyncio.to_thread(httpx.create_ssl_context) if is_tls else True
        limits = aiohttp.ClientTimeout(total=2 * timeout, sock_connect=timeout, sock_read=timeout)

        def session(**keeping: Any) -> ClientSession:
            made: ClientSession = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls, limit=sockets, **keeping),
                headers=dict(address.headers),
                timeout=limits,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_FIRST_READ,
            )
            return made

        kept, fresh = session(keepalive_timeout=_KEEP_ALIVE), session(force_close=True)
        return cls(address, kept, fresh, proxy_for(address.base_url))

    async def send(self, call: Call) -> Answer:
        """Send a call; see :meth:`airflow_provider_runway.kie.over_httpx.HttpxSender.send`."""
        try:
            session = self._session if call.method == "GET" else self._fresh
            url = self._url(self._address.base_url + call.path + _query(call), encoded=True)
            headers, body = (None, None) if call.body is None else (_JSON, json.dumps(dict(call.body)).encode())
        except Exception as error:  # noqa: BLE001 - what a library says is not quoted, see transport_faults.py
            fault: RunwayError = unsendable(error)
        else:
            try:
                return await self._request(session, call.method, url, headers=headers, data=body)
            except Exception as error:  # noqa: BLE001
                fault = _fault(error, self._address)
        raise fault

    async def _request(self, session: ClientSession, method: str, url: URL, **sending: Any) -> Answer:
        async with session.request(method, url, allow_redirects=False, proxy=self._proxy, **sending) as response:
            read = bytearray()
            while not response.content.at_eof() and len(read) < LONGEST_ANSWER:
                read += await response.content.read(LONGEST_ANSWER - len(read))
        encoding = ", ".join(response.headers.getall("Content-Encoding", []))
        body = read_body(read, encoding, self._address)
        said = response.headers
        return Answer(response.status, body, said.get("Retry-After"), self._address.secret, said.get("Date"))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()
        await self._fresh.close()


_JSON = {"Content-Type": "application/json"}


def _query(call: Call) -> str:
    return f"?{urlencode(call.query)}" if call.query else ""


def _fault(error: Exception, address: Address) -> RunwayError:
    """Say in our terms how a request failed below HTTP: only what is known to be from before counts as that."""
    import aiohttp

    if isinstance(error, RunwayError):
        return error
    if isinstance(error, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        return unsendable(error)
    before = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
    return not_sent(error, address) if isinstance(error, before) else no_answer(fault_of(error), address)
