"""What this try makes of what another one is doing at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeStore, GivenTime, fake_context

from airflow_provider_runway.exceptions import ConnectionSettingsError, RecordsFolderError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.folder_records import coordinates
from airflow_provider_runway.operators.outcomes import BY_HAND
from airflow_provider_runway.operators.submission import Refuse, Stage, Submission, Submit
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.sandbox import CutAfter, Missing, Sandbox
from airflow_provider_runway.storage.records import RecordsFolder

from .support import Task, is_waiting


def intent(**facts: Any) -> Submission:
    return Submission(**{"stage": Stage.INTENT, "fingerprint": "f0f0", "intended_at": to_iso(utc_now()), **facts})


@pytest.fixture(params=["folder", "store"])
def tries(
    request: pytest.FixtureRequest, kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], EarlierTries]]:
    """The earlier tries as each process reads them anew."""
    if request.param == "folder":
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    store = FakeStore() if request.param == "store" else None
    with RunwayHook() as hook:
        yield lambda: EarlierTries(hook, fake_context(store), hook.log)


def test_what_another_try_is_sending_is_awaited(
    tries: Callable[[], EarlierTries], given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, this = tries(), tries()
    other.read()
    sending = intent()
    assert other.state.begin(sending)
    advance = given_time._advance

    def submit_after_a_while(seconds: float) -> None:
        advance(seconds)
        if len(given_time.pauses) == 3:
            other.state.write_submission(replace(sending, stage=Stage.SUBMITTED, task_id="task-1"))

    monkeypatch.setattr(given_time, "_advance", submit_after_a_while)
    this.read()
    this.await_outcome()

    assert this.submission is not None
    assert (this.submission.task_id, len(given_time.pauses)) == ("task-1", 3)


def test_it_is_awaited_for_as_long_as_a_submission_can_take_and_no_longer(
    tries: Callable[[], EarlierTries], given_time: GivenTime
) -> None:
    assert tries().state.begin(intent())
    this = tries()
    this.read()

    this.await_outcome()

    assert 60 <= sum(given_time.pauses) <= 90
    assert isinstance(this.decide("f0f0", resubmits=False, is_admitted=False), Refuse)


@pytest.mark.parametrize("when", ["2026-11-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00"])
def test_what_was_sent_long_ago_is_not_awaited(
    tries: Callable[[], EarlierTries], given_time: GivenTime, when: str
) -> None:
    assert tries().state.begin(intent(intended_at=when))
    this = tries()
    this.read()

    this.await_outcome()

    assert given_time.pauses == []


def test_a_clock_that_is_ahead_makes_nobody_wait_longer(
    tries: Callable[[], EarlierTries], given_time: GivenTime
) -> None:
    assert tries().state.begin(intent(intended_at="2126-01-01T00:00:00+00:00"))
    this = tries()
    this.read()

    this.await_outcome()

    assert sum(given_time.pauses) <= 90


def test_where_the_connection_cannot_be_read_nobody_decides_without_the_folder_that_it_may_name(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
    hook = RunwayHook()
    this = EarlierTries(hook, fake_context(), hook.log)

    assert this.are_recorded
    with pytest.raises(ConnectionSettingsError):
        this.require()


def test_a_connection_that_cannot_be_asked_for_fails_the_try_with_what_is_paid(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task()
    task.start()

    def away(*_: object, **__: object) -> None:
        raise RuntimeError("the API server is away")

    with monkeypatch.context() as patch:
        patch.setattr("airflow_provider_runway.hooks.connections.get_settings", away)
        with pytest.raises(RuntimeError, match="is away"):
            task.start()
    assert f"Task {kie.ledger.charges[0].task_id} is paid." in capfd.readouterr().out.strip().splitlines()[-1]
    assert len(kie.ledger.submissions) == 1


def test_where_nothing_is_recorded_a_try_that_was_admitted_submits(kie: Sandbox) -> None:
    with RunwayHook() as hook:
        context = fake_context()
        context["ti"].try_number = 2
        this = EarlierTries(hook, context, hook.log)

        assert isinstance(this.decide("f0f0", resubmits=False, is_admitted=False), Refuse)
        assert this.decide("f0f0", resubmits=False, is_admitted=True) == Submit()


def test_two_tries_at_once_submit_once(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was taken for dead, and has read what there is before the other begins."""
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    one, other = Task(has_store=False), Task(has_store=False)
    create = RecordsFolder.create
    waiting: list[Any] = []

    def while_the_other_submits(folder: RecordsFolder, *args: Any, **options: Any) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(RecordsFolder, "create", create)
            waiting.append(other.start())
        return create(folder, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(RecordsFolder, "create", while_the_other_submits)
        outcome = one.start()

    assert is_waiting(outcome)
    assert is_waiting(waiting[0])
    assert outcome.trigger_arguments["runway_task_id"] == waiting[0].trigger_arguments["runway_task_id"]
    assert len(kie.ledger.submissions) == 1


@pytest.mark.parametrize("for_how_long", ["until the next try", "for good"])
def test_a_folder_that_goes_away_after_the_submission_fails_no_video(  # noqa: PLR0917 - one is a parameter
    kie: Sandbox,
    given_time: GivenTime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    for_how_long: str,
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))

    def away(*_: object, **__: object) -> None:
        raise RecordsFolderError("The folder is away.")

    task = Task(has_store=False)
    task.airflow_makes_of_success = "failed"
    with monkeypatch.context() as patch:
        patch.setattr(RecordsFolder, "add_outcome", away)
        waiting = task.start()
        [charge] = kie.ledger.charges
        assert f"Task {charge.task_id} is paid and could not be recorded." in capfd.readouterr().out
        kie.advance(120)
        if for_how_long == "for good":
            assert task.resume(waiting)["task_id"] == charge.task_id
            return
    assert task.resume(waiting)["task_id"] == charge.task_id

    again = Task(has_store=False)
    again.try_number = 1
    assert again.run()["task_id"] == charge.task_id
    assert len(kie.ledger.submissions) == 1


