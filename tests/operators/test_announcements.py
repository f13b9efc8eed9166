"""A task says what it makes before it waits, and why it fails before it does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeTaskInstance, GivenTime

from airflow_provider_runway.exceptions import GenerationFailedError
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayExtendOperator
from airflow_provider_runway.sandbox import Fail, Refuse, Sandbox

from .support import JOB, NEXT, Deferred, Task


def said(task: Task, key: str = "runway") -> dict[str, Any]:
    found: dict[str, Any] = task.pushed[key]
    return found


def test_a_task_says_what_it_makes_before_it_waits(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(save_to="/tmp/videos/fox.mp4")

    assert isinstance(task.start(), Deferred)

    runway = said(task)
    submitted = datetime.fromisoformat(runway.pop("submitted_at"))
    assert datetime.fromisoformat(runway.pop("expected_at")) - submitted == timedelta(seconds=90)
    assert runway == {
        "aspect_ratio": "16:9",
        "conn_id": "runway_default",
        "credits": 12,
        "dollars": 0.06,
        "duration": 5,
        "kind": "runway",
        "model": "runway",
        "prompt": "A fox in the snow",
        "quality": "720p",
        "save_to": "/tmp/videos/fox.mp4",
        "schema_version": 1,
        "task_id": kie.ledger.charges[0].task_id,
    }


def test_an_extension_names_its_parent(kie: Sandbox, given_time: GivenTime) -> None:
    parent = Task(deferrable=False).run()["task_id"]
    task = Task(lambda: RunwayExtendOperator(**{**NEXT, "runway_task_id": parent}))

    task.start()

    assert said(task)["parent_task_id"] == parent


def test_of_a_job_the_parameters_are_told_but_no_links_nothing_nested_and_no_end(
    kie: Sandbox, given_time: GivenTime
) -> None:
    values: dict[str, Any] = {
        "prompt": "A hare",
        "image_url": "https://a.example/fox.png?Signature=secret",
        "seed": 7,
        "style": {"a": 1},
        "text": "x" * 100_000,
        **{f"field {number}": True for number in range(1000)},
    }
    task = Task(lambda: KieJobOperator(**{**JOB, "input": values}))

    task.start()

    runway = said(task)
    assert (runway["model"], runway["prompt"], runway["kind"]) == ("kling-2.6/text-to-video", "A hare", "job")
    assert runway["parameters"]["seed"] == 7
    assert {"image_url", "style"} & set(runway["parameters"]) == set()
    assert len(json.dumps(runway)) < 4000


def test_a_retry_that_waits_on_says_when_the_first_try_submitted(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    task.start()
    first = said(task)

    task.start()

    assert said(task)["submitted_at"] == first["submitted_at"]
    assert said(task)["task_id"] == first["task_id"]


@pytest.mark.parametrize(("refusal", "reason"), [(Refuse(429), "429"), (Refuse(455), "maintenance")])
def test_a_refused_submission_says_why_it_queues_and_until_when(
    kie: Sandbox, given_time: GivenTime, refusal: Refuse, reason: str
) -> None:
    kie.fault(refusal, on="submit", times=1)
    task = Task()

    queueing = task.start()

    queue = said(task)["queue"]
    assert (queue["reason"], queue["limit"]) == (reason, 20)
    assert queue["since"] <= queue["until"]
    assert "task_id" not in said(task)
    task.resume(queueing)
    assert "queue" not in said(task)


def test_one_that_queues_for_the_pace_says_so(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeTaskInstance, "get_ti_count", lambda _self, **_which: 21)
    task = Task()

    task.start()

    assert said(task)["queue"]["reason"] == "pace"
    assert said(task)["queue"]["until"] is None


def test_a_video_that_kie_fails_says_why_before_the_task_fails(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail("Lyrics contained copyrighted material"), times=1)
    task = Task()

    with pytest.raises(AirflowFailException):
        task.run()

    failure = said(task, "failure")
    assert failure["reason"] == "moderation"
    assert "copyrighted material" in failure["message"]
    assert (failure["paid"], failure["payment"]) == (False, "Its credits come back.")
    assert failure["advice"].startswith("Change the prompt")
    assert "errors.md" in failure["page"]
    assert failure["task_id"] == kie.ledger.charges[0].task_id


@pytest.mark.parametrize(
    ("fault", "reason", "paid"),
    [(Refuse(422), "rejected", False), (Refuse(402), "insufficient_credits", False)],
    ids=repr,
)
def test_one_that_is_refused_says_what_it_was_to_make_and_why_not(
    kie: Sandbox, given_time: GivenTime, fault: Refuse, reason: str, paid: bool
) -> None:
    kie.fault(fault, on="submit", times=1)
    task = Task()

    with pytest.raises(AirflowFailException):
        task.run()

    assert (said(task, "failure")["reason"], said(task, "failure")["paid"]) == (reason, paid)
    assert said(task)["prompt"] == "A fox in the snow"
    assert "submitted_at" not in said(task)


def test_a_failure_that_a_retry_may_mend_is_said_too(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail("Generation failed, please try again later"), times=1)
    task = Task()

    with pytest.raises(GenerationFailedError):
        task.run()

    assert said(task, "failure")["reason"] in {"capacity", "service"}


def test_what_nobody_foresaw_is_said_with_what_is_paid(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    deferred = task.start()
    monkeypatch.setattr("airflow_provider_runway.operators.finish.finished_result", lambda *_args, **_rest: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        task.resume(deferred)

    failure = said(task, "failure")
    assert (failure["reason"], failure["error"], failure["paid"]) == ("unexpected", "ZeroDivisionError", True)
    assert failure["task_id"] == kie.ledger.charges[0].task_id
    assert said(task)["submitted_at"]


def test_a_task_that_cannot_say_it_waits_and_fails_all_the_same(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = FakeTaskInstance.xcom_push

    def away(self: FakeTaskInstance, key: str, value: Any) -> None:
        if key in {"runway", "failure"}:
            raise ConnectionError("the API server is away")
        push(self, key, value)

    monkeypatch.setattr(FakeTaskInstance, "xcom_push", away)

    assert Task().run()["state"] == "success"
    kie.fault(Fail("Lyrics contained copyrighted material"), times=1)
    with pytest.raises(AirflowFailException, match="copyrighted"):
        Task().run()
