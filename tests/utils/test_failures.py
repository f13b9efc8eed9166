"""The last line of a failed try's log, which stands alone: what happened, what is paid, what to do."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from fakes import GivenTime, fake_context
from operators.support import Task

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import InvalidRequestError, RunwayError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.operators.advice import Payment, advise, advise_where_nothing_is_paid
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.operators.submission import Reattach, Submission
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.sandbox import Expire, Fail, Garbage, Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator
from airflow_provider_runway.utils.failures import Advice, with_advice

KINDS: list[type[RunwayError]] = [getattr(exceptions, name) for name in exceptions.__all__]


def made(kind: type[RunwayError]) -> RunwayError:
    if kind is InvalidRequestError:
        return InvalidRequestError("prompt", "", "must not be empty")
    taken = signature(kind).parameters
    if "message" in taken:
        return kind("It went wrong.", detail="And so on.")
    own: dict[str, Any] = {name: {"foxes": 3.0} if name == "by_dag" else 7 for name in taken}
    return kind(**own)  # it words itself


@pytest.mark.parametrize("kind", KINDS)
def test_what_happened_stands_apart_from_the_rest(kind: type[RunwayError]) -> None:
    error = made(kind)

    assert error.summary
    assert "paid" not in error.summary
    assert str(error) == f"{error.summary} {error.detail}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task_id", [None, "task-1"])
def test_an_operator_promises_a_retry_only_where_one_is_left(kind: type[RunwayError], task_id: str | None) -> None:
    payment = Payment(conn_id="c", logs="L", is_recorded=True, task_id=task_id, has_retry=False)
    advice = advise(made(kind), payment)

    assert "retry" not in advice.to_do.casefold()
    assert "clear" in advice.to_do.casefold()
    assert "paid" in advice.paid or "credits come back" in advice.paid


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_retry", [True, False])
def test_a_task_that_spends_nothing_says_what_to_do(kind: type[RunwayError], has_retry: bool) -> None:
    error = made(kind)
    advice = advise_where_nothing_is_paid(error, "c", has_retry=has_retry)

    assert "A retry, or clearing this task" not in advice.to_do or (has_retry and error.retryable)
    assert any(each in advice.paid for each in ("paid", "pays nothing", "credits come back"))
    assert advice.to_do
    assert "extra_fields" not in advice.to_do


@pytest.fixture
def finished(kie: Sandbox, given_time: GivenTime) -> str:
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
    kie.advance(120)
    return task_id


def last_line_of(operator: Any, capfd: pytest.CaptureFixture[str]) -> str:
    context = fake_context()
    with pytest.raises((RunwayError, AirflowException)):
        operator.execute(context)
    for callback in operator.on_failure_callback:
        callback(context)
    return capfd.readouterr().out.strip().splitlines()[-1]


def last_line(task: Task, capfd: pytest.CaptureFixture[str]) -> str:
    with pytest.raises((RunwayError, AirflowException)):
        task.run()
    line = capfd.readouterr().out.strip().splitlines()[-1]
    capfd.readouterr()
    return line


def test_the_last_line_of_moderation(kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]) -> None:
    kie.fault(Fail("The AI moderator caught your prompt"))
    line = last_line(Task(), capfd)

    assert f"KIE.AI failed task {kie.tasks[0].task_id} (moderation): The AI moderator caught your prompt." in line
    assert "Its credits come back. Change the prompt or the input. Then clear this task." in line
    assert f"See {page('errors.md')}" in line


def test_an_error_says_once_that_credits_come_back(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail("The AI moderator caught your prompt"))

    with pytest.raises(AirflowException, match="Its credits come back") as failed:
        Task().run()
    assert str(failed.value).count("credits come back") == 1
    assert str(failed.value).lower().count("change the prompt") == 1


@pytest.mark.parametrize(
    ("detail", "ends"),
    [
        ("Do not clear this task yet", " Correct prompt. Clear this task."),
        ("Correct prompt_weight", " Correct prompt. Clear this task."),
        ("Correct prompt, or leave it out", " Clear this task."),
        ("First correct it; CLEAR THIS TASK.", " Correct prompt."),
    ],
)
def test_a_sentence_is_left_out_only_where_the_error_says_it_itself(detail: str, ends: str) -> None:
    operator = RunwayGenerateOperator(task_id="make", prompt="A fox", aspect_ratio="16:9")
    advice = Advice("Nobody knows.", "Correct prompt. Clear this task.", None)

    error = with_advice(RunwayError("It went wrong.", detail=detail), advice, operator, fake_context())

    assert error.detail.removesuffix(f" See {page('errors.md')}.").endswith(f"Nobody knows.{ends}")


def test_the_last_line_of_a_service_fault_promises_no_retry_after_the_last_try(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Fail("Generation failed, please try again later"), times=3)
    task = Task()
    first, _, third = (last_line(task, capfd) for _ in range(3))

    assert "Its credits come back. A retry, or clearing this task, submits anew." in first
    assert "Its credits come back. Clear this task to submit anew." in third


def test_the_last_line_of_a_target_that_is_taken_names_it(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fox.mp4").write_bytes(b"mine")
    line = last_line(Task(save_to=str(tmp_path / "fox.mp4")), capfd)

    assert f"There is a file at file://{tmp_path}/fox.mp4 already, and this task did not make it. Nothing was" in line
    assert "Remove the file that is there, or choose another save_to. Then clear this task." in line


def test_the_last_line_of_a_wrong_parameter_names_it(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task()
    build = task._build

    def wrong() -> Any:
        operator: Any = build()
        operator.duration = 7
        return operator

    task._build = wrong
    line = last_line(task, capfd)

    assert "InvalidRequestError: duration must be" in line
    assert "got 7. Nothing was paid. Correct duration. Then clear this task." in line


def test_the_last_line_without_a_connection_says_how_to_create_it(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
    line = last_line(Task(), capfd)

    assert "There is no connection 'runway_default' that Airflow can read. Nothing was paid. Create it, of type" in line
    assert f"AIRFLOW_CONN_RUNWAY_DEFAULT: see {page('connection.md')}" in line


def test_the_last_line_of_an_extension_names_the_video_that_it_extends(
    kie: Sandbox, given_time: GivenTime, finished: str, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Fail("Get image info failed, the image format is not supported"))
    task = Task(lambda: RunwayExtendOperator(task_id="more", runway_task_id=finished, prompt="It looks up"))
    line = last_line(task, capfd)

    assert f"the video that runway_task_id ('{finished}') names. Then clear this task." in line


def test_the_transfer_of_an_expired_video_promises_nothing(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Expire())
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
    kie.advance(120)
    store = RunwayToObjectStorageOperator(task_id="s", runway_task_id=task_id, save_to=str(tmp_path / "fox.mp4"))
    line = last_line_of(store, capfd)

    assert f"VideoExpiredError: The video of task {task_id} was made" in line
    assert f"It was paid. Only a new submission, which is paid, brings one back. See {page('errors.md')}" in line


def test_a_sensor_says_as_much(kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]) -> None:
    kie.fault(Fail("The AI moderator caught your prompt"))
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
    kie.advance(120)
    line = last_line_of(RunwayVideoSensor(task_id="w", runway_task_id=task_id), capfd)

    assert f"GenerationFailedError: KIE.AI failed task {task_id} (moderation)" in line
    assert "Its credits come back. Have it submitted anew, with another prompt or input: no retry of this" in line


def test_a_sensor_whose_key_is_refused_says_so(
    kie: Sandbox, given_time: GivenTime, finished: str, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Refuse(401), on="record", times=5)
    line = last_line_of(RunwayVideoSensor(task_id="w", runway_task_id=finished), capfd)

    assert "This task pays nothing. Correct the API key of connection 'runway_default'. Then clear this task" in line


def test_an_import_error_names_the_task() -> None:
    with pytest.raises(
        InvalidRequestError, match=r"^duration .*; got 7\. It is a parameter of task 'autumn'\. Nothing was sent\.$"
    ):
        RunwayGenerateOperator(task_id="autumn", prompt="A fox", aspect_ratio="16:9", duration=7)
    with pytest.raises(InvalidRequestError, match="It is a parameter of task 'w'"):
        RunwayVideoSensor(task_id="w", runway_task_id="x", kind="film")  # type: ignore[arg-type]


def test_a_local_path_as_a_picture_is_told_how_to_be_given() -> None:
    with pytest.raises(InvalidRequestError, match="or file:///data/fox"):
        RunwayGenerateOperator(task_id="fox", prompt="A fox", image_url="/data/fox.png")


def test_the_log_says_that_it_is_ready_before_it_is_stored(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.fault(Garbage("html"), on="media")
    with pytest.raises(RunwayError):
        Task(save_to=str(tmp_path / "fox.mp4")).run()
    out = capfd.readouterr().out

    assert f"The video of task {kie.tasks[0].task_id} is ready, " in out
    assert " It is stored now." in out


def test_nothing_is_said_of_a_time_that_is_not_known() -> None:
    earlier = Submission.unrecorded("task-1", None, "f")

    assert "None" not in Reattach(earlier).note
    assert earlier.took_until(utc_now(), is_exact=True) == ""
