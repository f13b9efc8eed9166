from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_runway.exceptions import AmbiguousSubmissionError, UnreadableRecordError
from airflow_provider_runway.kie.rules import is_task_id
from airflow_provider_runway.operators.submission import (
    Plan,
    Reattach,
    Refuse,
    Stage,
    Submission,
    Submit,
    plan,
)

SAME, OTHER = "f" * 16, "0" * 16
EARLIER = Submission(
    stage=Stage.SUBMITTED,
    fingerprint=SAME,
    intended_at="2026-11-22T08:00:00+00:00",
    task_id="task-1",
    submitted_at="2026-11-22T08:00:02+00:00",
)
INTENT = replace(EARLIER, stage=Stage.INTENT, task_id=None, submitted_at=None)
FINISHED = replace(EARLIER, stage=Stage.FINISHED)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def planned(
    earlier: Submission | None,
    fingerprint: str = SAME,
    *,
    has_succeeded: bool = False,
    resubmit_ambiguous: bool = False,
) -> Plan:
    return plan(earlier, fingerprint, has_succeeded=has_succeeded, resubmit_ambiguous=resubmit_ambiguous)


def test_without_a_record_the_video_is_submitted() -> None:
    assert planned(None) == Submit()


@pytest.mark.parametrize("fingerprint", [SAME, OTHER])
@pytest.mark.parametrize("stage", [Stage.UNSENT, Stage.FAILED, Stage.GONE, Stage.FORGOTTEN])
def test_what_was_not_sent_or_failed_or_lost_or_left_behind_is_submitted_again(stage: Stage, fingerprint: str) -> None:
    assert planned(replace(EARLIER, stage=stage), fingerprint) == Submit()


def test_what_was_submitted_is_waited_on() -> None:
    decision = planned(EARLIER)

    assert decision == Reattach(EARLIER)
    assert decision.note == (
        "An earlier try submitted task task-1 at 2026-11-22T08:00:02+00:00: this one waits on it and pays nothing."
    )


def test_what_was_finished_is_handed_over_again_until_airflow_has_taken_the_success() -> None:
    decision = planned(FINISHED)

    assert decision == Reattach(FINISHED)
    for fact in ("task-1", "nothing tells that Airflow took its success", "pays nothing", "retries.md"):
        assert fact in decision.note


@pytest.mark.parametrize("fingerprint", [SAME, OTHER])
def test_clearing_a_task_that_had_succeeded_makes_a_new_video(fingerprint: str) -> None:
    decision = planned(FINISHED, fingerprint, has_succeeded=True)

    assert isinstance(decision, Submit)
    assert decision.note == "The task had succeeded with task-1 and was cleared: a new video is made and paid."


def test_a_submission_of_unknown_outcome_is_not_sent_again() -> None:
    decision = planned(INTENT)

    assert isinstance(decision, Refuse)
    assert isinstance(decision.error, AmbiguousSubmissionError)
    assert not decision.error.retryable


def test_the_refusal_says_when_and_what() -> None:
    decision = planned(INTENT)

    assert isinstance(decision, Refuse)
    for fact in (INTENT.intended_at, SAME, "not submitted again", "The log of that try may name its task"):
        assert fact in str(decision.error)


def test_a_submission_of_unknown_outcome_is_sent_again_where_that_was_asked_for() -> None:
    decision = planned(INTENT, resubmit_ambiguous=True)

    assert isinstance(decision, Submit)
    assert decision.note
    assert INTENT.intended_at in decision.note
    assert "may be paid twice" in decision.note


@pytest.mark.parametrize("resubmit_ambiguous", [True, False])
@pytest.mark.parametrize("earlier", [EARLIER, FINISHED])
def test_a_changed_request_is_submitted_and_the_old_one_named(earlier: Submission, resubmit_ambiguous: bool) -> None:
    decision = planned(earlier, OTHER, resubmit_ambiguous=resubmit_ambiguous)

    assert isinstance(decision, Submit)
    assert decision.note
    assert "request has changed" in decision.note
    assert "task-1 is paid and not used" in decision.note


