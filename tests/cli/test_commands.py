"""``airflow runway``, called in this process as Airflow's command line calls it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fakes import PIXEL
from versions import AIRFLOW

from airflow_provider_runway.cli import commands
from airflow_provider_runway.cli.ending import ExitCode, code_before_paying, code_of, code_once_paid
from airflow_provider_runway.exceptions import RunwayError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.sandbox import CutAfter, Expire, Fail, Garbage, Refuse, Sandbox, States
from airflow_provider_runway.utils.versions import command_line
from devtools.stack.airflow_home import prepare_database

if TYPE_CHECKING or AIRFLOW >= (3, 2):
    from airflow.cli.cli_parser import get_parser
else:
    from airflow_provider_runway.cli.__main__ import get_parser

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Done:
    """What a command did: its exit code, and what it printed to standard output and error."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.out)
        return result


Call = Callable[..., Done]
RUNWAY = command_line()


@pytest.fixture
def server_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets this for its process, which is that of the tests here."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: str) -> Done:
        capsys.readouterr()
        code: Any = 0
        try:
            arguments = get_parser().parse_args([*shlex.split(RUNWAY)[1:], *words] if AIRFLOW >= (3, 2) else words)
            arguments.func(arguments)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return Done(int(code), said.out, said.err)

    return call


@pytest.fixture
def task_id(kie: Sandbox) -> str:
    """A video that is being made."""
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))


