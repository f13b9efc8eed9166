"""Requests to the service that publishes, over the connection of Airflow's HTTP provider: one send, one outcome."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from airflow_provider_runway.kie.concealment import Secret
from airflow_provider_runway.kie.errors import ConnectionSettingsError, InvalidRequestError, RunwayError
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.kie.transport_faults import fault_of
from airflow_provider_runway.publishing.errors import PublicationError, PublicationInDoubtError
from airflow_provider_runway.publishing.identity import origin, place
from airflow_provider_runway.publishing.request import check_address, is_absolute

if TYPE_CHECKING:
    from requests import Response, Session

    from airflow_provider_runway.publishing.body import Body
    from airflow_provider_runway.publishing.deadline import Watch

# Bytes of an answer that are read at most, and those of one that an error shows.
LARGEST_ANSWER = 4_194_304
_EXCERPT = 300
# Seconds for connecting, and for which a service may take in nothing.
_CONNECTING = 60.0
_MOST_REDIRECTS = 3
# The request was not handled there, and is to be sent to the other place as it is.
_ELSEWHERE = {307, 308}
# The same, but for what old clients make of it: nothing was handled.
_MOVED = _ELSEWHERE | {301}
_PASSING = {408, 423, 425, 429}


@dataclass(frozen=True, slots=True)
class Message:
    """A request, apart from its body.

    :param method: HTTP's.
    :param url: Where to.
    :param headers: Those beside the connection's.
    :param seconds: How long all of it may take.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    seconds: float


