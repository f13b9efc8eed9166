"""What a failing task says of money: built in one place from what is known, and true on every version."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    RunwayError,
    UnreadableRecordError,
)
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.operators import advice
from airflow_provider_runway.operators.advice import Payment
from airflow_provider_runway.utils.versions import command_line

LOGS = "http://127.0.0.1:8788/logs"
ERRORS: list[type[RunwayError]] = [
    kind
    for kind in (getattr(exceptions, name) for name in exceptions.__all__)
    if "message" in signature(kind).parameters  # others word themselves
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


def payment(**facts: Any) -> Payment:
    return Payment(**{"conn_id": "clips", "logs": LOGS, "is_recorded": True, **facts})


def advise(error: RunwayError, payment: Payment) -> str:
    return str(advice.advise(error, payment))


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("task_id", [None, "task-1"])
@pytest.mark.parametrize("retryable", [True, False])
def test_where_no_record_is_recorded_nothing_promises_that_a_retry_pays_nothing(
    kind: type[RunwayError], task_id: str | None, retryable: bool
) -> None:
    said = advise(kind("It went wrong.", retryable=retryable), payment(is_recorded=False, task_id=task_id))

    assert "pays nothing" not in said
    assert "pays no more" not in said
    assert "state store, and clear" not in said


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_paid_is_said_by_its_id_and_how_to_have_it(kind: type[RunwayError]) -> None:
    error = kind("It went wrong.", retryable=True)

    kept = advise(error, payment(task_id="task-1"))
    lost = advise(error, payment(task_id="task-1", is_recorded=False))

    assert kept.startswith("Task task-1 is paid.")
    assert "A retry, or clearing this task, goes on with it and pays nothing." in kept
    assert "no retry goes on with it" in lost
    assert "RunwayVideoSensor(runway_task_id='task-1', kind='runway')" in lost
    assert "Clearing this task submits and pays again." in lost


@pytest.mark.parametrize("kind", ERRORS)
def test_every_advice_ends_with_the_page(kind: type[RunwayError]) -> None:
    assert advise(kind("It went wrong."), payment()).endswith(f" See {page('errors.md')}.")


@pytest.mark.parametrize(
    ("error", "facts", "is_paid"),
    [
        (exceptions.WaitTimeoutError("x"), {"task_id": "task-1"}, True),
        (exceptions.VideoExpiredError("x"), {}, True),
        (GenerationFailedError("x"), {"task_id": "task-1"}, False),
        (exceptions.RejectedError("x"), {}, False),
        (exceptions.RejectedError("x"), {"is_in_doubt": True}, None),
        (AmbiguousSubmissionError("x"), {}, None),
        (UnreadableRecordError("x"), {}, None),
        (exceptions.TaskNotFoundError("x"), {"task_id": "task-1"}, None),
        (exceptions.RecordsFolderError("x"), {"is_retry": False}, False),
        (exceptions.RecordsFolderError("x"), {"is_retry": True}, None),
        (exceptions.RecordsFolderError("x"), {"task_id": "task-1"}, True),
    ],
    ids=repr,
)
def test_what_it_says_of_payment_a_program_can_read_too(
    error: RunwayError, facts: dict[str, Any], is_paid: bool | None
) -> None:
    assert advice.advise(error, payment(**facts)).is_paid is is_paid


@pytest.mark.parametrize("kind", OTHERS)
def test_what_was_not_submitted_is_said_to_be_unpaid(kind: type[RunwayError]) -> None:
    said = "This try has paid nothing." if kind is exceptions.RecordsFolderError else "Nothing was paid."
    assert advise(kind("It went wrong."), payment()).startswith(said)


@pytest.mark.parametrize(
    ("kind", "expected"),
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
def test_a_refusal_says_what_to_do(kind: type[RunwayError], expected: str) -> None:
    assert expected in advise(kind("It went wrong."), payment())


def test_a_lost_answer_comes_with_the_whole_way_out_of_it() -> None:
    lost = AmbiguousSubmissionError("It is unknown.")

    said = advise(lost, payment())

    for fact in ("It may be paid.", LOGS, "'stage'", "'submitted'", "'task_id'", "'runway_submission'", "delete that"):
        assert fact in said
    assert "'task-7'" in advise(AmbiguousSubmissionError("It is unknown.", task_id="task-7"), payment())
    assert "RunwayVideoSensor" in advise(lost, payment(is_recorded=False))
    assert "may pay twice" in advise(AmbiguousSubmissionError("It is unknown.", retryable=True), payment())


def test_a_lost_answer_is_settled_on_the_command_line_where_records_are_in_a_folder() -> None:
    lost = AmbiguousSubmissionError("It is unknown.", task_id="task-7")

    said = advise(lost, payment(record_key="a7b8c9d0"))

    assert f"{command_line('records', 'set-id', 'task-7', 'a7b8c9d0')} --conn-id clips' and clear" in said
    assert f"{command_line('records', 'forget', 'a7b8c9d0')} --conn-id clips' and clear" in said
    assert "state store" not in said
    assert "set-id KIE_TASK_ID a7b8c9d0'" in advise(
        AmbiguousSubmissionError("It is unknown."), payment(record_key="a7b8c9d0", conn_id="runway_default")
    )


def test_a_record_in_a_folder_that_cannot_be_read_is_to_be_removed() -> None:
    said = advise(exceptions.UnreadableRecordError("s3://a/1.json is none."), payment(record_key="a7b8c9d0"))

    assert "remove that record (a file that is named, or the key" in said
    assert "forget" not in said


@pytest.mark.parametrize("retryable", [True, False])
def test_a_folder_that_is_away_says_nothing_of_what_an_earlier_try_has_paid(retryable: bool) -> None:
    said = advise(exceptions.RecordsFolderError("It is away.", retryable=retryable), payment(record_key="a7b8c9d0"))

    assert said.startswith("This try has paid nothing.")
    assert "submits" not in said


@pytest.mark.parametrize(("retryable", "said"), [(True, "submits anew"), (False, "Then clear this task")])
def test_a_video_that_kie_failed_is_not_said_to_be_paid(retryable: bool, said: str) -> None:
    resubmissions = None if retryable else 0
    failed = GenerationFailedError("Failed.", retryable=retryable, resubmissions=resubmissions)
    text = advise(failed, payment(task_id="task-1"))

    assert said in text
    assert "is paid" not in text


def test_a_killed_task_says_what_is_known() -> None:
    assert "task-1 stays paid" in payment(task_id="task-1").killed
    assert LOGS in payment().killed
    assert "pays nothing" not in payment(task_id="task-1", is_recorded=False).killed
