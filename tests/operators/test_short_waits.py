"""A wait that would be over before Airflow has taken note of its deferral stays in the worker."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeTaskInstance, GivenTime

from airflow_provider_runway.exceptions import WaitTimeoutError
from airflow_provider_runway.sandbox import Sandbox

from .support import Deferred, Task, is_waiting


@pytest.fixture(autouse=True)
def _as_nobody_has_set_it(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is left out, on an Airflow that it counts on."""
    monkeypatch.setattr("airflow.__version__", "3.3.2")
    monkeypatch.delenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", raising=False)


def test_one_whose_time_is_over_before_a_deferral_could_be_waits_in_its_worker(
    kie: Sandbox, given_time: GivenTime
) -> None:
    kie.configure(seconds=15)

    assert Task(timeout=29).start()["state"] == "success"


def test_its_time_is_kept_there(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(timeout=29)

    with pytest.raises(WaitTimeoutError, match="It is paid and goes on being made"):
        task.start()

    assert sum(given_time.pauses) == pytest.approx(29, abs=1)
    assert task.store.stages == ["intent", "submitted"]


@pytest.mark.parametrize("timeout", [30, 31, timedelta(minutes=30)])
def test_any_other_leaves_its_worker(timeout: float | timedelta) -> None:
    assert is_waiting(Task(timeout=timeout).start())


def test_one_that_comes_back_with_little_time_left_stays(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(timeout=600)
    waiting = task.start()
    waiting.arguments["deadline"] = time.time() + 20
    kie.advance(50)

    outcome = task.resume(waiting, {"task_id": kie.tasks[0].task_id, "state": "success"})

    assert not isinstance(outcome, Deferred)
    assert outcome["state"] == "success"


@pytest.mark.parametrize("option", ["29", "0"])
def test_the_option_says_what_is_short(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", option)

    assert is_waiting(Task(timeout=29).start())


def test_from_airflow_3_4_on_no_wait_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.__version__", "3.4.0b2")

    assert is_waiting(Task(timeout=2).start())


def test_airflows_own_timeout_leaves_time_for_the_shortest_deferral(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", "300")

    waiting = Task(timeout=300).start()

    assert waiting.timeout > timedelta(seconds=300)


@pytest.mark.parametrize("nonsense", ["soon", "-1", "nan"])
def test_nonsense_in_the_option_is_told_before_anything_is_paid(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", nonsense)

    with pytest.raises(AirflowFailException, match=r"\[runway\] shortest_deferral"):
        Task().start()

    assert kie.ledger.counts.get("submit", 0) == 0


def test_nonsense_in_the_option_of_another_worker_does_not_lose_what_is_paid(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    waiting = task.start()
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", "soon")

    assert is_waiting(task.resume(waiting, {"task_id": kie.tasks[0].task_id, "state": "success"}))


@pytest.mark.parametrize(
    ("under_way", "waits", "queues"),
    [(1, True, False), (12, True, False), (20, True, False), (21, True, True), (10, False, False), (11, False, True)],
)
def test_a_batch_that_fits_into_the_limit_goes_out_at_once(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, under_way: int, waits: bool, queues: bool
) -> None:
    monkeypatch.setattr(FakeTaskInstance, "get_ti_count", lambda _self, **_which: under_way)

    Task(wait_for_completion=waits).start()

    assert kie.ledger.counts.get("submit", 0) == (not queues)
