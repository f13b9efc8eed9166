"""One request to a media host, with its redirects followed by hand: to web addresses only, and to public ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from http import HTTPStatus
from typing import Any

import httpx
from typing_extensions import Self

from airflow_provider_runway.kie.address import USER_AGENT
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.envelope import read_retry_after
from airflow_provider_runway.kie.errors import DeadLinkError, DownloadError
from airflow_provider_runway.kie.transport_faults import fault_of
from airflow_provider_runway.storage.links import redirect_location, shown, usable_link
from airflow_provider_runway.storage.public_hosts import Resolve, is_public
from airflow_provider_runway.storage.transport import PERIOD, PUBLIC_ONLY, Pace, TooSlowError

MOST_REDIRECTS = 5
# Seconds, the longest pause that is kept because the media host asks for it.
_LONGEST_ASKED_PAUSE = 120.0
_TRY_LATER = frozenset({408, 425, 429})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_USABLE = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})


@dataclass(eq=False)
class FaultError(Exception):
    """Why a request did not bring the rest of the file.

    :param reason: What went wrong, for people.
    :param becomes: The error that the download ends with, if it ends so.
    :param status: The HTTP status, if there was one.
    :param pause: Seconds that the media host asks to pause.
    :param final: Whether asking again in this download is of no use.
    :param retryable: Whether a retry of the task may help nevertheless.
    :param slow: Whether the answer dripped: what came of it is no progress.
    """

    reason: str
    _: KW_ONLY
    becomes: type[DownloadError] = DownloadError
    status: int | None = None
    pause: float | None = None
    final: bool = False
    retryable: bool = True
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer, 200, 206 or 416. It is closed at the end of the block, however that comes.

    :param response: The response, its body still to be read.
    :param url: Where it comes from.
    :param pace: What bounds the reading of it.
    :param is_redirected: Whether that is not where the link leads.
    :param is_private: Whether an address is one of a private network.
    """

    response: httpx.Response
    url: httpx.URL
    pace: Pace
    is_redirected: bool
    is_private: Callable[[httpx.URL], bool]

    @property
    def may_be_quoted(self) -> bool:
        """Whether an error may quote what it says: not if it comes from another machine of a private network."""
        if self.url.host in _LOOPBACK and not self.is_redirected:
            return True
        return not self.is_private(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()


@dataclass(frozen=True, slots=True)
class Asker:
    """Sends requests without credentials.

    :param client: An httpx client that has no credentials and follows nothing.
    :param resolve: The addresses of a host and port.
    :param clock: What time it is.
    """

    client: httpx.Client
    resolve: Resolve
    clock: Clock

    def ask(self, link: str, headers: Mapping[str, str]) -> Answer:
        """Send a request, and follow redirects.

        :param link: Where to.
        :param headers: What to say besides who asks.
        :raises FaultError: If there is no usable answer.
        """
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        sent |= headers
        url = _checked(link)
        is_local: bool | None = None
        for redirects in range(MOST_REDIRECTS + 1):
            pace = Pace(self.client.timeout.read or PERIOD, self.clock)
            response = self._send(url, sent, {"deadline": pace, PUBLIC_ONLY: is_local is False})
            if not response.has_redirect_location:
                if response.status_code not in _USABLE:
                    response.close()
                    raise _refusal(response)
                return Answer(response, url, pace, redirects > 0, self._is_private)
            response.close()
            target = _checked(redirect_location(response), url)
            # A link into one's own network, such as the sandbox's, is the operator's choice; a redirect is not.
            is_local = self._is_private(url) if is_local is None else is_local
            if not is_local and self._is_private(target):
                raise FaultError(f"{shown(url)} redirects into a private network, which is not followed", final=True)
            url = target
        raise FaultError(f"the media host redirects more than {MOST_REDIRECTS} times")

    def _is_private(self, url: httpx.URL) -> bool:
        """Whether a request would go to an address that is not public. Unknown hosts fail when it is sent."""
        host = url.raw_host.decode("ascii").strip("[]")
        try:
            addresses = list(self.resolve(host, url.port or (443 if url.scheme == "https" else 80)))
        except OSError:
            return False
        return not all(map(is_public, addresses))

    def _send(self, url: httpx.URL, headers: Mapping[str, str], extensions: dict[str, Any]) -> httpx.Response:
        try:
            request = self.client.build_request("GET", url, headers=headers, extensions=extensions)
            return self.client.send(request, stream=True, auth=None, follow_redirects=False)
        except TooSlowError as error:
            raise FaultError(f"{shown(url)} does not come to its answer ({error})", slow=True) from error
        except Exception as error:  # noqa: BLE001 - whatever the network raises
            raise FaultError(f"no answer from {shown(url)} ({fault_of(error)})") from None


def _checked(link: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return usable_link(link, base)
    except ValueError as error:
        raise FaultError(str(error), final=True) from None


def _refusal(response: httpx.Response) -> FaultError:
    status = response.status_code
    reason = f"{shown(response.request.url)} answered with HTTP status {status}"
    if 400 <= status < 500 and status not in _TRY_LATER:  # noqa: PLR2004 - HTTP's own borders
        return FaultError(
            f"{reason}, which says that the link has died", becomes=DeadLinkError, status=status, final=True
        )
    asked = read_retry_after(response.headers.get("Retry-After"))
    return FaultError(reason, status=status, pause=None if asked is None else min(asked, _LONGEST_ASKED_PAUSE))
