"""What a task keeps: in Airflow's store where there is one, for all its tries; else until the next one begins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import FakeStore, GivenTime, fake_context

from airflow_provider_runway.exceptions import GenerationFailedError, UnreadableRecordError
from airflow_provider_runway.operators.submission import RECORD_KEY, RETENTION, Stage, Submission
from airflow_provider_runway.operators.task_state import TaskState

SUBMITTED = Submission(
    stage=Stage.SUBMITTED,
    fingerprint="f0f0",
    intended_at="2026-11-26T07:00:00+00:00",
    task_id="task-1",
    submitted_at="2026-11-26T07:00:01+00:00",
)


@pytest.mark.parametrize("store", [FakeStore(), None], ids=["store", "XCom"])
def test_a_value_is_read_as_it_was_written(store: FakeStore | None) -> None:
    context = fake_context(store)
    TaskState(context).set("fox", {"colour": ["red", 1]})

    assert TaskState(context).get("fox") == {"colour": ["red", 1]}
    assert TaskState(context).get("hare") is None
    assert TaskState(context).outlives_try is (store is not None)


def test_what_is_no_object_counts_as_nothing() -> None:
    store = FakeStore()
    store.rows["fox"] = "[1]"

    assert TaskState(fake_context(store)).get("fox") is None


def test_without_a_store_no_record_is_kept() -> None:
    context = fake_context()
    state = TaskState(context)
    state.write_submission(SUBMITTED)
    state.put_back(SUBMITTED, None)

    assert state.read_submission() is None
    state.note_success(context)
    assert context["ti"].xcom_pull(key=RECORD_KEY, task_ids="video", map_indexes=-1) is None


def test_a_record_outlives_the_try_for_as_long_as_kie_has_its_own() -> None:
    store = FakeStore()
    TaskState(fake_context(store)).write_submission(SUBMITTED)

    assert TaskState(fake_context(store)).read_submission() == SUBMITTED
    assert store.retentions == [RETENTION]


def test_a_record_that_cannot_be_read_is_not_none() -> None:
    store = FakeStore()
    store.rows[RECORD_KEY] = "[1]"

    with pytest.raises(UnreadableRecordError):
        TaskState(fake_context(store)).read_submission()


@pytest.mark.parametrize("earlier", [None, SUBMITTED])
def test_the_record_before_an_intent_is_put_back(earlier: Submission | None) -> None:
    store = FakeStore()
    state = TaskState(fake_context(store))
    intent = replace(SUBMITTED, stage=Stage.INTENT, task_id=None)
    assert state.begin(intent)

    state.put_back(intent, earlier)

    assert state.read_submission() == earlier


@pytest.mark.parametrize("store", [FakeStore(), None], ids=["store", "no store"])
@pytest.mark.parametrize(("failures", "retryable"), [(0, True), (1, False)])
def test_a_failure_is_recorded_and_stops_being_retryable_at_its_bound(
    store: FakeStore | None, failures: int, retryable: bool
) -> None:
    context = fake_context(store)
    context["ti"].try_number = failures + 1
    state = TaskState(context)
    error = GenerationFailedError("failed", retryable=True, resubmissions=1)

    with (
        pytest.raises(GenerationFailedError) as caught,
        state.recording_failure(replace(SUBMITTED, failures=failures)),
    ):
        raise error

    assert caught.value.retryable is retryable
    assert error.retryable
    if store is not None:
        assert state.read_submission() == replace(SUBMITTED, stage=Stage.FAILED, failures=failures + 1)


@pytest.mark.parametrize(("resubmissions", "retryable"), [(1, False), (None, True)])
def test_a_bound_that_cannot_be_noted_is_taken_to_be_reached(
    given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, resubmissions: int | None, retryable: bool
) -> None:
    store = FakeStore()
    state = TaskState(fake_context(store))
    monkeypatch.setattr(store, "set", lambda *_, **__: 1 / 0)
    error = GenerationFailedError("failed", retryable=True, resubmissions=resubmissions)

    with pytest.raises(GenerationFailedError) as caught, state.recording_failure(SUBMITTED):
        raise error

    assert caught.value.retryable is retryable
    assert error.retryable


def test_a_success_counts_for_the_video_that_it_was_noted_of() -> None:
    context = fake_context(FakeStore())
    state = TaskState(context)
    finished = replace(SUBMITTED, stage=Stage.FINISHED)
    state.mark_success(finished)

    assert not state.has_succeeded(finished), "one that lives on must not take a later success for its own past"
    context["ti"].try_number += 1
    assert state.has_succeeded(finished)
    assert not state.has_succeeded(replace(finished, task_id="task-2"))
    assert not state.has_succeeded(SUBMITTED)
    assert not state.has_succeeded(None)
