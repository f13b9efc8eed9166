from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.silence import Silence
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from devtools.chaos.evidence import (
    Airflow,
    failure_message,
    files_with,
    hidden_files,
    recorded_tasks,
    silence_proved_nothing,
    visible_files,
)
from devtools.chaos.report import Report, fault_counts
from devtools.chaos.strikes import Target
from devtools.chaos.verdict import Check, Outcome, Settlement
from devtools.stack.airflow_rest import AirflowRest


def log_line(event: str, *errors: tuple[str, str]) -> str:
    """A line of a task's log as the REST client reads it."""
    chain = [{"exc_type": kind, "exc_value": value} for kind, value in errors]
    return f"2026-01-01 error {event} error_detail={json.dumps(chain)}"


def test_the_message_of_a_failure_is_what_airflow_was_given_not_what_that_was_made_from() -> None:
    log = "\n".join(
        [
            log_line("Task failed", ("ServerError", "an earlier one")),
            log_line(
                "Task failed with exception",
                ("AirflowFailException", 'AmbiguousSubmissionError: It said "no".'),
                ("AmbiguousSubmissionError", 'It said "no".'),
                ("NoAnswerError", "No whole answer (RemoteProtocolError: gone)"),
            ),
        ]
    )

    assert failure_message(log) == 'AmbiguousSubmissionError: It said "no".'


@pytest.mark.parametrize("log", ["", "nothing went wrong", "error nothing error_detail=[]"])
def test_a_log_without_an_error_has_no_message(log: str) -> None:
    assert failure_message(log) == ""


def test_why_silence_proved_nothing_is_what_the_task_said_last(caplog: pytest.LogCaptureFixture) -> None:
    job: Any = SimpleNamespace(on_ambiguous_submit="resubmit_if_silent", timeout=1800.0)
    log_of_task: Any = logging.getLogger("a task")
    silence = Silence(job, "runway", hook=job, log=log_of_task)
    intent = Submission(stage=Stage.INTENT, fingerprint="f", intended_at=to_iso(utc_now()))

    silence.allows_another(intent, job)

    log = f'2026-01-01 warning {caplog.messages[0]} task_id="video" filename="silence.py"\n2026-01-01 error Task failed'
    assert silence_proved_nothing(log) == "it was not asked to"
    assert (
        silence_proved_nothing(f"{log}\n{log.replace('not asked to', 'asked. To no avail')}\n")
        == "it was asked. To no avail"
    )
    assert silence_proved_nothing("KIE.AI has not called for this request within 420 s.") is None


def test_a_half_file_counts_as_visible_unless_it_is_hidden(tmp_path: Path) -> None:
    for name in ("0.mp4", "1.mp4.part", ".2.mp4.0123abcd.part"):
        (tmp_path / name).write_bytes(b"abc")

    assert sorted(visible_files(tmp_path)) == ["0.mp4", "1.mp4.part"]
    assert len(set(visible_files(tmp_path).values())) == 1
    assert hidden_files(tmp_path) == 1


def test_a_key_is_found_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "task.log").write_bytes(b"\x00 the-key \xff")
    (tmp_path / "airflow.db").write_bytes(b"nothing")

    assert files_with("the-key", tmp_path) == (["logs/task.log"], 2)


def test_the_tasks_of_an_entry_are_those_of_its_file_and_of_what_was_added(tmp_path: Path) -> None:
    of, made = Coordinates(dag_id="chaos", run_id="r", task_id="video", map_index=3), RecordsFolder(str(tmp_path))
    made.check()
    made.create(of, 1, "n1", {"stage": "intent"})
    made.add_outcome(of, 1, "n1", "task", {"stage": "submitted", "task_id": "t1"})
    made.add_outcome(of, 1, "n1", "task", {"stage": "failed", "task_id": "t1"})
    made.create(of, 2, "n2", {"stage": "intent"})
    made.set(of, "returned", {"task_id": "no entry"})

    assert recorded_tasks(tmp_path) == {f"{of.key}/1.json": {"t1"}, f"{of.key}/2.json": set()}


def test_a_report_says_what_was_struck_and_fails_with_any_of_its_checks() -> None:
    faults = [
        {"action": "refuse", "code": 429, "on": "submit", "struck": 2},
        {"action": "refuse", "code": 429, "on": "submit", "struck": 1},
        {"action": "cut_after", "on": "submit", "struck": 0},
    ]
    assert fault_counts(faults) == {"submit: refuse 429": 3, "submit: cut_after": 0}

    def report(*checks: Check) -> Report:
        return Report(
            title="Seed 1",
            seconds=90,
            outcomes=[Outcome(index=0, prompt="Video 0", state="success")],
            settlement=Settlement(),
            struck={Target.TASK: 4},
            died={"scheduler": 1},
            faults=faults,
            requests={"submit": 9},
            checks=list(checks),
        )

    good, bad = Check("nothing is stuck", "2 success"), Check("the key is nowhere", "1 file", ("the key is in a.log",))
    assert report(good).holds
    assert not report(good, bad).holds
    lines = list(report(good, bad).lines())
    assert lines[0] == "Seed 1, 1 videos, 1.5 minutes"
    assert "Killed: 5" in lines
    assert "Faults of the service: 3" in lines
    assert lines[-3:] == [
        "PASS  nothing is stuck    2 success",
        "FAIL  the key is nowhere  1 file",
        "      - the key is in a.log",
    ]


@pytest.mark.parametrize(("task_id", "stage"), [(None, Stage.FORGOTTEN), ("a-task", Stage.SUBMITTED)])
def test_a_person_settles_what_a_records_folder_has_in_doubt_by_command(
    runway_sandbox: Sandbox, tmp_path: Path, task_id: str | None, stage: Stage
) -> None:
    prompt = "Video 0"
    if task_id is not None:
        with KieClient(Address(api_key=runway_sandbox.key, base_url=runway_sandbox.url)) as kie:
            task_id = kie.submit(GenerateRequest(prompt=prompt, aspect_ratio="16:9"))
    folder = RecordsFolder(str(tmp_path))
    of = Coordinates(dag_id="chaos", run_id="manual", task_id="video", map_index=0)
    intent = Submission(stage=Stage.INTENT, fingerprint="a-fingerprint", intended_at=to_iso(utc_now()))
    folder.create(of, 1, "a-nonce", intent.to_json())
    env = {
        **os.environ,
        "AIRFLOW__RUNWAY__RECORDS": str(tmp_path),
        "AIRFLOW_CONN_RUNWAY_DEFAULT": runway_sandbox.connection_json(),
    }
    batch = Airflow(AirflowRest("http://nowhere"), "chaos", "manual", [prompt], records=env)

    batch._settle_in_folder(0, task_id, env)

    settled = read_entry(folder.entries(of)[-1])
    assert (settled.stage, settled.task_id) == (stage, task_id)
