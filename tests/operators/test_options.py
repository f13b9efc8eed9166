"""A task that nobody watches: what it does if moderation refuses, and if a person clears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from fakes import GivenTime
from versions import AIRFLOW

from airflow_provider_runway.decorators.runway import runway_task
from airflow_provider_runway.exceptions import GenerationFailedError, InvalidRequestError
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.operators.options import VideoOptions
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import CutAfter, Expire, Fail, Missing, Refuse, Sandbox
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, JOB, NEXT, SNOW, Deferred, Task, posts

REFUSED = "The AI moderator caught your prompt"
WRONG: list[Any] = [None, "", "Skip", "reuse ", True, 1, ["skip"], b"skip"]


@pytest.mark.parametrize("name", ["on_refusal", "on_clear"])
@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_what_is_no_choice_is_refused_while_the_dag_is_read(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        RunwayGenerateOperator(**FOX, **{name: value})


@pytest.mark.parametrize(
    ("operator", "parameters"),
    [
        (RunwayGenerateOperator, FOX),
        (RunwayExtendOperator, NEXT),
        (RunwayAlephOperator, SNOW),
        (KieJobOperator, JOB),
        (KieTaskOperator, {"task_id": "veo", "endpoint": "veo/generate", "body": {"prompt": "A hare"}}),
    ],
)
def test_every_operator_that_pays_has_them_and_takes_them_from_the_dag(
    operator: type[VideoOptions], parameters: dict[str, Any]
) -> None:
    own = operator(**parameters, on_refusal="skip", on_clear="reuse", metadata=True, save_to="/videos/")
    of_dag = operator(**parameters, default_args={"on_refusal": "skip", "on_clear": "reuse"})

    assert (own.on_refusal, own.on_clear, own.metadata) == ("skip", "reuse", True)
    assert (of_dag.on_refusal, of_dag.on_clear, of_dag.metadata) == ("skip", "reuse", False)


def test_the_decorator_has_them_as_well() -> None:
    made: Any = runway_task(on_refusal="skip", on_clear="reuse", aspect_ratio="16:9")(lambda: "A fox")

    assert made.kwargs["on_refusal"] == "skip"


def test_a_refused_prompt_skips_its_task_and_says_why(
    kie: Sandbox, given_time: GivenTime, task: Task, caplog: pytest.LogCaptureFixture
) -> None:
    kie.fault(Fail(REFUSED))
    skipping = Task(deferrable=task.operator.deferrable, on_refusal="skip")

    with pytest.raises(AirflowSkipException, match=r"moderation.*skipped, as on_refusal='skip' asks"):
        skipping.run()

    failure = skipping.pushed["failure"]
    assert (failure["reason"], failure["paid"], failure["error"]) == ("moderation", False, "GenerationFailedError")
    assert kie.balance == kie.ledger.initial


def test_a_prompt_that_is_refused_when_it_is_submitted_skips_as_well(kie: Sandbox) -> None:
    kie.fault(Refuse(422, "Your prompt was flagged by our content policy"))
    task = Task(on_refusal="skip")

    with pytest.raises(AirflowSkipException):
        task.run()

    assert task.pushed["failure"]["paid"] is False


@pytest.mark.parametrize(
    "fault", [Fail("The image format is unsupported"), Fail("Internal error"), Refuse(422, "prompt is too long")]
)
def test_no_other_failure_skips(kie: Sandbox, given_time: GivenTime, fault: Fail | Refuse) -> None:
    kie.fault(fault)

    with pytest.raises((AirflowFailException, GenerationFailedError)):
        Task(on_refusal="skip", deferrable=False).run()


def test_a_doubt_never_skips(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(CutAfter())

    with pytest.raises(AirflowFailException):
        Task(on_refusal="skip").run()


def test_a_refused_prompt_that_was_mended_is_made_when_its_task_is_cleared(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(REFUSED), prompt="forbidden")
    task = Task(on_refusal="skip", deferrable=False, prompt="A forbidden fox")
    with pytest.raises(AirflowSkipException):
        task.run()

    mended = Task(on_refusal="skip", deferrable=False, prompt="A fox")
    mended.follow(task)
    mended.clear()

    assert mended.run()["state"] == "success"
    assert posts(kie) == 2
    assert len(kie.ledger.paid) == 1


def test_reuse_takes_the_old_video_however_often_it_is_cleared(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task(on_clear="reuse", save_to=f"{tmp_path}/fox.mp4")
    first = task.run()

    for _ in range(3):
        (tmp_path / "fox.mp4").unlink()
        task.clear()
        again = task.run()
        assert (again["task_id"], again["sha256"]) == (first["task_id"], first["sha256"])
        assert (tmp_path / "fox.mp4").exists()

    assert posts(kie) == 1
    assert "its video is taken again, as on_clear='reuse' asks, and nothing is paid" in capfd.readouterr().out


def test_reuse_of_a_video_that_is_only_submitted_submits_nothing(kie: Sandbox) -> None:
    task = Task(on_clear="reuse", wait_for_completion=False)
    first = task.run()["task_id"]
    task.clear()

    assert task.run()["task_id"] == first
    assert posts(kie) == 1


def test_reuse_makes_a_new_video_of_another_request(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(on_clear="reuse", deferrable=False)
    task.run()
    other = Task(on_clear="reuse", deferrable=False, prompt="A hare")
    other.follow(task)
    other.clear()
    other.run()

    assert posts(kie) == 2


def test_reuse_makes_a_new_one_once_kie_has_deleted_the_old(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(on_clear="reuse", deferrable=False)
    first = task.run()["task_id"]
    given_time.clock.sleep(15 * 86400)
    task.clear()

    assert task.run()["task_id"] != first
    assert posts(kie) == 2


def test_reuse_makes_a_new_one_if_the_record_says_that_it_was_deleted_early(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task(on_clear="reuse", deferrable=False)
    first = task.run()["task_id"]
    kie.fault(Expire(), task_id=first)
    task.clear()

    assert task.run()["task_id"] != first
    assert posts(kie) == 2
    assert "KIE.AI has deleted it since (14 days)" in capfd.readouterr().out


def test_reuse_waits_for_a_record_that_is_not_found_and_pays_nothing_for_it(
    kie: Sandbox, given_time: GivenTime
) -> None:
    task = Task(on_clear="reuse", deferrable=False)
    first = task.run()["task_id"]
    kie.fault(Missing(), task_id=first, times=2)
    task.clear()

    assert task.run()["task_id"] == first
    assert posts(kie) == 1


@pytest.mark.parametrize("kind", ["folder", "none"])
def test_reuse_without_a_record_sends_nothing(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """Before Airflow 3.3 without a records folder; or the record was removed."""
    if kind == "folder":
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    task = Task(has_store=False, on_clear="reuse", deferrable=False)
    task.run()
    for found in RecordsFolder(str(tmp_path)).survey():
        RecordsFolder(str(tmp_path)).remove(found)
    task.clear()

    with pytest.raises(AirflowFailException, match="on_clear='new' makes another video") as refused:
        task.run()

    assert "Nothing was sent" in str(refused.value)
    assert posts(kie) == 1


def test_reuse_finds_the_old_video_in_a_records_folder(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    task = Task(has_store=False, on_clear="reuse")
    first = task.run()["task_id"]
    task.clear()

    assert task.run()["task_id"] == first
    assert posts(kie) == 1


def test_a_task_that_failed_and_is_cleared_makes_its_video_with_reuse_as_well(
    kie: Sandbox, given_time: GivenTime
) -> None:
    kie.fault(Fail(REFUSED), times=1)
    task = Task(on_clear="reuse", deferrable=False)
    with pytest.raises(AirflowFailException):
        task.run()
    task.clear()

    assert task.run()["state"] == "success"
    assert posts(kie) == 2


@pytest.mark.skipif(AIRFLOW < (3, 3), reason="what a function returned is kept in the task state store")
def test_reuse_does_not_call_the_function_of_a_decorated_task_again(kie: Sandbox, given_time: GivenTime) -> None:
    from airflow_provider_runway.decorators.runway import RunwayDecoratedOperator

    calls = list[str]()

    def write() -> str:
        calls.append("once more")
        return f"Fox number {len(calls)}"

    task = Task(
        lambda: RunwayDecoratedOperator(
            task_id="video", python_callable=write, aspect_ratio="16:9", on_clear="reuse", deferrable=False
        )
    )
    first = task.run()["task_id"]
    task.clear()

    assert task.run()["task_id"] == first
    assert (len(calls), posts(kie)) == (1, 1)


def test_a_task_that_skips_may_have_waited_in_the_triggerer(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(REFUSED))
    task = Task(on_refusal="skip")
    waiting = task.start()
    assert isinstance(waiting, Deferred)

    with pytest.raises(AirflowSkipException):
        task.resume(waiting)