def types(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def interrupts(monkeypatch: pytest.MonkeyPatch, target: Any, name: str) -> None:
    """Somebody presses Ctrl-C in the midst of this."""

    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(target, name, interrupt)


def test_credits_are_shown_as_a_table_and_as_json(call: Call, kie: Sandbox) -> None:
    assert call("credits").out == "credits  5000\ndollars  25\n"
    assert '"credits": 5000,' in call("credits", "--output", "json").out
    assert call("credits", "--output", "json").result == {"credits": 5000, "dollars": 25}


def test_a_fraction_of_a_credit_is_shown(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunwayHook, "credits", lambda _: 12.5)

    assert call("credits").out.startswith("credits  12.5\n")


def test_another_connection_can_be_named(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")

    assert call("credits", "--conn-id", "other").code == 0


def test_a_missing_connection_is_said_in_one_line(call: Call) -> None:
    done = call("credits", "--conn-id", "nowhere")

    assert done.code == ExitCode.REFUSED
    [line] = done.err.splitlines()[-1:]
    assert "There is no connection 'nowhere' that Airflow can read. Create it, of type Runway or as" in line
    assert "AIRFLOW_CONN_NOWHERE: see docs/connection.md" in line


def test_a_wrong_key_is_said_in_one_line(call: Call, kie: Sandbox) -> None:
    kie.fault(Refuse(401), on="credit")

    done = call("credits")

    assert (done.code, done.out) == (ExitCode.REFUSED, "")
    assert done.err.startswith("AuthenticationError: Connection 'runway_default': KIE.AI answered with code 401")


def test_status_tells_by_its_code_how_the_task_stands(call: Call, kie: Sandbox, task_id: str) -> None:
    running = call("status", task_id, "-o", "json")
    kie.advance(60)
    ready = call("status", task_id, "-o", "json")

    assert (running.code, running.result["state"]) == (ExitCode.NOT_READY, "queued")
    assert (ready.code, ready.result["state"]) == (0, "success")
    assert ready.result["video_url"] == kie.tasks[0].media_urls[0]


def test_status_of_a_video_that_is_gone_or_failed_or_unknown(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.advance(60)
    kie.fault(Expire(), task_id=task_id)
    call("status", task_id)
    gone = call("status", task_id)
    kie.fault(Fail("The content was flagged by moderation"))
    with RunwayHook() as hook:
        failing = hook.submit(GenerateRequest(prompt="A bear", aspect_ratio="16:9"))
    kie.advance(60)
    failed = call("status", failing, "-o", "json")

    assert gone.code == ExitCode.GONE
    assert (failed.code, failed.result["state"]) == (ExitCode.FAILED, "failed")
    assert "Its credits come back" in failed.err
    assert call("status", "no-such-task").code == ExitCode.GONE


def test_wait_does_not_claim_to_know_how_long_a_video_is_kept_that_was_ready_before(
    call: Call, kie: Sandbox, task_id: str
) -> None:
    kie.advance(10 * 24 * 3600)

    result = json.loads(call("wait", task_id, "--output", "json").out)

    assert (result["state"], result["completed_at"], result["expires_at"]) == ("success", None, None)


def test_wait_shows_each_change_and_then_the_video(call: Call, kie: Sandbox, task_id: str) -> None:
    done = call("wait", task_id, "--output", "json")

    assert done.code == 0
    assert done.result["video_url"] == kie.tasks[0].media_urls[0]
    lines = done.err.splitlines()
    assert lines[0] == f"Task {task_id}: queued after 0 s."
    assert lines[1].startswith(f"Task {task_id}: generating after ")
    assert lines[2].startswith(f"Task {task_id}: ready after ")
    assert len(lines) == 3


def test_a_wait_that_takes_too_long_says_how_to_go_on(call: Call, kie: Sandbox, task_id: str) -> None:
    done = call("wait", task_id, "--timeout", "20", "--poll-interval", "5")

    assert (done.code, done.out) == (ExitCode.NOT_READY, "")
    assert done.err.endswith(f"To wait for it: {RUNWAY} wait {task_id}\n")
    assert "WaitTimeoutError" in done.err


def test_an_interrupted_wait_says_that_the_video_goes_on(
    call: Call, kie: Sandbox, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())
    interrupts(monkeypatch, KieClient, "wait")

    done = call("wait", task_id, "--conn-id", "other", "--kind", "aleph")

    assert done.code == 130
    assert "Only the waiting has ended: what KIE.AI makes goes on." in done.err
    assert done.err.endswith(f"{RUNWAY} wait {task_id} --conn-id other --kind aleph\n")


def test_save_stores_the_video_and_shows_how_far_it_is(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)

    done = call("save", task_id, f"{tmp_path}/", "--thumbnail", "-o", "json")

    assert done.code == 0
    video = (tmp_path / f"{task_id}.mp4").read_bytes()
    assert done.result["saved_to"] == f"file://{tmp_path}/{task_id}.mp4"
    assert done.result["sha256"] == hashlib.sha256(video).hexdigest()
    assert done.result["thumbnail_saved_to"] == f"file://{tmp_path}/{task_id}.png"
    size = f"{len(video) / 1e6:.1f}"
    assert done.err.splitlines()[-1] == f"{tmp_path}/: {size} of {size} MB."


def test_save_stores_all_files_of_a_job(call: Call, kie: Sandbox, tmp_path: Path) -> None:
    with RunwayHook() as hook:
        job = hook.submit_job("google/nano-banana", {"prompt": "Foxes", "num_images": 2})
    kie.advance(60)

    assert call("save", job, f"{tmp_path}/fox.png", "--kind", "job").code == ExitCode.WRONG
    done = call("save", job, f"{tmp_path}/", "--kind", "job", "-o", "json")

    assert done.code == 0
    assert done.result["saved_files"] == [f"file://{tmp_path}/{file.name}" for file in sorted(tmp_path.iterdir())]
    assert len(done.result["saved_files"]) == 2


def test_save_leaves_another_file_alone_unless_told(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)
    target = tmp_path / "fox.mp4"
    target.write_bytes(b"other")

    assert call("save", task_id, str(target)).code == ExitCode.NOT_STORED
    assert target.read_bytes() == b"other"
    assert call("save", task_id, str(target), "--overwrite").code == 0
    assert target.read_bytes() != b"other"


def test_save_of_an_unfinished_video_says_how_to_wait(call: Call, task_id: str, tmp_path: Path) -> None:
    done = call("save", task_id, f"{tmp_path}/")

    assert done.code == ExitCode.NOT_READY
    assert done.err == f"The video is still being made. To wait for it: {RUNWAY} wait {task_id}\n"


def test_a_download_that_fails_has_a_code_of_its_own(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)
    kie.fault(Garbage("html"), on="media")

    assert call("save", task_id, f"{tmp_path}/").code == ExitCode.NOT_STORED
    assert list(tmp_path.iterdir()) == []


def test_generate_says_the_price_and_asks(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "y\n")

    done = call("generate", "A fox in the snow", "--duration", "10", "-o", "json")

    assert done.code == 0
    [video] = kie.tasks
    lines = done.err.splitlines()
    assert lines[0] == (
        "This video costs about 30 credits ($0.15); 5000 credits are left. Make it? [y/N] "
        f"Submitted to KIE.AI: task {video.task_id}, for about 30 credits ($0.15). It is paid."
    )
    assert lines[1] == (f"If this is interrupted, the video goes on. To wait for it: {RUNWAY} wait {video.task_id}")
    assert (done.result["task_id"], done.result["video_url"]) == (video.task_id, video.media_urls[0])
    assert done.result["credits_estimate"] == 30
    assert (video.prompt, video.seconds) == ("A fox in the snow", 10)


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "maybe\n"])
def test_anything_but_yes_sends_nothing(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    types(monkeypatch, answer)

    done = call("generate", "A fox")

    assert (done.code, done.out) == (ExitCode.REFUSED, "")
    assert done.err.endswith("Nothing was sent.\n")
    assert kie.ledger.submissions == ()


def test_without_a_terminal_nothing_is_spent_unless_told(call: Call, kie: Sandbox) -> None:
    refused = call("generate", "A fox")
    done = call("generate", "A fox", "--yes", "--no-wait", "-o", "json")

    assert refused.code == ExitCode.REFUSED
    assert "--yes spends without asking. Nothing was sent." in refused.err
    assert (done.code, done.result["state"]) == (0, "submitted")
    assert len(kie.ledger.charges) == 1
    assert kie.ledger.of("record") == ()


def test_ctrl_c_at_the_question_sends_nothing(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "")
    interrupts(monkeypatch, sys.stdin, "readline")

    done = call("generate", "A fox")

    assert (done.code, kie.ledger.submissions) == (130, ())
    assert done.err.endswith("Interrupted. Nothing was sent.\n")


def test_generate_stores_the_video(call: Call, kie: Sandbox, tmp_path: Path) -> None:
    done = call("generate", "A fox", "--yes", "--save-to", f"{tmp_path}/fox.mp4", "-o", "json")

    assert done.code == 0
    assert done.result["saved_to"] == f"file://{tmp_path}/fox.mp4"
    assert done.result["sha256"] == hashlib.sha256((tmp_path / "fox.mp4").read_bytes()).hexdigest()
    assert done.result["credits_estimate"] == 12


def test_generate_uploads_a_picture_once_the_price_is_agreed_to(call: Call, kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    words = ("generate", "A fox", "--image-url", f"file://{tmp_path}/fox.png")

    refused = call(*words)
    assert (refused.code, kie.ledger.of("upload")) == (ExitCode.REFUSED, ())
    assert call(*words, "--yes").code == 0
    assert [entry.code for entry in kie.ledger.of("upload")] == [200]
    assert len(kie.ledger.charges) == 1
    (tmp_path / "fox.png").write_bytes(b"no picture")
    assert call(*words, "--yes").code == ExitCode.WRONG


def test_a_place_that_is_taken_is_found_out_before_anything_is_paid(call: Call, kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fox.mp4").write_bytes(b"other")

    assert call("generate", "A fox", "--yes", "--save-to", f"{tmp_path}/fox.mp4").code == ExitCode.WRONG
    assert call("generate", "A fox", "--yes", "--save-to", "nowhere://fox.mp4").code == ExitCode.WRONG
    assert call("generate", "A fox", "--yes", "--save-to", "~nobody_at_all/fox.mp4").code == ExitCode.WRONG
    assert kie.ledger.submissions == ()


@pytest.mark.parametrize("option", ["--save-to", "--image-url"])
@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_option_that_is_given_and_empty_is_refused_unpaid(call: Call, kie: Sandbox, option: str, value: str) -> None:
    done = call("generate", "A fox", "--yes", option, value)

    assert (done.code, done.out, kie.ledger.submissions) == (ExitCode.WRONG, "", ())


@pytest.mark.parametrize(
    "wrong",
    [
        ("--quality", "1080p", "--duration", "10"),
        ("--image-url", "fox"),
        ("--no-wait", "--save-to", "fox.mp4"),
        ("--no-wait", "--save-to", ""),
    ],
)
def test_what_breaks_a_rule_is_said_before_anything_is_sent(call: Call, kie: Sandbox, wrong: tuple[str, ...]) -> None:
    done = call("generate", "A fox", "--yes", *wrong)

    assert done.code == ExitCode.WRONG
    assert done.err.endswith("Nothing was sent.\n")
    assert kie.ledger.requests == ()


def test_the_floor_of_the_connection_holds(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = json.loads(kie.connection_json())
    connection["extra"] = {"credit_floor": 4990}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))

    done = call("generate", "A fox", "--yes")

    assert done.code == ExitCode.REFUSED
    assert "CreditFloorError" in done.err
    assert kie.ledger.submissions == ()


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


def test_a_terminal_sees_one_line_that_moves(
    call: Call, kie: Sandbox, task_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert call("wait", task_id).code == 0
    assert call("save", task_id, f"{tmp_path}/").code == 0

    shown = terminal.getvalue()
    assert f"Task {task_id}: " in shown
    assert "Downloading" in shown
    assert "after 0 s." not in shown


UNUSABLE = [
    (name, value)
    for name in ("--timeout", "--poll-interval")
    for value in ("-5", "0", "nan", "inf", "-inf", "1e999", "0x10", "ten", "")
] + [("--poll-interval", "0.99"), ("--poll-interval", "1e9")]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
@pytest.mark.parametrize("words", [("generate", "A fox", "--yes"), ("wait", "some-task")])
def test_a_time_that_nobody_can_wait_by_is_refused_before_anything_is_sent(
    call: Call, kie: Sandbox, words: tuple[str, ...], name: str, value: str
) -> None:
    done = call(*words, f"{name}={value}")

    assert done.code == ExitCode.WRONG
    assert name in done.err
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("quirk", ["-1", "0", "7", "5.0", "nan", ""])
def test_a_duration_that_nobody_makes_is_refused_before_anything_is_sent(call: Call, kie: Sandbox, quirk: str) -> None:
    assert call("generate", "A fox", "--yes", f"--duration={quirk}").code == ExitCode.WRONG
    assert kie.ledger.requests == ()


def test_a_second_is_the_shortest_pause(call: Call, kie: Sandbox, task_id: str) -> None:
    assert call("wait", task_id, "--poll-interval", "1").code == 0


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


@pytest.mark.parametrize("wrong", [Refuse(403, http_status=403), Refuse(404, http_status=404), Garbage("html")])
def test_a_video_that_the_media_host_does_not_give_is_there_and_can_be_stored_later(
    call: Call, kie: Sandbox, tmp_path: Path, wrong: Refuse | Garbage
) -> None:
    kie.fault(wrong, on="media")
    target = tmp_path / "a fox.mp4"

    made = call("generate", "A fox", "--yes", "--save-to", str(target))
    kie.clear_faults()
    [video] = kie.tasks

    assert made.code == ExitCode.NOT_STORED
    assert made.err.endswith(f"To store it: {RUNWAY} save {video.task_id} '{target}'\n")
    pasted = shlex.split(made.err.splitlines()[-1].partition(f"To store it: {RUNWAY} ")[2])
    assert call(*pasted).code == 0
    assert target.exists()
    assert len(kie.ledger.charges) == 1


def test_a_file_that_appears_while_the_video_is_made_is_told_of_with_the_way_to_store_it(
    call: Call, kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "fox.mp4"
    waiting = KieClient.wait

    def wait(*arguments: Any, **options: Any) -> Any:
        target.write_bytes(b"another's")
        return waiting(*arguments, **options)

    monkeypatch.setattr(KieClient, "wait", wait)

    done = call("generate", "A fox", "--yes", "--save-to", str(target))

    assert done.code == ExitCode.NOT_STORED
    assert done.err.endswith(f"): {RUNWAY} save {kie.tasks[0].task_id} ./\n")


def test_status_shows_what_failed_only_of_what_has_failed(call: Call, kie: Sandbox) -> None:
    kie.configure(seconds=0)
    with RunwayHook() as hook:
        ready = [hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9")) for _ in range(15)]
    shown = [call("status", task_id, "-o", "json").result for task_id in ready]
    kie.configure(seconds=600)
    with RunwayHook() as hook:
        making = [hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9")) for _ in range(5)]
    shown += [call("status", task_id, "-o", "json").result for task_id in making]

    assert {(each["fail_code"], each["fail_message"]) for each in shown} == {(None, None)}


def test_a_wait_for_what_nobody_has_seen_claims_nothing(call: Call, kie: Sandbox) -> None:
    done = call("wait", "nonsense", "--timeout", "5")

    assert done.code == ExitCode.NOT_READY
    assert "no poll has found a record of it. If it was submitted, it is paid" in done.err


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
    assert len(unknown.out.splitlines()) == len(failed.out.splitlines()) == len(fields(VideoTask))


def test_a_state_that_looks_like_markup_is_shown_as_it_is(
    call: Call, kie: Sandbox, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.fault(States(("[/red]", "[bold]x", "[link=http://x]")))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert call("wait", task_id).code == 0
    assert "[/red] (a state that" in terminal.getvalue()


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


def test_the_sandbox_has_its_own_options(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    assert call("sandbox", "--seconds", "-1") == Done(1, "", "seconds: -1.0 is below 0\n")


PROBE = """
import sys
import airflow.cli.cli_config
before = set(sys.modules)
import airflow_provider_runway.cli.definition as definition
definition.get_runway_cli_commands()
print(sorted({name for name in set(sys.modules) - before if not name.startswith("airflow_provider_runway")}))
"""


def test_declaring_the_commands_imports_nothing_else() -> None:
    """Airflow does it for every command of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=os.environ, capture_output=True, text=True, check=True, timeout=120
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.airflow
def test_the_command_itself_with_a_connection_of_the_database(kie: Sandbox) -> None:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)
    with create_session() as session:
        session.add(Connection(conn_id="of_the_database", conn_type="runway", host=kie.url, password=kie.key))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("_AIRFLOW")}
    program = ["-m", *shlex.split(RUNWAY)] if AIRFLOW >= (3, 2) else shlex.split(RUNWAY)[1:]
    command = [sys.executable, *program, "credits", "--conn-id", "of_the_database", "-o", "json"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    # Airflow 3.2 says first, on standard output too, that it has no key to encrypt with.
    assert json.loads(done.stdout[done.stdout.index("{") :]) == {"credits": 5000.0, "dollars": 25.0}
    assert kie.key not in done.stdout + done.stderr
