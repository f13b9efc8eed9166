"""Answers that KIE.AI gives at once, and keeps no record of."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fakes import FakeStore, fake_context

from airflow_provider_runway.exceptions import TaskNotFoundError
from airflow_provider_runway.kie.family_records import read_answer
from airflow_provider_runway.operators.answers import ANSWER_KEY, Answers
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.operators.task_state import TaskState

ANSWER = read_answer({"result": "warm, slow", "links": ["https://f.com/a.mp3"]}, "s-1")


def answers(store: FakeStore) -> Answers:
    log: Any = logging.getLogger(__name__)
    return Answers(TaskState(fake_context(store)), log)


def submission(task_id: str) -> Submission:
    return Submission(stage=Stage.SUBMITTED, fingerprint="f", intended_at="2026-11-26T10:00:00+00:00", task_id=task_id)


def test_an_answer_is_the_same_in_a_later_try() -> None:
    store = FakeStore()
    answers(store).keep(ANSWER)

    assert answers(store).of(submission("s-1")) == ANSWER


def test_an_answer_that_could_not_be_kept_is_there_in_its_own_try(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise OSError("away")

    store = FakeStore()
    monkeypatch.setattr(store, "set", fail)
    first = answers(store)
    first.keep(ANSWER)

    assert first.of(submission("s-1")) is ANSWER
    assert "if this try fails, it is lost" in caplog.text
    with pytest.raises(TaskNotFoundError, match=r"It is paid, and KIE.AI keeps no record of it"):
        answers(store).of(submission("s-1"))


@pytest.mark.parametrize("kept", [None, {}, {"task_id": "s-2", "answer": {"a": 1}}])
def test_the_answer_to_another_request_is_not_taken(kept: Any) -> None:
    store = FakeStore()
    if kept is not None:
        store.set(ANSWER_KEY, kept)
    with pytest.raises(TaskNotFoundError, match=r"the answer \(s-1\) was not kept"):
        answers(store).of(submission("s-1"))
