"""What a trial is: what is made, on what, and what goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.faults import Fault
    from devtools.chaos.strikes import Strike

# A killed task, scheduler or triggerer is found out in seconds; by default that takes minutes.
SOON_FOUND_OUT: Final = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "8",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is made, on what, and what goes wrong meanwhile.

    :param title: which trial it is, for its report.
    :param seed: how long each video takes.
    :param prompts: one for each video, no two alike.
    :param seconds: how long the batch is struck.
    :param dags: the folder with the DAG; it finds its prompts by `CHAOS_PROMPTS`, its files' folder by `CHAOS_VIDEOS`.
    :param dag_id: the DAG, whose only task is "video".
    :param sandbox: further options of the sandbox.
    :param client_timeout: seconds after which a client of the service gives up.
    :param parallelism: how many tasks run at once.
    :param env: further environment of Airflow.
    :param airflow: further arguments of `AirflowStack`.
    :param records: keep the submission records in a folder.
    :param callbacks: have the service call Airflow.
    :param on_ambiguous_submit: that of the tasks, where the DAG reads `CHAOS_AMBIGUOUS`.
    :param strikes: who is killed, and when.
    :param patience: seconds that may pass after those, and then after each task that ends, until the next one does.
    :param by_progress: spread the strikes over the batch rather than over `seconds`, however long it takes.
    :param faults: what the service does wrong.
    """

    title: str
    seed: int
    prompts: Sequence[str]
    seconds: float
    dags: Path
    dag_id: str
    sandbox: Sequence[str]
    client_timeout: float
    parallelism: int
    env: Mapping[str, str] = field(default_factory=dict)
    airflow: Mapping[str, Any] = field(default_factory=dict)
    records: bool = False
    callbacks: bool = False
    on_ambiguous_submit: str = "fail"
    strikes: Sequence[Strike] = ()
    patience: float = 600.0
    by_progress: bool = False
    faults: Sequence[Fault] = ()


class Patience:
    """For how long a batch is waited for: as long as its tasks go on to end, however slow the machine is.

    :param until: the monotonic clock's seconds until which none has to.
    :param seconds: that may pass from the end of one task to that of the next.
    """

    def __init__(self, until: float, seconds: float) -> None:
        self._until = until
        self._seconds = seconds
        self._ended = 0

    def note(self, ended: int, now: float) -> None:
        """Tell how many tasks have ended by now."""
        if ended > self._ended:
            self._ended = ended
            self._until = max(self._until, now + self._seconds)

    def is_over(self, now: float) -> bool:
        """Whether it is at its end."""
        return now >= self._until
