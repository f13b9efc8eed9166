"""What passes, at KIE.AI or at the store of records, neither loses a video nor leaves one in doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import (
    AuthenticationError,
    DeadLinkError,
    GenerationFailedError,
    ServerError,
)
from airflow_provider_runway.sandbox import Fail, Missing, Refuse, Sandbox

from .support import Task, is_waiting


@pytest.mark.parametrize("code", [429, 455, 500, 503])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_fault_that_passes_is_waited_out_at_the_last_poll_and_at_a_reattachment(
    kie: Sandbox, given_time: GivenTime, code: int, deferrable: bool
) -> None:
    task = Task()
    waiting = task.start()
    event = waiting.wait()
    kie.fault(Refuse(code), on="record", times=6)

    outcome = task.resume(waiting, event)
    assert is_waiting(outcome)

    kie.clear_faults()
    kie.fault(Refuse(code), on="record", times=6)
    assert task.changed(deferrable=deferrable).run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_a_fault_that_passes_fails_the_last_poll_once_the_time_is_up(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    waiting = task.start()
    event = waiting.wait()
    kie.fault(Refuse(500), on="record")
    waiting.arguments["deadline"] = 0.0

    with pytest.raises(ServerError, match="is paid"):
        task.resume(waiting, event)


def test_a_fault_that_passes_is_nothing_to_a_retry_that_waits_for_nothing(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(wait_for_completion=False)
    task.airflow_makes_of_success = "failed"
    first = task.run()["task_id"]
    kie.fault(Refuse(500), on="record")

    assert task.run()["task_id"] == first


def test_a_key_that_is_refused_at_a_reattachment_is_no_fault_that_passes(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    task.start()
    kie.fault(Refuse(401), on="record")

    with pytest.raises(AuthenticationError, match="is paid"):
        task.run()


def failing_once(task: Task, monkeypatch: pytest.MonkeyPatch, name: str, *, written: bool = False) -> None:
    """Let the state store fail the next time it is asked.

    :param written: Whether it has done what it was asked, and only its answer is lost.
    """
    usual = getattr(task.store, name)

    def fail(*args: Any, **options: Any) -> None:
        monkeypatch.setattr(task.store, name, usual)
        if written:
            usual(*args, **options)
        raise RuntimeError("the API server is away")

    monkeypatch.setattr(task.store, name, fail)


@pytest.mark.usefixtures("given_time")
def test_a_moment_without_the_store_after_a_refusal_leaves_nothing_in_doubt(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.fault(Refuse(422), on="submit", times=1)
    task = Task()
    failing_once(task, monkeypatch, "delete")
    with pytest.raises(AirflowFailException, match="Nothing was paid"):
        task.run()

    task.clear()

    assert is_waiting(task.start())


@pytest.mark.usefixtures("given_time")
@pytest.mark.parametrize("written", [True, False])
def test_a_moment_without_the_store_before_the_submission_leaves_nothing_in_doubt(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    task = Task()
    failing_once(task, monkeypatch, "set", written=written)

    assert is_waiting(task.start())
    assert task.store.record is not None
    assert task.store.record["stage"] == "submitted"


@pytest.mark.usefixtures("given_time")
def test_what_kie_has_failed_is_not_called_paid_although_that_could_not_be_noted(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Fail("Generation failed, please try again later"))
    task = Task()
    waiting = task.start()
    event = waiting.wait()

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the API server is away")

    monkeypatch.setattr(task.store, "set", refuse)
    capfd.readouterr()
    with pytest.raises(GenerationFailedError):
        task.resume(waiting, event)

    assert "goes on with it" not in capfd.readouterr().out


@pytest.mark.parametrize("is_done_before", [False, True])
def test_a_record_that_does_not_show_while_a_dead_link_is_renewed_costs_nothing(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, is_done_before: bool
) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4")
    task.airflow_makes_of_success = "failed"
    waiting = task.start()
    ended = waiting.wait()
    if is_done_before:
        task.resume(waiting, ended)
        (tmp_path / "fox.mp4").unlink()
    kie.fault(Refuse(404, http_status=404), on="media", times=None)
    kie.fault(Missing(), on="record", skip=1, times=1)  # the first is polled before the link is renewed

    with pytest.raises(DeadLinkError):
        task.run() if is_done_before else task.resume(waiting, ended)
    kie.clear_faults()

    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1
