"""How a command ends: its code, and one line that says what is paid."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from airflow_provider_runway.cli import commands
from airflow_provider_runway.cli.ending import ExitCode, code_before_paying, code_of, code_once_paid
from airflow_provider_runway.exceptions import RunwayError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.sandbox import CutAfter, Fail, Garbage, Refuse, Sandbox, States

from .support import RUNWAY, Call, interrupts, types

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_a_missing_connection_is_said_in_one_line(call: Call) -> None:
    done = call("credits", "--conn-id", "nowhere")

    assert done.code == ExitCode.REFUSED
    [line] = done.err.splitlines()[-1:]
    assert "There is no connection 'nowhere' that Airflow can read. Create it, of type Runway or as" in line
    assert f"AIRFLOW_CONN_NOWHERE: see {page('connection.md')}" in line


def test_a_wrong_key_is_said_in_one_line(call: Call, kie: Sandbox) -> None:
    kie.fault(Refuse(401), on="credit")

    done = call("credits")

    assert (done.code, done.out) == (ExitCode.REFUSED, "")
    assert done.err.startswith("AuthenticationError: Connection 'runway_default': KIE.AI answered with code 401")


def test_an_interrupted_wait_says_that_the_video_goes_on(
    call: Call, kie: Sandbox, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())
    interrupts(monkeypatch, KieClient, "wait")

    done = call("wait", task_id, "--conn-id", "other", "--kind", "aleph")

    assert done.code == 130
    assert "Only the waiting has ended: what KIE.AI makes goes on." in done.err
    assert done.err.endswith(f"{RUNWAY} wait {task_id} --conn-id other --kind aleph\n")


def test_a_download_that_fails_has_a_code_of_its_own(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)
    kie.fault(Garbage("html"), on="media")

    assert call("save", task_id, f"{tmp_path}/").code == ExitCode.NOT_STORED
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_at_the_question_sends_nothing(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "")
    interrupts(monkeypatch, sys.stdin, "readline")

    done = call("generate", "A fox")

    assert (done.code, kie.ledger.submissions) == (130, ())
    assert done.err.endswith("Interrupted. Nothing was sent.\n")


def test_an_unanswered_submission_is_doubtful_and_not_repeated(call: Call, kie: Sandbox) -> None:
    kie.fault(CutAfter(), on="submit")

    done = call("generate", "A fox", "--yes")

    assert done.code == ExitCode.UNKNOWN
    assert f"It may be paid. Look at {kie.url}/logs before you try again." in done.err
    assert len(kie.ledger.charges) == 1


def test_ctrl_c_in_the_midst_of_a_submission_is_doubtful(
    call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts(monkeypatch, KieClient, "submit")

    done = call("generate", "A fox", "--yes")

    assert done.code == ExitCode.UNKNOWN
    assert f"Look at {kie.url}/logs before you try again." in done.err


def test_a_failed_video_is_told_with_its_reason(call: Call, kie: Sandbox) -> None:
    kie.fault(Fail("The content was flagged by moderation"))

    done = call("generate", "A fox", "--yes")

    assert done.code == ExitCode.FAILED
    assert "moderation" in done.err


def test_an_interrupted_download_says_how_to_store(
    call: Call, kie: Sandbox, task_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.advance(60)
    from airflow_provider_runway.storage import save

    interrupts(monkeypatch, save, "save")

    done = call("save", task_id, f"{tmp_path}/")

    assert done.code == 130
    assert done.err.endswith(f"{RUNWAY} save {task_id} {tmp_path}/\n")


@pytest.mark.parametrize("wrong", [Refuse(401), Refuse(403), Refuse(422, "Validation error"), Refuse(404)])
def test_a_poll_that_is_refused_once_the_video_is_paid_does_not_say_that_nothing_was(
    call: Call, kie: Sandbox, wrong: Refuse
) -> None:
    kie.fault(wrong, on="record")

    done = call("generate", "A fox", "--yes")

    assert len(kie.ledger.paid) == 1
    assert done.code == (ExitCode.GONE if wrong.code in {404, 422} else ExitCode.NOT_READY)
    if done.code == ExitCode.NOT_READY:
        assert done.err.endswith(f"To wait for it: {RUNWAY} wait {kie.tasks[0].task_id}\n")


def test_a_wait_that_is_refused_was_not_paid_by_its_command(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.fault(Refuse(401), on="record")

    assert call("wait", task_id).code == ExitCode.REFUSED


WILD = "[/red] \x1b[31mred\r\nand more\x07 \u202e\u2028"


def test_what_the_service_writes_is_shown_as_one_printable_line(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.fault(States((WILD,)), times=2, times_per_task=2)
    unknown, waited = call("status", task_id), call("wait", task_id)
    kie.fault(Fail(WILD * 50_000))
    with RunwayHook() as hook:
        failing = hook.submit(GenerateRequest(prompt="A bear", aspect_ratio="16:9"))
    kie.advance(60)
    failed = call("status", failing)

    assert (unknown.code, waited.code, failed.code) == (ExitCode.NOT_READY, 0, ExitCode.FAILED)
    for said in (unknown.out, waited.err, failed.out, failed.err):
        assert "[/red] " in said
        assert len(said) < 3000
        assert all(character.isprintable() or character == "\n" for character in said)
    shown = {each.name for each in fields(VideoTask)} - {"asked", "created_at"}
    assert len(unknown.out.splitlines()) == len(failed.out.splitlines()) == len(shown)


def test_the_line_to_paste_is_quoted(
    call: Call, kie: Sandbox, task_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.advance(60)
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())
    from airflow_provider_runway.storage import save

    interrupts(monkeypatch, save, "save")
    words = ["save", task_id, f"{tmp_path}/my $(fox)'s video.mp4", "--overwrite", "--thumbnail", "--conn-id", "other"]

    done = call(*words)

    assert shlex.split(done.err.splitlines()[-1].partition(f"{RUNWAY} ")[2]) == words


def test_ctrl_c_after_the_submission_never_says_that_nothing_was_sent(
    call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts(monkeypatch, commands, "to_iso")

    done = call("generate", "A fox", "--yes")

    assert (done.code, len(kie.ledger.paid)) == (130, 1)
    assert "Nothing was sent" not in done.err
    assert done.err.endswith(f"{RUNWAY} wait {kie.tasks[0].task_id}\n")


def test_every_error_has_a_code() -> None:
    def tree(kind: type[RunwayError]) -> set[type[RunwayError]]:
        return {kind}.union(*map(tree, kind.__subclasses__()))

    codes = {kind.__name__: code_of(kind.__new__(kind)) for kind in tree(errors.RunwayError)}
    may_be_paid = {name for name, code in codes.items() if code is not ExitCode.REFUSED}
    assert may_be_paid == {
        "InvalidRequestError", "GenerationFailedError", "WaitTimeoutError", "PollingFailedError", "MissingVideoError",
        "NotFinishedError", "AmbiguousSubmissionError", "TaskNotFoundError", "VideoExpiredError", "DeadLinkError",
        "DownloadError", "NotAVideoError", "TargetExistsError", "TargetUnwritableError",
    }  # fmt: skip


def test_no_code_after_the_payment_says_that_nothing_was_paid_and_none_before_it_that_something_was() -> None:
    kinds = [
        kind.__new__(kind) for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RunwayError)
    ]
    nothing_paid = {ExitCode.WRONG, ExitCode.REFUSED}

    assert not nothing_paid & {code_once_paid(error, ExitCode.NOT_READY) for error in kinds}
    before = {code_before_paying(error) for error in kinds if not isinstance(error, errors.AmbiguousSubmissionError)}
    assert ExitCode.NOT_STORED not in before
