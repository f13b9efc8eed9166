"""The receiver of KIE.AI's callbacks: an app of its own, which asks for no login. The token in its path is the proof.

What it is sent is cheap to refuse: nothing is read from Airflow's database before a token has proved to be ours, and
never is KIE.AI asked here. All that a callback can bring about is that a task which waits looks for itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY, Callback, read_callback
from airflow_provider_runway.kie.callback_tokens import (
    CallbackToken,
    ExpiredTokenError,
    ForgedTokenError,
    MalformedTokenError,
    UnverifiedToken,
)
from airflow_provider_runway.kie.errors import ConnectionSettingsError
from airflow_provider_runway.kie.signatures import SIGNATURE_HEADER, TIMESTAMP_HEADER, age, is_signed
from airflow_provider_runway.plugin.accounts import settings_of
from airflow_provider_runway.plugin.callback_limits import Connections, Permits, TooManyError
from airflow_provider_runway.plugin.contacts import Contacts
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.plugin.callback_delivery import Delivery
    from airflow_provider_runway.utils.watches import Contact

log = logging.getLogger(__name__)

# Seconds within which a body has to be there whole.
_LONGEST_READ = 10.0
# Callbacks that are delivered at a time, each with a connection to Airflow's database.
_AT_ONCE = 4
_CALLS_AT_ONCE, _CALLS_PER_SECOND = 1000, 50.0
_CONNECTIONS_AT_ONCE, _CONNECTIONS_PER_SECOND = 20, 1.0
# Seconds between two lines of the log about callbacks that are refused for the same reason.
_SELDOM = 60.0
_TOO_EARLY = 425
# What is answered to calls that were not looked into: they may have been KIE.AI's.
_NOT_NOW = frozenset({429, 503})

Deliver = Callable[..., "Delivery"]
Watch = Callable[["CallbackToken", "Settings", "Contact"], "Delivery"]


class _RefusedError(Exception):
    """A callback is not listened to.

    :param status: The HTTP status.
    :param reason: Why, in one word for the metrics.
    :param detail: Why, for who calls.
    :param cause: What else there is to say of it, for the log alone.
    """

    def __init__(self, status: int, reason: str, detail: str, cause: str = "") -> None:
        super().__init__(detail)
        self.cause = cause
        self.status = status
        self.reason = reason
        self.detail = detail


class Receiver:
    """Takes callbacks in. One for each process, with what it knows of the others it has taken."""

    def __init__(self) -> None:
        self._calls = Permits(_CALLS_PER_SECOND, _CALLS_AT_ONCE, time.monotonic)
        lookups = Permits(_CONNECTIONS_PER_SECOND, _CONNECTIONS_AT_ONCE, time.monotonic)
        self._connections = Connections(settings_of, lookups, time.monotonic)
        self._one_thread = ThreadPoolExecutor(1, "runway-connections")
        self._threads = ThreadPoolExecutor(_AT_ONCE, "runway-callbacks")
        self._contacts = Contacts(time.time())
        self._told: dict[str, float] = {}
        self._delivery = _load_delivery()

    async def receive(self, request: Request) -> Response:
        """Take a callback in."""
        try:
            status, answer = await self._take_in(request)
        except _RefusedError as refused:
            self._tell(refused)
            return JSONResponse({"detail": refused.detail}, refused.status)
        metrics.count("callbacks", by=answer["status"])
        return JSONResponse(answer, status)

    async def _take_in(self, request: Request) -> tuple[int, dict[str, Any]]:
        token: CallbackToken | None = None
        try:
            token, settings = await self._verified(request.path_params["token"])
            return await self._take_in_verified(request, token, settings)
        except _RefusedError as refused:
            if token is not None or refused.status in _NOT_NOW:
                self._contacts.turned_away(token, time.time())
            raise

    async def _take_in_verified(
        self, request: Request, token: CallbackToken, settings: Settings
    ) -> tuple[int, dict[str, Any]]:
        try:
            self._calls.take()
        except TooManyError:
            raise _too_many() from None
        callback = _read(await _body(request))
        signed = self._check_signature(request, callback, settings, token)
        if token.is_check:
            return 200, self._answer_to_check(signed=signed)
        if self._delivery is None:
            return 200, {"status": "off"}
        if not callback.is_over:
            return 200, {"status": "early"}
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._deliver_in_thread(token, callback, settings, signed=signed)
        )
        delivery = str(await work)
        return _TOO_EARLY if delivery == "too_early" else 200, {"status": delivery}

    async def _verified(self, text: str) -> tuple[CallbackToken, Settings]:
        """The token, and the connection with whose key it is signed."""
        try:
            unverified = UnverifiedToken.read(text)
            settings = self._connections.at_hand(unverified.conn_id)
            if settings is None:
                look_up = self._connections.look_up
                loop = asyncio.get_running_loop()
                settings = await loop.run_in_executor(self._one_thread, look_up, unverified.conn_id)
            return unverified.verify(settings.address.api_key, time.time()), settings
        except MalformedTokenError:
            raise _RefusedError(400, "malformed", "This is no address that KIE.AI was given.") from None
        except (ForgedTokenError, ConnectionSettingsError):
            raise _RefusedError(401, "forged", "This address was not signed with a key of this Airflow.") from None
        except ExpiredTokenError:
            raise _RefusedError(410, "expired", "This address is good no longer.") from None
        except TooManyError:
            raise _too_many() from None
        except Exception as error:  # noqa: BLE001 - a secrets backend may raise anything
            cause = type(error).__name__
            raise _RefusedError(503, "unavailable", "Airflow's connections cannot be read now.", cause) from None

    def _check_signature(self, request: Request, callback: Callback, settings: Settings, token: CallbackToken) -> bool:
        """Whether a callback is signed, where the account has a webhook key."""
        if settings.webhook_secret is None:
            return False
        timestamp = request.headers.get(TIMESTAMP_HEADER)
        given = request.headers.get(SIGNATURE_HEADER)
        if not is_signed(settings.webhook_secret, callback.task_ids, timestamp, given):
            raise _RefusedError(401, "unsigned", "It is not signed with the webhook key of the account.")
        seconds = age(timestamp, time.time())
        log.info("KIE.AI calls for task %s of %s, signed %.0f s ago.", token.task_id, token.run_id, seconds or 0.0)
        return True

    def _deliver_in_thread(
        self, token: CallbackToken, callback: Callback, settings: Settings, *, signed: bool
    ) -> Delivery:
        deliver, watch = self._delivery  # type: ignore[misc] # there is one
        now = time.time()
        self._contacts.heard(token, settings, now)
        try:
            if token.probes is not None:
                return watch(token, settings, self._contacts.contact(token, now))
            return deliver(token, callback, settings, is_signed=signed)
        except Exception as error:  # noqa: BLE001 - KIE.AI calls again, and polling goes on
            cause = f"for {token.dag_id!r}, {token.run_id!r}, {token.task_id!r}: {type(error).__name__}: {error}"
            raise _RefusedError(503, "undelivered", "It could not be delivered now: call again.", cause) from None

    def _answer_to_check(self, *, signed: bool) -> dict[str, Any]:
        version = ".".join(map(str, airflow_version()))
        return {"status": "check", "is_signed": signed, "wakes": self._delivery is not None, "airflow": version}

    def _tell(self, refused: _RefusedError) -> None:
        metrics.count("callbacks", by=refused.reason)
        now = time.monotonic()
        if now - self._told.get(refused.reason, -_SELDOM) >= _SELDOM:
            self._told[refused.reason] = now
            said = f"{refused.detail} ({refused.cause})" if refused.cause else refused.detail
            log.warning("A callback was refused with status %d: %s", refused.status, said)


def _load_delivery() -> tuple[Deliver, Watch] | None:
    """What delivers callbacks; ``None`` on an Airflow whose tables are not what this provider knows."""
    try:
        from airflow_provider_runway.plugin.callback_delivery import deliver, watch
    except (ImportError, AttributeError) as error:
        log.warning("On this Airflow callbacks wake no task (%s). Videos are polled for as without them.", error)
        return None
    return deliver, watch


def _read(content: bytes) -> Callback:
    try:
        return read_callback(content)
    except ValueError as error:
        raise _RefusedError(400, "malformed", f"The body is none of a callback: {error}.") from None


async def _body(request: Request) -> bytes:
    """The body, of a bounded size and within a bounded time."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY):
        raise _too_large()
    try:
        return await asyncio.wait_for(_stream(request), _LONGEST_READ)
    except (TimeoutError, asyncio.TimeoutError):
        raise _RefusedError(408, "slow", f"The body was not there within {_LONGEST_READ:.0f} s.") from None
    except ClientDisconnect:
        raise _RefusedError(400, "malformed", "The body is not whole.") from None


async def _stream(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise _too_large()
    return bytes(content)


def _too_large() -> _RefusedError:
    return _RefusedError(413, "oversized", f"A callback has {LARGEST_BODY} bytes at most.")


def _too_many() -> _RefusedError:
    return _RefusedError(429, "too_many", "There are too many callbacks now.")


def make_app() -> Starlette:
    """The app, which Airflow's API server mounts at ``/runway/callback``."""
    taker = Receiver()

    async def receive(request: Request) -> Response:
        return await taker.receive(request)

    return Starlette(routes=[Route("/{token}", receive, methods=["POST"])])
