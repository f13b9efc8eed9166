"""A running sandbox, seen and steered from outside."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_runway.sandbox.faults import Fault
from airflow_provider_runway.sandbox.ledger import Ledger
from airflow_provider_runway.sandbox.settings import SandboxSettings
from airflow_provider_runway.sandbox.tasks import SandboxTask

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_runway.sandbox.faults import Action, Aim

_TIMEOUT = 60.0
_CLIENT_ERRORS = range(400, 500)


class SandboxControl:
    """Looks into a sandbox and makes things go wrong in it; works on one in any process.

    :param url: where it listens, such as ``http://127.0.0.1:8123``.
    :param key: the API key for the connection.
    """

    def __init__(self, url: str, key: str = "sandbox-key") -> None:
        self.url = url.rstrip("/")
        self.key = key
        self._client = httpx.Client(base_url=self.url, timeout=_TIMEOUT, trust_env=False, verify=False)  # noqa: S501

    def close(self) -> None:
        """Close the connection to it; the sandbox goes on."""
        self._client.close()

    def connection_json(self) -> str:
        """The value for ``AIRFLOW_CONN_RUNWAY_DEFAULT``, as JSON."""
        return connection_json(self.url, self.key)

    @property
    def ledger(self) -> Ledger:
        """The books as they stand now; ask again to see what has happened since."""
        return self.read_ledger()

    def read_ledger(self, requests: int | None = None) -> Ledger:
        """The books as they stand now.

        :param requests: only so many of the latest requests; None: all that are kept.
        """
        query = "" if requests is None else f"?requests={requests}"
        return Ledger.from_json(self._ask("GET", f"ledger{query}"))

    @property
    def tasks(self) -> tuple[SandboxTask, ...]:
        """All tasks as they stand now, oldest first."""
        return tuple(_task(each) for each in self._ask("GET", "tasks"))

    def task(self, task_id: str) -> SandboxTask:
        """One task as it stands now.

        :raises KeyError: there is none of this id.
        """
        found = self._ask("GET", f"tasks?task_id={task_id}")
        if not found:
            raise KeyError(task_id)
        return _task(found[0])

    @property
    def balance(self) -> float:
        """Credits left."""
        return float(self.health()["balance"])

    def fault(self, action: Action, **aim: Unpack[Aim]) -> int:
        """Let something go wrong from now on.

        :param aim: which requests it strikes, as ``Fault`` describes it.
        :returns: the fault's number.
        :raises ValueError: a value is not allowed.
        """
        return int(self._ask("POST", "faults", Fault(action=action, **aim).to_json())["number"])

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, each with its ``number`` and how often it has ``struck``."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")
        return found

    def clear_faults(self, number: int | None = None) -> None:
        """Let nothing go wrong any more.

        :param number: only this fault ends.
        """
        self._ask("DELETE", "faults" if number is None else f"faults?number={number}")

    @property
    def settings(self) -> SandboxSettings:
        """The settings in force, but for ``keys`` and ``webhook_key``, which a sandbox does not tell."""
        return SandboxSettings().changed(self._ask("GET", "settings"))

    def configure(self, **changes: Any) -> SandboxSettings:
        """Change settings.

        :param changes: by the names that ``SandboxSettings`` has.
        :returns: the settings in force then, as ``settings`` tells them.
        :raises ValueError: a name is unknown or a value not allowed.
        """
        return SandboxSettings().changed(self._ask("PATCH", "settings", changes))

    def advance(self, seconds: float) -> None:
        """Turn the sandbox's clock forward, so that videos get ready, or expire, without waiting.

        :param seconds: how far, 0 or more.
        """
        self._ask("POST", "advance", {"seconds": seconds})

    def resend_callback(self, task_id: str) -> None:
        """Let a task's callback be delivered once more, as KIE.AI may do.

        :raises ValueError: there is no such task, or it has no callback.
        """
        self._ask("POST", "callbacks", {"task_id": task_id})

    def reset(self) -> None:
        """Back to the start: no tasks, no faults, empty books, the first settings, the true time."""
        self._ask("POST", "reset")

    def health(self) -> dict[str, Any]:
        """``status``, number of ``tasks``, ``balance`` and ``now``."""
        found: dict[str, Any] = self._ask("GET", "health")
        return found

    def wait_until_ready(self, timeout: float = 10.0) -> None:
        """Wait until it answers, after its process has been started.

        :param timeout: in seconds.
        :raises TimeoutError: it does not answer in time.
        """
        until = time.monotonic() + timeout
        while True:
            try:
                self.health()
            except httpx.TransportError as error:
                if time.monotonic() > until:
                    raise TimeoutError(f"no sandbox answers at {self.url}") from error
                time.sleep(0.05)
            else:
                return

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        reply = self._client.request(method, f"/_sandbox/{path}", json=body)
        if reply.status_code in _CLIENT_ERRORS:
            raise ValueError(reply.json()["error"])
        reply.raise_for_status()
        return reply.json()


def connection_json(url: str, key: str) -> str:
    """An Airflow connection to a sandbox, as JSON."""
    found = {"conn_type": "runway", "host": url, "password": key, "extra": {"upload_url": url}}
    return json.dumps(found, separators=(",", ":"))


def _task(value: dict[str, Any]) -> SandboxTask:
    return SandboxTask(**{**value, "media_urls": tuple(value["media_urls"])})
