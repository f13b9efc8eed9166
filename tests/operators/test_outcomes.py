"""What has become of a submission, whoever says it, in whatever order, and however often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.operators.outcomes import BY_HAND, combine
from airflow_provider_runway.operators.submission import OVER, Stage, Submission, Submit, plan

INTENT = Submission(
    stage=Stage.INTENT,
    fingerprint="f0f0",
    intended_at="2026-11-26T07:00:00+00:00",
    saved_to="s3://bucket/fox.mp4",
    saved=("old",),
)
Said = tuple[str, Submission]


def said(stage: Stage, task_id: str | None = "task-1", writer: str = "try 1", **facts: object) -> Said:
    return writer, replace(INTENT, stage=stage, task_id=task_id, **facts)  # type: ignore[arg-type]


SUBMITTED, FAILED, GONE, FINISHED = map(said, (Stage.SUBMITTED, Stage.FAILED, Stage.GONE, Stage.FINISHED))
UNSENT = said(Stage.UNSENT, None)


def forgotten(task_id: str | None = None) -> Said:
    return said(Stage.FORGOTTEN, task_id, "forget")


def by_hand(task_id: str) -> Said:
    return said(Stage.SUBMITTED, task_id, BY_HAND)


@pytest.mark.parametrize(
    ("outcomes", "stage", "task_id"),
    [
        ([], Stage.INTENT, None),
        ([UNSENT], Stage.UNSENT, None),
        ([forgotten()], Stage.FORGOTTEN, None),
        ([UNSENT, forgotten()], Stage.FORGOTTEN, None),
        ([SUBMITTED], Stage.SUBMITTED, "task-1"),
        ([SUBMITTED, FAILED], Stage.FAILED, "task-1"),
        ([SUBMITTED, FINISHED], Stage.FINISHED, "task-1"),
        ([FINISHED, GONE], Stage.GONE, "task-1"),
    ],
)
def test_one_after_the_other_the_last_counts(outcomes: list[Said], stage: Stage, task_id: str | None) -> None:
    combined = combine(INTENT, outcomes)

    assert (combined.stage, combined.task_id) == (stage, task_id)


@pytest.mark.parametrize("outcomes", [[UNSENT, SUBMITTED], [SUBMITTED, UNSENT]])
def test_an_id_is_believed_although_somebody_says_that_nothing_was_sent(outcomes: list[Said]) -> None:
    assert combine(INTENT, outcomes).stage is Stage.SUBMITTED


def test_what_comes_late_undoes_nothing() -> None:
    assert combine(INTENT, [FINISHED, SUBMITTED, FAILED]).stage is Stage.FINISHED
    assert combine(INTENT, [FAILED, SUBMITTED]).stage is Stage.FAILED
    assert combine(INTENT, [GONE, FINISHED, SUBMITTED]).stage is Stage.GONE


def test_of_two_ids_the_first_counts_and_one_that_is_put_in_by_hand_before_all() -> None:
    other = said(Stage.FINISHED, "task-2")

    assert combine(INTENT, [SUBMITTED, other]).task_id == "task-1"
    assert combine(INTENT, [by_hand("task-3"), SUBMITTED, other]).task_id == "task-3"
    assert combine(INTENT, [by_hand("task-3"), SUBMITTED, by_hand("task-4")]).task_id == "task-4"


def test_what_is_said_of_another_id_does_not_count_for_this_one() -> None:
    combined = combine(INTENT, [SUBMITTED, FAILED, by_hand("task-2")])

    assert (combined.task_id, combined.stage) == ("task-2", Stage.SUBMITTED)


@pytest.mark.parametrize("before", [[SUBMITTED], [SUBMITTED, FINISHED], [by_hand("task-1")]])
def test_a_submission_that_a_person_has_forgotten_stays_so_whatever_is_said_of_its_id(before: list[Said]) -> None:
    for late in (SUBMITTED, FINISHED, FAILED, GONE):
        assert combine(INTENT, [*before, forgotten("task-1"), late]).stage is Stage.FORGOTTEN


def test_an_id_that_the_person_who_forgot_did_not_know_of_is_not_lost() -> None:
    assert combine(INTENT, [forgotten(), SUBMITTED]).task_id == "task-1"


def test_an_id_that_is_put_in_by_hand_after_it_was_forgotten_counts() -> None:
    combined = combine(INTENT, [SUBMITTED, FINISHED, forgotten("task-1"), by_hand("task-1")])

    assert (combined.task_id, combined.stage) == ("task-1", Stage.FINISHED)


def test_what_is_stored_and_when_it_was_submitted_are_not_lost() -> None:
    when = "2026-11-26T07:00:01+00:00"
    combined = combine(
        INTENT,
        [
            said(Stage.SUBMITTED, submitted_at=when),
            said(Stage.FINISHED, saved=("new", "old")),
            said(Stage.FINISHED, saved=("newest",)),
            said(Stage.SUBMITTED, saved=()),
        ],
    )

    assert combined.submitted_at == when
    assert (combined.saved_to, combined.saved) == ("s3://bucket/fox.mp4", ("newest", "new", "old"))
    assert combine(INTENT, [SUBMITTED]).saved == ("old",)


def test_a_count_of_failures_does_not_go_down() -> None:
    assert combine(INTENT, [said(Stage.FAILED, failures=2), said(Stage.FAILED, failures=1)]).failures == 2


names = st.sampled_from(["task-1", "task-2"])
outcomes = st.lists(
    st.one_of(
        st.builds(said, st.sampled_from([Stage.SUBMITTED, Stage.FAILED, Stage.GONE, Stage.FINISHED]), names),
        st.builds(by_hand, names),
        st.builds(forgotten, names | st.none()),
        st.just(UNSENT),
    ),
    max_size=8,
)


def paid(history: Sequence[Said]) -> set[str | None]:
    return {each.task_id for _, each in history if each.stage not in {Stage.FORGOTTEN, Stage.UNSENT}}


@given(outcomes)
def test_an_id_that_nobody_has_forgotten_is_never_in_doubt_nor_taken_for_unsent(history: list[Said]) -> None:
    history = [each for each in history if each[1].stage is not Stage.FORGOTTEN]

    combined = combine(INTENT, history)

    assert combined.task_id in (paid(history) or {None})
    assert (combined.stage in {Stage.INTENT, Stage.UNSENT}) is (not paid(history))


@given(outcomes, st.data())
def test_what_is_said_twice_counts_once(history: list[Said], data: st.DataObject) -> None:
    history = [each for each in history if each[0] != BY_HAND and each[1].stage is not Stage.FORGOTTEN]
    twice = list(history)
    for each in history:
        where = data.draw(st.integers(twice.index(each) + 1, len(twice)))
        twice.insert(where, each)

    assert combine(INTENT, twice) == combine(INTENT, history)


@given(st.permutations([SUBMITTED, FAILED, FINISHED, GONE, UNSENT]), st.integers(0, 5))
def test_of_one_id_the_order_does_not_matter(history: list[Said], size: int) -> None:
    part = history[:size]

    assert combine(INTENT, part).stage is combine(INTENT, part[::-1]).stage


@given(outcomes, outcomes)
def test_more_knowledge_never_makes_a_submission_that_is_paid_look_unsent(first: list[Said], more: list[Said]) -> None:
    """Unless a person forgets it, or KIE has failed or lost it, the next try does not submit the same request."""
    more = [each for each in more if each[1].stage in {Stage.SUBMITTED, Stage.FINISHED, Stage.UNSENT}]
    before, after = combine(INTENT, first), combine(INTENT, [*first, *more])

    if before.task_id is not None and before.stage not in OVER:
        decision = plan(after, INTENT.fingerprint, has_succeeded=False, resubmit_ambiguous=True)
        named = [each[1].task_id for each in more if each[0] == BY_HAND]
        assert not isinstance(decision, Submit) or named