def test_a_changed_request_after_an_unknown_outcome_is_submitted_and_says_what_may_be_paid() -> None:
    decision = planned(INTENT, OTHER)

    assert isinstance(decision, Submit)
    assert decision.note
    assert f"{INTENT.intended_at} (request {SAME}) that is then paid" in decision.note


def test_resubmitting_is_for_unknown_outcomes_alone() -> None:
    assert planned(EARLIER, resubmit_ambiguous=True) == Reattach(EARLIER)
    assert planned(FINISHED, resubmit_ambiguous=True) == Reattach(FINISHED)


moments = st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
records = st.builds(
    Submission,
    stage=st.sampled_from(Stage),
    fingerprint=st.text("0123456789abcdef", min_size=16, max_size=16),
    intended_at=moments,
    task_id=st.text(min_size=1).filter(is_task_id),
    submitted_at=st.none() | moments,
)


@given(records)
def test_a_record_survives_being_stored(record: Submission) -> None:
    assert Submission.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_record_with_fields_of_another_version_is_read() -> None:
    assert Submission.from_json({**EARLIER.to_json(), "max_tries": 3}) == EARLIER


def test_a_record_holds_what_the_contract_says_and_no_more() -> None:
    assert EARLIER.to_json() == {
        "version": 1,
        "stage": "submitted",
        "fingerprint": SAME,
        "intended_at": "2026-11-22T08:00:00+00:00",
        "task_id": "task-1",
        "submitted_at": "2026-11-22T08:00:02+00:00",
        "saved_to": None,
        "saved": [],
        "failures": 0,
    }


@given(JSON)
def test_anything_that_is_no_record_is_unreadable_rather_than_nothing(value: Any) -> None:
    with pytest.raises(UnreadableRecordError, match="cannot be read") as caught:
        Submission.from_json(value)
    assert not caught.value.retryable


@given(st.sampled_from(sorted(EARLIER.to_json())), JSON)
@example("failures", math.inf)
def test_a_spoiled_record_is_read_or_unreadable_and_nothing_else(name: str, value: Any) -> None:
    spoiled = {**EARLIER.to_json(), name: value}
    try:
        record = Submission.from_json(spoiled)
    except UnreadableRecordError:
        return
    assert isinstance(planned(record), (Submit, Reattach, Refuse))


@pytest.mark.parametrize("name", sorted(EARLIER.to_json().keys() - {"version", "failures", "saved"}))
def test_a_record_that_lacks_a_field_is_unreadable(name: str) -> None:
    value = EARLIER.to_json()
    del value[name]

    with pytest.raises(UnreadableRecordError, match=name):
        Submission.from_json(value)


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.INTENT, Stage.UNSENT, Stage.FORGOTTEN}))
@pytest.mark.parametrize("task_id", [None, 7, [], True])
def test_a_record_of_what_was_submitted_needs_the_task_id(stage: Stage, task_id: object) -> None:
    with pytest.raises(UnreadableRecordError, match="no task id"):
        Submission.from_json({**EARLIER.to_json(), "stage": stage.value, "task_id": task_id})


@pytest.mark.parametrize("pasted", ["task-1\n", " task-1", "\ttask-1 \r\n"])
def test_an_id_that_a_person_pastes_counts_without_its_white_space(pasted: str) -> None:
    record = EARLIER.to_json()

    assert Submission.from_json({**record, "task_id": pasted}).task_id == "task-1"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"task_id": value} for value in (None, "", " \n", "a b", "a\nb", "None", 5)),
        *({"submitted_at": value} for value in ("yesterday", "", 5, ["2026"])),
        *({"intended_at": value} for value in ("yesterday", None, 5)),
    ],
)
def test_a_record_with_a_field_of_no_use_is_one_that_cannot_be_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecordError, match="cannot be read"):
        Submission.from_json({**EARLIER.to_json(), **wrong})