OpenBody = Callable[[], "AbstractContextManager[Body | None]"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service has answered.

    :param response: The answer as ``requests`` has it; its body is in memory.
    :param fault: Why the body is not whole, if it is not.
    """

    response: Response
    fault: str | None = None


class Service:
    """The service behind a connection of type ``http``; without one, whoever a URL names.

    :param http_conn_id: The connection.
    :raises ConnectionSettingsError: If it is not there, or cannot work.
    """

    def __init__(self, http_conn_id: str | None) -> None:
        from airflow_provider_runway.publishing.deadline import WatchedAdapter

        self._conn_id = http_conn_id
        self._base: Callable[[str], str] | None = None
        self._secrets: list[Secret] = []
        self._session = self._open()
        if self._session.auth is None:
            self._session.auth = _no_credentials  # none of the machine's own netrc either
        self._adapter = WatchedAdapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def close(self) -> None:
        """Let go of what is open."""
        self._session.close()

    def url(self, endpoint: str, name: str = "endpoint") -> str:
        """The whole URL of an endpoint.

        :param name: The parameter that gives it, for messages.
        :raises InvalidRequestError: If it is on another host than the connection's, whose secrets are not for it.
        """
        if self._base is None:
            if not is_absolute(endpoint):
                raise InvalidRequestError(name, endpoint, "must be an http(s) URL where there is no http_conn_id")
            return endpoint
        base = self._base("")
        if not is_absolute(endpoint):
            if base.endswith("://"):
                rule = f"must be an http(s) URL, as connection {self._conn_id!r} has no host"
                raise InvalidRequestError(name, endpoint, rule)
            url = self._base(endpoint)
            check_address(f"host of connection {self._conn_id!r}", url)
            return url
        if not base.endswith("://") and origin(endpoint) != origin(base):
            rule = (
                f"must be on the host of connection {self._conn_id!r}, which is {origin(base)}: its secrets are for no "
                "other. For a presigned URL give http_conn_id=None"
            )
            raise InvalidRequestError(name, place(endpoint), rule)
        return endpoint

    def send(self, message: Message, body: OpenBody) -> Answer:
        """Send a request that publishes.

        :param body: Opens the body, anew for each send.
        :return: An answer that says that it is published.
        :raises PublicationError: If it is not.
        :raises PublicationInDoubtError: If nobody knows.
        """
        url, answer = message.url, self._exchange(message, body)
        status = answer.response.status_code
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
            return answer
        said = self._said(answer)
        facts: dict[str, Any] = {"http_status": status, "service_message": said or None}
        shown = f"{origin(url)} has answered with HTTP status {status}{f' ({said})' if said else ''}."
        if status in _MOVED:
            target = _target(url, answer)
            where = "nowhere that can be read" if target is None else self.conceal(place(target))
            raise PublicationError(f"{place(url)} is elsewhere now: HTTP status {status} leads to {where}.", **facts)
        if 400 <= status < 500:  # noqa: PLR2004
            pause = _seconds(answer.response.headers.get("Retry-After"))
            raise PublicationError(shown, retryable=status in _PASSING, retry_after=pause, **facts)
        raise PublicationInDoubtError(shown, **facts)

    def ask(self, url: str, seconds: float) -> Answer:
        """Send a request that changes nothing.

        :raises PublicationInDoubtError: If there is no answer.
        """
        try:
            return self._exchange(Message("GET", url, {}, seconds), nullcontext)
        except RunwayError as error:
            raise PublicationInDoubtError(error.summary, retryable=True) from None

    def conceal(self, text: str) -> str:
        """The text without what is secret of the connection."""
        for secret in self._secrets:
            text = secret.conceal(text)
        return text

    def _open(self) -> Session:
        if self._conn_id is None:
            from requests import Session

            return Session()
        from airflow.providers.http.hooks.http import HttpHook

        from airflow_provider_runway.utils.versions import AirflowNotFoundException

        hook = HttpHook(http_conn_id=self._conn_id)
        try:
            connection = hook.get_connection(self._conn_id)
            extra: Any = connection.extra_dejson
            found = [connection.password, *(extra.values() if isinstance(extra, dict) else ())]
            self._secrets = [Secret(text) for text in found if isinstance(text, str)]
            session = hook.get_conn()
            hook.url_from_endpoint("")
        except AirflowNotFoundException:
            raise ConnectionSettingsError(
                f"There is no connection {self._conn_id!r}.",
                detail="Make one, of type http, for the service that publishes.",
                is_missing=True,
            ) from None
        except Exception as error:  # noqa: BLE001 - whatever the provider makes of a connection
            what = self.conceal(f"{type(error).__name__}: {error}")
            raise ConnectionSettingsError(f"Connection {self._conn_id!r} cannot be used ({what}).") from None
        self._base = hook.url_from_endpoint
        return session

    def _exchange(self, message: Message, open_body: OpenBody) -> Answer:
        """Send, and follow where the same host says that the request is to be sent to instead."""
        followed = _ELSEWHERE | ({301, 302, 303} if message.method == "GET" else set())
        with self._adapter.watched(message.seconds) as watch:
            for left in reversed(range(_MOST_REDIRECTS + 1)):
                with open_body() as body:
                    answer = self._send_once(message, body, watch)
                if answer.response.status_code not in followed:
                    return answer
                target = _target(message.url, answer)
                if not left or target is None or origin(target) != origin(message.url):
                    return answer
                message = replace(message, url=target)
        raise AssertionError  # pragma: no cover - the loop returns

    def _send_once(self, message: Message, body: Body | None, watch: Watch) -> Answer:
        from requests import Request
        from urllib3.exceptions import HTTPError

        where, session, headers = origin(message.url), self._session, message.headers
        try:
            typed = {} if body is None else {"Content-Type": body.content_type}
            named = {name.lower() for name in headers}
            given = {**{name: value for name, value in typed.items() if name.lower() not in named}, **headers}
            request = session.prepare_request(Request(message.method, message.url, headers=given, data=body))
            # What the environment says of certificates counts where the connection says nothing.
            settings = session.merge_environment_settings(
                request.url or message.url, dict(session.proxies), True, session.verify, session.cert
            )
        except (ValueError, TypeError, OSError) as error:
            what = self.conceal(fault_of(error))
            raise PublicationError(f"The request to {where} cannot be made ({what}).") from None
        try:
            pauses = (min(_CONNECTING, message.seconds), message.seconds)
            response = session.send(request, timeout=pauses, allow_redirects=False, **settings)
        except RunwayError:
            raise
        except (OSError, HTTPError, ValueError) as error:  # those of requests are OSErrors
            what = (
                f"there was no whole answer in {message.seconds:g} s"
                if watch.is_over
                else self.conceal(fault_of(error))
            )
            if body is None or body.is_whole:
                raise PublicationInDoubtError(f"{where} has not answered ({what}).") from None
            left = f" with {body.len} bytes left" if watch.has_begun else ""
            raise PublicationError(f"The video could not be sent to {where}{left} ({what}).", retryable=True) from None
        if response.ok and body is not None and not body.is_whole:
            response.close()
            raise PublicationInDoubtError(f"{where} has answered before it had the whole video.")
        return self._read(response, watch)

    def _read(self, response: Response, watch: Watch) -> Answer:
        """Read an answer, as far as anybody wants to know it."""
        from urllib3.exceptions import HTTPError

        found, fault, raw = bytearray(), None, response.raw
        try:
            while len(found) <= LARGEST_ANSWER and (piece := raw.read(65_536, decode_content=True)):
                found += piece
            if len(found) > LARGEST_ANSWER:
                fault = f"it has more than {LARGEST_ANSWER} bytes"
        except (OSError, HTTPError, ValueError) as error:
            fault = self.conceal(fault_of(error))
        if watch.is_over:
            fault = "it did not end in time"
        raw.close()
        response.raw = io.BytesIO(bytes(found[:LARGEST_ANSWER]))
        _ = response.content  # read once and for all
        return Answer(response, fault)

    def _said(self, answer: Answer) -> str:
        """What an answer says, in a line."""
        kind = answer.response.headers.get("Content-Type", "")
        if not kind.startswith(("text/plain", "application/")) or "octet" in kind:
            return ""
        return shorten(self.conceal(answer.response.content[: 4 * _EXCERPT].decode("utf-8", "replace")), _EXCERPT)


def _target(url: str, answer: Answer) -> str | None:
    """Where an answer sends on to; ``None`` if that is no address."""
    try:
        target = urljoin(url, answer.response.headers["Location"])
        origin(target)
    except (KeyError, ValueError):
        return None
    return target if is_absolute(target) else None


def _no_credentials(request: Any) -> Any:
    return request


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 7 else None  # noqa: PLR2004
