"""What a failing task says of money: built in one place from what is known, and true on every version."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    CreditFloorError,
    GenerationFailedError,
    InvalidRequestError,
    RunwayError,
    UnreadableRecordError,
)
from airflow_provider_runway.operators.advice import Standing, advise

LOGS = "http://127.0.0.1:8788/logs"
ERRORS: list[type[RunwayError]] = [
    kind
    for kind in (getattr(exceptions, name) for name in exceptions.__all__)
    if kind not in {InvalidRequestError, CreditFloorError}
]
# Those that say by themselves what is paid.
OF_THEIR_OWN = {
    AmbiguousSubmissionError,
    GenerationFailedError,
    UnreadableRecordError,
    exceptions.TaskNotFoundError,
    exceptions.VideoExpiredError,
}
OTHERS = [kind for kind in ERRORS if kind not in OF_THEIR_OWN]


def standing(**facts: Any) -> Standing:
    return Standing(**{"conn_id": "clips", "logs": LOGS, "is_kept": True, **facts})


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("task_id", [None, "task-1"])
@pytest.mark.parametrize("retryable", [True, False])
def test_where_no_record_is_kept_nothing_promises_that_a_retry_pays_nothing(
    kind: type[RunwayError], task_id: str | None, retryable: bool
) -> None:
    said = advise(kind("It went wrong.", retryable=retryable), standing(is_kept=False, task_id=task_id))

    assert "pays nothing" not in said
    assert "pays no more" not in said
    assert "state store, and clear" not in said


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_paid_is_said_by_its_id_and_how_to_have_it(kind: type[RunwayError]) -> None:
    error = kind("It went wrong.")

    kept = advise(error, standing(task_id="task-1"))
    lost = advise(error, standing(task_id="task-1", is_kept=False))

    assert kept.startswith("Task task-1 is paid.")
    assert "A retry, or clearing this task, goes on with it and pays nothing." in kept
    assert "submits and pays again. To have the video of task task-1 all the same, wait for it" in lost


@pytest.mark.parametrize("kind", ERRORS)
def test_every_advice_ends_with_the_page(kind: type[RunwayError]) -> None:
    assert advise(kind("It went wrong."), standing()).endswith(" See docs/errors.md.")


@pytest.mark.parametrize("kind", OTHERS)
def test_what_was_not_submitted_is_said_to_be_unpaid(kind: type[RunwayError]) -> None:
    assert advise(kind("It went wrong."), standing()).startswith("Nothing was paid.")


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (exceptions.AuthenticationError, "Correct the API key of connection 'clips'. Then clear this task."),
        (exceptions.ConnectionSettingsError, "Correct connection 'clips'. Then clear this task."),
        (exceptions.InsufficientCreditsError, "Top up the account. Then clear this task."),
        (exceptions.RejectedError, "Change the request as KIE.AI says. Then clear this task."),
        (exceptions.QuotaExceededError, "Raise the key's own cap in KIE.AI's console. Then clear this task."),
        (exceptions.InputUnreachableError, "reachable from the internet. Then clear this task."),
        (exceptions.ServerError, "Nothing was paid. A retry submits it."),
    ],
)
def test_a_refusal_says_what_to_do(kind: type[RunwayError], advice: str) -> None:
    assert advice in advise(kind("It went wrong."), standing())


def test_a_lost_answer_comes_with_the_whole_way_out_of_it() -> None:
    lost = AmbiguousSubmissionError("It is unknown.")

    said = advise(lost, standing())

    for fact in ("It may be paid.", LOGS, "'stage'", "'submitted'", "'task_id'", "'runway_submission'", "delete that"):
        assert fact in said
    assert "'task-7'" in advise(AmbiguousSubmissionError("It is unknown.", task_id="task-7"), standing())
    assert "RunwayVideoSensor" in advise(lost, standing(is_kept=False))
    assert "may pay twice" in advise(AmbiguousSubmissionError("It is unknown.", retryable=True), standing())


@pytest.mark.parametrize(("retryable", "said"), [(True, "submits anew"), (False, "Then clear this task")])
def test_a_video_that_kie_failed_is_not_said_to_be_paid(retryable: bool, said: str) -> None:
    advice = advise(GenerationFailedError("Failed.", retryable=retryable), standing(task_id="task-1"))

    assert said in advice
    assert "is paid" not in advice


def test_a_killed_task_says_what_is_known() -> None:
    assert "task-1 stays paid" in standing(task_id="task-1").killed
    assert LOGS in standing().killed
    assert "pays nothing" not in standing(task_id="task-1", is_kept=False).killed
