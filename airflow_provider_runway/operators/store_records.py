"""The submission record in Airflow's task state store (3.3 and later): one value, in which the last writer wins."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.operators.submission import OVER, RECORD_KEY, RETENTION, Stage, Submission

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

log = logging.getLogger(__name__)

# Seconds between writing once and once more; and on and on, while the API server is away.
_PAUSES = (1.0, 3.0, 9.0)
_PAUSE_WHILE_AWAY = 10.0


class Values(Protocol):
    """Where JSON values of one task instance are kept by key; Airflow's task state store (3.3) is one."""

    def get(self, key: str) -> Any: ...  # noqa: D102
    def set(self, key: str, value: Any, *, retention: timedelta) -> None: ...  # noqa: D102
    def delete(self, key: str) -> None: ...  # noqa: D102


class XComs:
    """The task's own XComs, which Airflow deletes when the next try begins.

    :param ti: The task instance.
    """

    def __init__(self, ti: RuntimeTaskInstanceProtocol) -> None:
        self._ti = ti

    def get(self, key: str) -> Any:
        """The value under this key, if there is one."""
        return self._ti.xcom_pull(key=key, task_ids=self._ti.task_id, map_indexes=self._ti.map_index)

    def set(self, key: str, value: Any, *, retention: timedelta) -> None:
        """Keep a value until the next try begins."""
        del retention
        self._ti.xcom_push(key, value)

    def delete(self, key: str) -> None:
        """Keep no value any more."""
        self._ti.xcom_push(key, None)


class StoreRecords:
    """The submission record of one task instance in its task state store.

    :param store: The store.
    :param clock: How time passes.
    """

    def __init__(self, store: Values, clock: Clock = CLOCK) -> None:
        self._store = store
        self._clock = clock

    def read(self) -> Submission | None:
        """The submission record, if there is one.

        :raises UnreadableRecordError: If there is one that cannot be read.
        """
        value = self._store.get(RECORD_KEY)
        return None if value is None else Submission.from_json(value)

    def write(self, submission: Submission, patience: float = 0.0) -> None:
        """Write the record in place of the one before, and again what may not have been written.

        :param patience: Seconds for which to go on while the API server is away; 13 in any case.
        """
        insist(lambda: self._set(submission), patience, self._clock)

    def write_once(self, submission: Submission | None) -> None:
        """Show the record of another place here too, if that can be done now."""
        try:
            if submission is None or submission.stage in OVER - {Stage.FAILED, Stage.GONE}:
                self._store.delete(RECORD_KEY)
            else:
                self._set(submission)
        except Exception as error:  # noqa: BLE001 - it is the other one that counts
            log.info("The submission record is not shown in Airflow's task state store (%s).", type(error).__name__)

    def delete(self) -> None:
        """Keep none any more."""
        insist(lambda: self._store.delete(RECORD_KEY), 0.0, self._clock)

    def _set(self, submission: Submission) -> None:
        self._store.set(RECORD_KEY, submission.to_json(), retention=RETENTION)


def insist(write: Callable[[], None], patience: float, clock: Clock = CLOCK) -> None:
    """Write again what may not have been written: a while without the API server must leave nothing in doubt.

    :param write: Writes it.
    :param patience: Seconds for which to go on while the API server is away; 13 in any case.
    :param clock: How time passes.
    """
    waited = 0.0
    for pause in chain(_PAUSES, repeat(_PAUSE_WHILE_AWAY)):
        try:
            return write()
        except Exception as error:
            most = patience if _is_away(error) else 0.0
            if _is_over(error) or waited + pause > max(most, sum(_PAUSES)):
                raise
            log.warning("The record could not be written (%s: %s). Trying again.", type(error).__name__, error)
            clock.sleep(pause)
            waited += pause
    return None


def _status(error: Exception) -> Any:
    """The HTTP status of what the API server has answered; ``None`` for no answer, and -1 for what is no such error."""
    detail = getattr(getattr(error, "error", None), "detail", None)
    return detail.get("status_code", -1) if isinstance(detail, dict) else -1


def _is_away(error: Exception) -> bool:
    """Whether the API server gave no answer, or none of its own."""
    status = _status(error)
    return status is None or status in {429, 500, 502, 503, 504}


def _is_over(error: Exception) -> bool:
    """Whether Airflow knows this try no more: the next one is prepared, or the run is deleted."""
    return _status(error) in {404, 410}
