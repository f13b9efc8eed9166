"""Where no record is kept: a try submits only if none before it can have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_runway.exceptions import AmbiguousSubmissionError
from airflow_provider_runway.operators.submission import Refuse, Submit
from airflow_provider_runway.operators.try_history import TryHistory, leave_word, lost_record, plan_unrecorded


def instance(
    try_number: int, max_tries: int, *, retries: int = 2, left: Any = (), next_method: str | None = None
) -> Any:
    pushed: dict[str, Any] = {}
    return SimpleNamespace(
        try_number=try_number,
        max_tries=max_tries,
        task=SimpleNamespace(retries=retries),
        _ti_context_from_server=SimpleNamespace(xcom_keys_to_clear=left, next_method=next_method),
        pushed=pushed,
        xcom_push=pushed.setdefault,
    )


@pytest.mark.parametrize(
    ("try_number", "max_tries", "first", "cleared"),
    [
        (1, 2, True, True),
        (2, 2, False, False),
        (3, 2, False, False),
        (4, 5, False, True),  # cleared after three tries: 3 + 2
        (5, 5, False, False),
        (2, 3, False, True),  # cleared after the first
    ],
)
def test_a_cleared_task_is_told_from_a_retry(try_number: int, max_tries: int, first: bool, cleared: bool) -> None:
    history = TryHistory.of(instance(try_number, max_tries))

    assert (history.is_first, history.is_cleared) == (first, cleared)


@pytest.mark.parametrize("retries", [0, None])
def test_a_task_without_retries_runs_a_second_time_only_if_it_is_cleared(retries: Any) -> None:
    assert TryHistory.of(instance(2, 1, retries=retries)).is_cleared
    assert not TryHistory.of(instance(2, 0, retries=retries)).is_cleared


def test_a_try_that_has_paid_nothing_says_so_to_the_next_one_alone() -> None:
    before = instance(2, 5, left=["runway_nothing_paid_1"])
    leave_word(before)

    assert TryHistory.of(instance(3, 5, left=[*before.pushed, "task_id"])).paid_nothing
    assert not TryHistory.of(instance(4, 5, left=before.pushed)).paid_nothing


@pytest.mark.parametrize("left", [(), None, ["task_id", "video_url"], ["runway_nothing_paid_1"]])
def test_a_try_that_knows_nothing_of_the_one_before_leaves_no_word(left: Any) -> None:
    unknowing = instance(3, 5, retries=5, left=left)
    leave_word(unknowing)

    assert unknowing.pushed == {}


@pytest.mark.parametrize(
    "free",
    [
        instance(1, 2),
        instance(4, 5),  # cleared after three tries
        instance(2, 2, left=["runway_nothing_paid_1"]),
        instance(2, 2, next_method="execute_admitted"),
    ],
)
def test_a_try_that_was_free_to_submit_leaves_word(free: Any) -> None:
    leave_word(free)

    assert free.pushed == {f"runway_nothing_paid_{free.try_number}": True}


@pytest.mark.parametrize("left", [(), None, ["task_id", "video_url"]])
def test_a_try_that_was_killed_has_left_no_word(left: Any) -> None:
    assert not TryHistory.of(instance(2, 2, left=left)).paid_nothing


def test_where_airflow_does_not_tell_what_it_deletes_nobody_has_left_word() -> None:
    ti = instance(2, 2)
    del ti._ti_context_from_server

    assert not TryHistory.of(ti).paid_nothing


@pytest.mark.parametrize("history", [TryHistory(is_first=True), TryHistory(paid_nothing=True)])
def test_what_cannot_have_been_submitted_is(history: TryHistory) -> None:
    assert plan_unrecorded(history, resubmit_ambiguous=False) == Submit()


def test_a_retry_of_which_nothing_is_known_does_not_submit_unless_that_was_asked_for() -> None:
    decision = plan_unrecorded(TryHistory(), resubmit_ambiguous=False)
    assert isinstance(decision, Refuse)
    assert isinstance(decision.error, AmbiguousSubmissionError)
    assert not decision.error.retryable

    asked = plan_unrecorded(TryHistory(), resubmit_ambiguous=True)
    assert isinstance(asked, Submit)
    assert "may be paid twice" in str(asked.note)


@pytest.mark.parametrize("resubmit", [True, False])
def test_a_cleared_task_submits_and_warns(resubmit: bool) -> None:
    decision = plan_unrecorded(TryHistory(is_cleared=True), resubmit_ambiguous=resubmit)

    assert isinstance(decision, Submit)
    assert "paid all the same" in str(decision.note)


def test_a_kie_task_that_the_try_before_has_named_is_not_made_again() -> None:
    refused = lost_record(TryHistory.of(instance(2, 2, left=["task_id"])))

    assert isinstance(refused, Refuse)
    assert isinstance(refused.error, AmbiguousSubmissionError)


@pytest.mark.parametrize(
    "ti",
    [
        instance(2, 2),
        instance(2, 2, left=["runway", "failure"]),
        instance(1, 2, left=["task_id"]),
        instance(2, 3, left=["task_id"]),  # cleared
        instance(2, 2, left=["task_id"], next_method="execute_admitted"),
    ],
)
def test_where_none_was_named_or_a_person_has_cleared_the_task_nothing_is_lost(ti: Any) -> None:
    assert lost_record(TryHistory.of(ti)) is None
