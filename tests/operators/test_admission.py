"""The rate limit costs no retry and holds no worker: a refused submission queues in the triggerer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeTaskInstance, GivenTime, now

from airflow_provider_runway.exceptions import MaintenanceError, RateLimitedError
from airflow_provider_runway.operators.admission import after_refusal, time_to_moment
from airflow_provider_runway.sandbox import Refuse, Sandbox
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.events import AdmissionEvent

from .support import Deferred, Task, is_waiting


def is_queueing(outcome: object) -> bool:
    return isinstance(outcome, Deferred) and outcome.trigger_class is RunwayAdmissionTrigger


@pytest.fixture
def many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """More tasks of the DAG are under way than could be sent unasked."""
    monkeypatch.setattr(FakeTaskInstance, "get_ti_count", lambda _self, **_which: 21)


@pytest.mark.parametrize("refusal", [Refuse(429), Refuse(429, http_status=429), Refuse(455)], ids=repr)
def test_a_refusal_for_now_queues_in_the_triggerer_at_once(
    kie: Sandbox, given_time: GivenTime, refusal: Refuse
) -> None:
    kie.fault(refusal, on="submit", times=1)
    task = Task()
    before = now()

    queueing = task.start()

    assert is_queueing(queueing)
    assert queueing.method == "execute_admitted"
    assert queueing.timeout == timedelta(hours=24)
    assert before <= queueing.trigger_arguments["queued_at"] <= now()
    assert queueing.trigger_arguments["refusals"] == 1
    assert queueing.trigger_arguments["not_before"] >= before + 10
    assert given_time.pauses == []
    assert task.store.record is None
    assert kie.ledger.counts["submit"] == 1

    waiting = task.resume(queueing, {"moment": now(), "queued_at": before, "refusals": 1})
    assert is_waiting(waiting)
    assert kie.ledger.counts["submit"] == 2
    assert len(kie.ledger.charges) == 1


@pytest.mark.parametrize(
    ("refusal", "pause", "holds_all"),
    [
        (Refuse(429), 10, False),
        (Refuse(429, retry_after=33), 33, True),
        (Refuse(455), 60, True),
    ],
)
def test_the_pause_that_was_asked_for_is_kept_whole(
    kie: Sandbox, refusal: Refuse, pause: float, holds_all: bool
) -> None:
    kie.fault(refusal, on="submit", times=1)
    before = now()

    queueing = Task().start()

    assert before + pause <= queueing.trigger_arguments["not_before"] <= now() + pause
    assert queueing.trigger_arguments["holds_all"] is holds_all


def test_one_that_is_refused_again_and_again_keeps_its_place(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(429), on="submit", times=5)
    task = Task()
    queueing = task.start()
    place = queueing.trigger_arguments["queued_at"]

    for refusals in range(2, 6):
        event = {"moment": now(), "queued_at": place, "refusals": refusals - 1}
        queueing = task.resume(queueing, event)
        assert queueing.trigger_arguments["queued_at"] == place
        assert queueing.trigger_arguments["refusals"] == refusals

    assert is_waiting(task.resume(queueing, {"moment": now(), "queued_at": place, "refusals": 5}))
    assert kie.ledger.counts["submit"] == 6
    assert len(kie.ledger.charges) == 1


def test_maintenance_is_waited_out_with_growing_pauses() -> None:
    refusal = MaintenanceError("down")
    times = (AdmissionEvent(moment=0.0, queued_at=0.0, refusals=number) for number in range(6))
    pauses = [after_refusal(refusal, admitted, "clips", 20, 0.0).not_before for admitted in times]

    assert pauses == [60, 120, 240, 480, 600, 600]


@pytest.mark.parametrize(("moment", "late"), [(None, False), (100.0, False), (97.5, False), (90.0, True)])
def test_the_queue_is_told_of_a_submission_that_was_refused_when_it_came_late(moment: float | None, late: bool) -> None:
    admitted = None if moment is None else AdmissionEvent(moment=moment, queued_at=0.0, refusals=0)

    assert after_refusal(RateLimitedError("slower"), admitted, "clips", 20, 100.0).late is late


def test_one_that_has_queued_for_a_day_gives_up(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(429), on="submit")
    task = Task()
    queueing = task.start()

    with pytest.raises(RateLimitedError):
        task.resume(queueing, {"moment": 0.0, "queued_at": now() - 86_500, "refusals": 800})

    assert task.store.record is None


def test_without_a_triggerer_a_refusal_is_waited_out_in_the_worker(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(429), on="submit", times=20)

    assert Task(deferrable=False).run()["state"] == "success"

    assert len(kie.ledger.charges) == 1
    assert all(pause >= 10 for pause in given_time.pauses[:20])


def test_a_single_video_goes_out_at_once(kie: Sandbox) -> None:
    assert is_waiting(Task().start())


def test_one_of_many_queues_before_it_is_refused(kie: Sandbox, many_tasks: None, given_time: GivenTime) -> None:
    task = Task()

    queueing = task.start()

    assert is_queueing(queueing)
    assert queueing.trigger_arguments["refusals"] == 0
    assert kie.ledger.counts.get("submit", 0) == 0
    assert task.store.stages == []
    assert is_waiting(task.resume(queueing))
    assert len(kie.ledger.charges) == 1


def test_an_account_with_a_higher_limit_queues_later_and_the_queue_is_told_its_limit(
    kie: Sandbox, many_tasks: None, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(limit: object) -> None:
        connection = {**json.loads(kie.connection_json()), "extra": {"submission_limit": limit}}
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))

    connect(40)
    assert is_waiting(Task().start())
    connect("6")
    queueing = Task().start()
    assert is_queueing(queueing)
    assert queueing.trigger_arguments["limit"] == 6
    connect(0)
    with pytest.raises(AirflowFailException, match="extra 'submission_limit' must be a number of submissions"):
        Task().start()


def test_one_of_many_that_an_earlier_try_has_submitted_does_not_queue(
    kie: Sandbox, many_tasks: None, given_time: GivenTime
) -> None:
    task = Task()
    queueing = task.start()
    waiting = task.resume(queueing)
    assert is_waiting(waiting)

    assert is_waiting(task.start())
    assert len(kie.ledger.submissions) == 1


def test_where_airflow_does_not_tell_how_many_it_queues(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: object, **_which: Any) -> int:
        raise RuntimeError("no such call")

    monkeypatch.setattr(FakeTaskInstance, "get_ti_count", away)

    assert is_queueing(Task().start())


@pytest.mark.parametrize(("ahead", "slept_for"), [(-50, 0), (0, 0), (1.5, 1.5), (2.9, 2.9), (3.5, 0), (1000, 0)])
def test_a_worker_waits_for_its_moment_unless_the_clocks_disagree(ahead: float, slept_for: float) -> None:
    admitted = AdmissionEvent(moment=1000.0 + ahead, queued_at=0.0, refusals=0)
    assert time_to_moment(admitted, 1000.0) == pytest.approx(slept_for)


def test_dying_while_it_queues_costs_nothing_and_the_next_try_queues_anew(
    kie: Sandbox, many_tasks: None, given_time: GivenTime
) -> None:
    task = Task(poll_interval=1)
    assert is_queueing(task.start())

    kie.configure(seconds=0)
    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 1


def test_clearing_a_task_that_succeeded_queues_too_and_pays_once(
    kie: Sandbox, many_tasks: None, given_time: GivenTime
) -> None:
    kie.configure(seconds=0)
    task = Task(poll_interval=1)
    task.run()
    task.clear()

    assert is_queueing(task.start())
    task.run()
    assert len(kie.ledger.submissions) == 2


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_submission_below_the_credit_floor_is_refused_unsent(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"credit_floor": 4990}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    task = Task(deferrable=deferrable)

    with pytest.raises(AirflowFailException, match=r"balance is 5000 credits; this video, at about 12, .* of 4990"):
        task.run()

    assert kie.ledger.counts.get("submit", 0) == 0
    assert task.store.stages == []