def test_the_id_is_recorded_while_the_worker_waits_once_the_folder_is_back(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    add, faults, stages = RecordsFolder.add_outcome, [RecordsFolderError("The folder is away.")], list[str]()

    def once_away(folder: RecordsFolder, *args: Any) -> None:
        if faults:
            raise faults.pop()
        stages.append(args[-1]["stage"])
        add(folder, *args)

    monkeypatch.setattr(RecordsFolder, "add_outcome", once_away)

    assert Task(has_store=False, deferrable=False).run()["state"] == "success"
    assert stages == ["submitted", "finished"]


def test_an_id_that_only_the_state_store_was_told_is_found(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))

    def away(*_: object, **__: object) -> None:
        raise RecordsFolderError("The folder is away.")

    task = Task()
    with monkeypatch.context() as patch:
        patch.setattr(RecordsFolder, "add_outcome", away)
        task.start()

    assert task.run()["task_id"] == kie.ledger.charges[0].task_id
    assert len(kie.ledger.submissions) == 1


def test_a_folder_that_is_away_lets_nothing_be_sent_until_it_is_back(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, task = tmp_path / "unmounted", Task()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(folder))

    with pytest.raises(RecordsFolderError, match="This try has paid nothing") as caught:
        task.run()
    assert caught.value.retryable
    assert kie.ledger.submissions == ()

    folder.mkdir()
    assert task.run()["task_id"] == kie.ledger.charges[0].task_id


def test_a_folder_in_a_store_that_is_not_there_is_final(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", "nosuch://bucket/records")

    with pytest.raises(AirflowFailException, match="This try has paid nothing"):
        Task().run()
    assert kie.ledger.submissions == ()


def test_a_record_of_before_the_folder_was_set_is_found(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    task.start()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))

    assert task.run()["task_id"] == kie.ledger.charges[0].task_id
    task.clear()
    assert task.run()["task_id"] == kie.ledger.charges[1].task_id
    assert list(tmp_path.rglob("1.json"))


def test_a_submission_in_doubt_is_settled_by_what_the_command_line_writes(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    kie.fault(CutAfter(), on="submit", times=1)
    task = Task(has_store=False)
    with pytest.raises(AirflowFailException, match="records set-id KIE_TASK_ID"):
        task.run()
    [charge] = kie.ledger.charges

    folder, of = RecordsFolder(str(tmp_path)), coordinates(task.context["ti"])
    [entry] = folder.entries(of)
    by_hand = {**entry.latest, "stage": "submitted", "task_id": charge.task_id}
    folder.add_outcome(of, entry.number, entry.nonce, BY_HAND, by_hand)

    assert task.run()["task_id"] == charge.task_id
    assert len(kie.ledger.submissions) == 1


def test_an_id_that_a_person_has_found_is_not_soon_taken_for_lost_once_a_poll_has_seen_it(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    kie.fault(CutAfter(), on="submit", times=1)
    task = Task(has_store=False, timeout=3600)
    with pytest.raises(AirflowFailException, match="records set-id KIE_TASK_ID"):
        task.run()
    folder, of = RecordsFolder(str(tmp_path)), coordinates(task.context["ti"])
    [entry] = folder.entries(of)
    by_hand = {**entry.latest, "stage": "submitted", "task_id": kie.ledger.charges[0].task_id}
    folder.add_outcome(of, entry.number, entry.nonce, BY_HAND, by_hand)

    waiting = task.start()
    kie.fault(Missing(), task_id=by_hand["task_id"])
    before = sum(given_time.pauses)
    assert waiting.wait()["state"] == "gone"

    assert sum(given_time.pauses) - before >= 900
