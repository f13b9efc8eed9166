"""``airflow runway``, called in this process as Airflow's command line calls it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import PIXEL
from versions import AIRFLOW

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.sandbox import Garbage, Refuse, Sandbox
from devtools.stack.airflow_home import prepare_database

from .support import RUNWAY, Call, types

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_another_connection_can_be_named(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")

    assert call("credits", "--conn-id", "other").code == 0


def test_wait_does_not_claim_to_know_how_long_a_video_is_kept_that_was_ready_before(
    call: Call, kie: Sandbox, task_id: str
) -> None:
    kie.advance(10 * 24 * 3600)

    result = json.loads(call("wait", task_id, "--output", "json").out)

    assert (result["state"], result["completed_at"], result["expires_at"]) == ("success", None, None)


def test_a_wait_that_takes_too_long_says_how_to_go_on(call: Call, kie: Sandbox, task_id: str) -> None:
    done = call("wait", task_id, "--timeout", "20", "--poll-interval", "5")

    assert (done.code, done.out) == (ExitCode.NOT_READY, "")
    assert done.err.endswith(f"To wait for it: {RUNWAY} wait {task_id}\n")
    assert "WaitTimeoutError" in done.err


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


def test_a_wait_for_what_nobody_has_seen_claims_nothing(call: Call, kie: Sandbox) -> None:
    done = call("wait", "nonsense", "--timeout", "5")

    assert done.code == ExitCode.NOT_READY
    assert "no poll has found a record of it. If it was submitted, it is paid" in done.err


@pytest.mark.airflow
def test_the_command_itself_with_a_connection_of_the_database(kie: Sandbox) -> None:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)
    with create_session() as session:
        session.add(Connection(conn_id="of_the_database", conn_type="runway", host=kie.url, password=kie.key))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("_AIRFLOW")}
    program = ["-m", *shlex.split(RUNWAY)] if AIRFLOW >= (3, 2) else shlex.split(RUNWAY)[1:]
    command = [sys.executable, *program, "credits", "--conn-id", "of_the_database", "-o", "json"]

    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    finally:
        with create_session() as session:
            session.execute(delete(Connection).where(Connection.conn_id == "of_the_database"))

    assert done.returncode == 0, done.stderr
    # Airflow 3.2 says first, on standard output too, that it has no key to encrypt with.
    assert json.loads(done.stdout[done.stdout.index("{") :]) == {"credits": 5000.0, "dollars": 25.0}
    assert kie.key not in done.stdout + done.stderr
