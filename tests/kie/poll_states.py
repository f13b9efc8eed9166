"""A poll state, and what it is told."""

from __future__ import annotations

from typing import Any

from airflow_provider_runway.kie.errors import RunwayError, TaskNotFoundError
from airflow_provider_runway.kie.poll_state import GaveUp, PollRules, PollState, Step
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import TaskState, VideoTask

LINK = "https://files.example/v.mp4"


def task(state: TaskState = TaskState.GENERATING, **fields: Any) -> VideoTask:
    return VideoTask(**{"task_id": "t-1", "kind": "runway", "state": state, "raw_state": state.value, **fields})


def poll_state(
    deadline: float = 1800.0, schedule: Schedule | None = None, submitted: float | None = None, **rules: Any
) -> PollState:
    made = {"poll_interval": 10.0, "jitter": lambda: 0.0, **rules}
    return PollState("t-1", deadline=deadline, rules=PollRules(**made), schedule=schedule, submitted=submitted)


def error_of(step: Step) -> RunwayError:
    assert isinstance(step, GaveUp)
    return step.error


def missing() -> TaskNotFoundError:
    return TaskNotFoundError("KIE.AI has no record of task t-1", task_id="t-1")
