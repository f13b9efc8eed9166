"""Waiting for a video in the triggerer."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    PollingFailedError,
    RunwayError,
    TaskNotFoundError,
    VideoExpiredError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.rules import SHORTEST_POLL_INTERVAL, check_seconds
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.kie.transport_faults import fault_of
from airflow_provider_runway.triggers.arguments import ignore_unknown
from airflow_provider_runway.triggers.deferral import outlast_shortest_deferral
from airflow_provider_runway.triggers.events import PollRequest, VideoEvent


class RunwayVideoTrigger(BaseTrigger):
    """Waits until a KIE.AI task has ended, and fires once.

    The event is ``{"task_id": ..., "state": ...}``; the state is ``"success"``, ``"failed"``, ``"gone"`` (expired, or
    unknown to KIE), ``"timeout"`` or ``"fault"`` (the polls went wrong); for ``"gone"`` and ``"fault"``, ``"error"``
    says how in one line. It holds no URL and no key: whoever resumes polls the task.

    :param runway_conn_id: The connection, of type ``runway``.
    :param runway_task_id: The task waited for.
    :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
    :param poll_interval: Seconds, the shortest pause between two polls; below 1 it counts as 1.
    :param deadline: Epoch seconds at which the wait ends; a restart of the triggerer does not move it. If left out,
        30 minutes from now.
    :param submitted_at: Epoch seconds at which the task was submitted, if that is known: polls are rarer while a video
        is too young to be ready.
    :param profile: What sort of video it is, as in the price list, such as ``generate-5s-720p``: when those of a sort
        become ready is learned.
    :param nonce: Of the submission, where KIE calls back when the task has ended: by that the call finds this trigger.
    :param calls: How many calls have come, and the task had not ended for all that: from the first on it is polled as
        if there were none.
    :param seen: What KIE has last said of the task, if anything: that it does not know it is believed later then.
    :param unknown: What another version of this provider has stored; ignored.
    :raises InvalidRequestError: If a number is none, or not finite.
    """

    clock: Clock = CLOCK

    def __init__(
        self,
        runway_conn_id: str,
        runway_task_id: str,
        kind: Kind = "runway",
        poll_interval: float = 10.0,
        *,
        deadline: float | None = None,
        submitted_at: float | None = None,
        profile: str | None = None,
        nonce: str | None = None,
        calls: int | None = None,
        seen: str | None = None,
        **unknown: object,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore_unknown(self, unknown)
        self.request = PollRequest(
            runway_conn_id=runway_conn_id,
            runway_task_id=runway_task_id,
            kind=kind,
            poll_interval=max(check_seconds("poll_interval", poll_interval), SHORTEST_POLL_INTERVAL),
            deadline=self.clock.time() + _USUAL_WAIT if deadline is None else deadline,
            submitted_at=submitted_at,
            profile=profile,
            nonce=nonce,
            calls=calls,
            seen=seen,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew. Airflow stores it in plain text."""
        return f"{type(self).__module__}.{type(self).__qualname__}", self.request.to_kwargs()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire."""
        since = self.clock.monotonic()
        event = await self._wait()
        await outlast_shortest_deferral(self, since, self.clock)
        yield TriggerEvent(event.to_event())

    async def _wait(self) -> VideoEvent:
        try:
            poller = await _load_poller()
            await poller.shared_poller(self.request.runway_conn_id).wait(self.request, self._log_change)
        except GenerationFailedError:
            return self._event("failed")
        except (VideoExpiredError, TaskNotFoundError) as error:
            return self._event("gone", error)
        except WaitTimeoutError:
            return self._event("timeout")
        except RunwayError as error:
            return self._event("fault", error)
        except Exception as error:
            self.log.exception("The wait for task %s ends with a fault of this provider.", self.request.runway_task_id)
            return self._event(
                "fault",
                PollingFailedError(
                    f"The triggerer failed ({fault_of(error)})", detail="The task is paid and goes on at KIE.AI"
                ),
            )
        return self._event("success")

    def _event(self, state: str, error: RunwayError | None = None) -> VideoEvent:
        if error is None:
            return VideoEvent(self.request.runway_task_id, state)
        said = (shorten(error.summary, _LONGEST_ERROR), shorten(error.detail, _LONGEST_ERROR) or None)
        return VideoEvent(self.request.runway_task_id, state, *said)

    def _log_change(self, state: str, waited: float) -> None:
        self.log.info("Task %s: %s after %.0f s.", self.request.runway_task_id, state, waited)


# Seconds that a wait lasts whose deadline nobody has stored.
_USUAL_WAIT = 1800.0
# Characters of an error in an event, which Airflow stores.
_LONGEST_ERROR = 2000
_poller: ModuleType | None = None


async def _load_poller() -> ModuleType:
    """The shared poller's module. Importing it takes tenths of a second, which must not block a triggerer's loop."""
    global _poller  # noqa: PLW0603 - once for the process
    if _poller is None:
        _poller = await asyncio.to_thread(importlib.import_module, "airflow_provider_runway.triggers.shared_poller")
    return _poller
