"""What a ``@task.runway`` function has returned, kept for the way back from a trigger and for retries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.signed_urls import unsigned, with_urls
from airflow_provider_runway.operators.kept import Kept
from airflow_provider_runway.operators.submission import Submit, plan
from airflow_provider_runway.operators.task_state import TaskState

if TYPE_CHECKING:
    from airflow.sdk import Context

RETURNED_KEY = "runway_function"
# What is said in them is part of the video, even where it is a URL.
_TEXTS = {"prompt", "watermark"}


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function returned.

    :param question: Digits that are the same for the same function and arguments.
    :param fields: The request's fields.
    :param is_unsigned: Whether signatures of URLs were left out of them: good for waiting, and not for sending.
    """

    question: str
    fields: Mapping[str, Any]
    is_unsigned: bool = False


class ReturnedStore:
    """What the function of one task instance has returned.

    :param context: The task's context.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept = Kept(context, RETURNED_KEY)

    def of_this_try(self) -> Returned | None:
        """What it returned in this try, or what this try has taken over from an earlier one."""
        value = self._kept.read()
        return Returned(value["question"], value["fields"], bool(value.get("is_unsigned"))) if value else None

    def of_earlier_try(self, question: str) -> Returned | None:
        """What it returned for a video that is submitted and that this try is to wait on.

        :param question: What the function would be asked now: if that is something else, the video is too.
        """
        submissions = TaskState(self._context)
        submission = submissions.read()
        if submission is None:
            return None
        unchanged = plan(
            submission,
            submission.fingerprint,
            has_succeeded=submissions.has_succeeded(submission),
            resubmit_ambiguous=False,
        )
        earlier = self.of_this_try()
        if isinstance(unchanged, Submit) or earlier is None or earlier.question != question:
            return None
        return earlier

    def keep(self, returned: Returned) -> None:
        """Keep it in place of what was there before, without the signatures of URLs: the store is shown in the UI."""
        urls = {name: value for name, value in returned.fields.items() if name not in _TEXTS}
        fields = {**returned.fields, **with_urls(urls, unsigned)}
        self._kept.write(
            {"question": returned.question, "fields": fields, "is_unsigned": fields != dict(returned.fields)}
        )
