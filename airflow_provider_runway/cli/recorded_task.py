"""Whether a KIE task that a person names can be the one that a record is in doubt about."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow_provider_runway.cli.ending import ExitCode, end, say
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import (
    ConnectionSettingsError,
    InvalidRequestError,
    RunwayError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.families import endpoint_ordered_by_polling
from airflow_provider_runway.kie.kinds import KINDS
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.operators.submission import Submission

# How far the clocks here and at KIE.AI may be apart.
_CLOCKS = timedelta(minutes=10)


def check_task(conn_id: str, task_id: str, known: Submission) -> str:
    """Ask KIE.AI for the task, and leave if it cannot be that of the submission.

    :param known: What is known of the submission.
    :return: Its id, as it is to be recorded.
    """
    try:
        with RunwayHook(conn_id) as hook:
            task = _look(hook, task_id)
    except TaskNotFoundError:
        end(ExitCode.GONE, f"KIE.AI knows no task {task_id}. Nothing was changed; --force records it nevertheless.")
    except ConnectionSettingsError as error:
        say(f"KIE.AI was not asked whether it knows task {task_id}. {error.summary}")
        return task_id
    except RunwayError as error:
        end(
            ExitCode.REFUSED,
            f"KIE.AI cannot be asked for task {task_id} ({error.summary}) --force records it nevertheless.",
        )
    sent = datetime.fromisoformat(known.intended_at)
    if task.completed_at is not None and task.completed_at < sent - _CLOCKS:
        end(
            ExitCode.REFUSED, f"Task {task_id} had ended before this was sent ({known.intended_at}): it is another one."
        )
    if task.state is TaskState.FAILED:
        say(f"KIE.AI has failed task {task_id}: its credits come back, and the next try learns that.")
    return task.task_id


def _look(hook: RunwayHook, task_id: str) -> VideoTask:
    """The task, of whatever kind it is. One that a look itself would order is not looked for."""
    fault: RunwayError | None = None
    for kind in KINDS:
        if endpoint_ordered_by_polling(kind) is not None:
            continue
        try:
            return hook.get_task(task_id, kind)
        except TaskNotFoundError as error:
            fault = error
        except InvalidRequestError as error:  # it is no id at all, or one of another API's
            fault = fault or error
    assert fault is not None  # noqa: S101 - there are kinds
    raise fault
