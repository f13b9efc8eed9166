"""What a ``@task.runway`` function has returned, kept for the way back from a trigger and for retries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_runway.operators.submission import RETENTION, StateStore, Submit, plan
from airflow_provider_runway.operators.submission_store import SubmissionStore

if TYPE_CHECKING:
    from airflow.sdk import Context

RETURNED_KEY = "runway_function"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function returned.

    :param question: Digits that are the same for the same function and arguments.
    :param fields: The request's fields.
    """

    question: str
    fields: Mapping[str, Any]


class ReturnedStore:
    """What the function of one task instance has returned.

    It is in Airflow's task state store, which outlives a try. Before Airflow 3.3 there is none: there it is in an XCom,
    which lasts until the next try begins.

    :param context: The task's context.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = cast("StateStore | None", context.get("task_state_store"))

    def of_this_try(self) -> Returned | None:
        """What it returned in this try, or what this try has taken over from an earlier one."""
        ti = self._context["ti"]
        if self._store is not None:
            value = self._store.get(RETURNED_KEY)
        else:
            value = ti.xcom_pull(key=RETURNED_KEY, task_ids=ti.task_id, map_indexes=ti.map_index)
        return Returned(value["question"], value["fields"]) if value else None

    def of_earlier_try(self, question: str) -> Returned | None:
        """What it returned for a video that is submitted and that this try is to wait on.

        :param question: What the function would be asked now: if that is something else, the video is too.
        """
        submissions = SubmissionStore(self._context)
        submission = submissions.read()
        if submission is None:
            return None
        unchanged = plan(submission, submission.fingerprint, max_tries=submissions.max_tries, resubmit_ambiguous=False)
        earlier = self.of_this_try()
        if isinstance(unchanged, Submit) or earlier is None or earlier.question != question:
            return None
        return earlier

    def keep(self, returned: Returned) -> None:
        """Keep it in place of what was there before."""
        value = {"question": returned.question, "fields": dict(returned.fields)}
        if self._store is not None:
            self._store.set(RETURNED_KEY, value, retention=RETENTION)
        else:
            self._context["ti"].xcom_push(RETURNED_KEY, value)
