"""``airflow runway records`` on a folder that operators have written to."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.utils import yaml

from airflow_provider_runway.cli import definition
from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.cli.records import moment
from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.submission import Reattach, Refuse, Stage, Submit
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, WORDS, Call, Record, current, next_try, types

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_all_submissions_are_listed_with_how_far_they_have_come(call: Call, record: Record) -> None:
    record()
    record(Stage.SUBMITTED, map_index=0)
    record(Stage.SUBMITTED, Stage.FINISHED, map_index=1)
    record(Stage.UNSENT, map_index=2)
    record(Stage.SUBMITTED, number=2, map_index=2, task_id="task-2")

    done = call("records", "list", "--output", "json")

    rows = {(row["map_index"], row["number"]): row for row in json.loads(done.out)}
    assert {place: (row["state"], row["kie_task_id"]) for place, row in rows.items()} == {
        (-1, 1): ("in doubt", None),
        (0, 1): ("submitted", "task-1"),
        (1, 1): ("finished", "task-1"),
        (2, 1): ("unsent", None),
        (2, 2): ("submitted", "task-2"),
    }
    assert rows[-1, 1]["key"] == FOX.key
    assert rows[-1, 1]["run_id"] == FOX.run_id
    assert yaml.safe_load(call("records", "list", "-o", "yaml").out) == json.loads(done.out)


def test_a_table_has_a_line_for_each_submission(call: Call, record: Record) -> None:
    assert call("records", "list").out == ""
    record()
    record(Stage.SUBMITTED, map_index=0)

    lines = call("records", "list").out.splitlines()

    assert lines[0].split() == [
        "key", "dag_id", "task_id", "run_id", "map_index", "number", "state", "kie_task_id", "intended_at", "saved_to",
    ]  # fmt: skip
    assert lines[1].startswith(f"{FOX.key[:12]}  foxes")
    assert len({line.index("foxes") for line in lines[1:]}) == 1
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--dag-id", "wolves"), [5]),
        (("--run-id", "manual__2"), [6]),
        (("--state", "in-doubt"), [-1]),
        (("--state", "submitted"), [0, 5, 6]),
        (("--state", "submitted", "--dag-id", "foxes"), [0, 6]),
        (("--since", "1h"), [-1, 0, 5, 6]),
        (("--since", "2100-01-01"), []),
        (("--since", "2020-01-01T00:00:00Z"), [-1, 0, 5, 6]),
    ],
)
def test_a_list_can_be_narrowed(words: tuple[str, ...], found: list[int], call: Call, record: Record) -> None:
    record()
    record(Stage.SUBMITTED, map_index=0)
    record(Stage.SUBMITTED, map_index=5, dag_id="wolves")
    record(Stage.SUBMITTED, map_index=6, run_id="manual__2")

    rows = json.loads(call("records", "list", *words, "-o", "json").out)

    assert sorted(row["map_index"] for row in rows) == found


def test_the_folder_of_the_connection_comes_first_and_none_is_needed_for_the_other(
    call: Call, record: Record, kie: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record()
    assert len(call("records", "list").out.splitlines()) == 2
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
    assert len(call("records", "list").out.splitlines()) == 2
    connection = {**json.loads(kie.connection_json()), "extra": {"records": str(tmp_path_factory.mktemp("other"))}}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(connection))
    assert call("records", "list", "--conn-id", "other").out == ""


def test_an_id_that_is_put_in_is_what_the_next_try_waits_on(
    call: Call, record: Record, folder: RecordsFolder, task_id: str
) -> None:
    record()
    assert next_try(folder) is Refuse

    done = call("records", "set-id", f" {task_id} ", *WORDS)

    assert (done.code, done.out) == (0, "")
    assert f"Recorded: the submission is task {task_id}." in done.err
    assert (current(folder).stage, current(folder).task_id) == (Stage.SUBMITTED, task_id)
    assert next_try(folder) is Reattach
    again = call("records", "set-id", task_id, *WORDS)
    assert (again.code, "recorded already" in again.err) == (0, True)
    assert len(folder.entries(FOX)[0].outcomes) == 1


@pytest.mark.parametrize("given", ["", "  ", "two words", "None", "x" * 1001])
def test_what_is_no_id_is_refused(given: str, call: Call, record: Record, folder: RecordsFolder) -> None:
    record()

    assert call("records", "set-id", given, *WORDS, "--force").code == ExitCode.WRONG
    assert current(folder).stage is Stage.INTENT


def test_an_id_of_another_tasks_video_is_refused(
    call: Call, record: Record, folder: RecordsFolder, task_id: str
) -> None:
    record()
    record(Stage.SUBMITTED, map_index=3, task_id=task_id)

    done = call("records", "set-id", task_id, *WORDS)

    assert (done.code, current(folder).stage) == (ExitCode.REFUSED, Stage.INTENT)
    assert f"recorded for another Airflow task: foxes make {FOX.run_id} (map index 3)" in done.err


@pytest.mark.parametrize(("recorded", "given"), [("jobs:{}", "{}"), ("{}", "jobs:{}")])
def test_an_id_of_another_tasks_video_is_refused_as_kie_shows_it_too(  # noqa: PLR0917 - pytest calls it by name
    call: Call, record: Record, folder: RecordsFolder, task_id: str, recorded: str, given: str
) -> None:
    record()
    record(Stage.SUBMITTED, map_index=3, task_id=recorded.format(task_id))

    done = call("records", "set-id", given.format(task_id.upper()), *WORDS)

    assert (done.code, current(folder).stage) == (ExitCode.REFUSED, Stage.INTENT)
    assert "recorded for another Airflow task" in done.err


def test_an_id_of_an_earlier_submission_of_the_same_task_is_refused(
    call: Call, record: Record, folder: RecordsFolder, task_id: str
) -> None:
    record(Stage.SUBMITTED, Stage.FINISHED, task_id=task_id)
    record(number=2)

    done = call("records", "set-id", task_id, *WORDS)

    assert (done.code, current(folder).stage) == (ExitCode.REFUSED, Stage.INTENT)
    assert f"Task {task_id} is recorded for submission 1 of the same Airflow task. --force records it." in done.err


def test_a_submission_that_is_not_in_doubt_keeps_its_id(call: Call, record: Record, folder: RecordsFolder) -> None:
    record(Stage.SUBMITTED)

    done = call("records", "set-id", "task-2", *WORDS)

    assert done.code == ExitCode.REFUSED
    assert "It is not in doubt: the submission is submitted, of task task-1. --force" in done.err
    assert current(folder).task_id == "task-1"
    assert call("records", "set-id", "task-2", *WORDS, "--force").code == 0
    assert current(folder).task_id == "task-2"


@pytest.mark.parametrize(
    "case",
    [
        ((), "It is unknown whether KIE.AI took what was sent at 2026-11-01T00:00:00+00:00: that may be paid."),
        ((Stage.SUBMITTED,), "Task task-1 was submitted, and is paid unless KIE.AI fails it."),
        ((Stage.SUBMITTED, Stage.FINISHED), "Task task-1 was submitted, and is paid"),
    ],
)
def test_what_is_forgotten_is_submitted_anew(
    case: tuple[tuple[Stage, ...], str],
    call: Call,
    record: Record,
    folder: RecordsFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stages, loss = case
    record(*stages)
    assert call("records", "forget", *WORDS).code == ExitCode.REFUSED
    types(monkeypatch, "n\n")
    assert call("records", "forget", *WORDS).code == ExitCode.REFUSED
    assert next_try(folder) is not Submit
    types(monkeypatch, "y\n")

    done = call("records", "forget", *WORDS)

    assert done.code == 0
    assert f"{loss}" in done.err
    assert "Forget this submission? [y/N]" in done.err
    assert current(folder).stage is Stage.FORGOTTEN
    assert next_try(folder) is Submit
    assert "nothing to forget" in call("records", "forget", *WORDS).err


def test_an_id_that_comes_to_light_after_all_is_put_in(
    call: Call, record: Record, folder: RecordsFolder, task_id: str
) -> None:
    record()
    call("records", "forget", *WORDS, "--yes")

    assert call("records", "set-id", task_id, *WORDS).code == ExitCode.REFUSED
    assert call("records", "set-id", task_id, *WORDS, "--force").code == 0
    assert next_try(folder) is Reattach


def test_the_last_submission_that_counts_is_the_one_that_is_forgotten(
    call: Call, record: Record, folder: RecordsFolder
) -> None:
    record(Stage.SUBMITTED)
    record(Stage.UNSENT, number=2)

    call("records", "forget", *WORDS, "--yes")

    assert [read_entry(entry).stage for entry in folder.entries(FOX)] == [Stage.FORGOTTEN, Stage.UNSENT]


def age(tmp_path: Path, of: Coordinates, days: int) -> None:
    when = (datetime.now(timezone.utc) - timedelta(days=days)).timestamp()
    for path in (tmp_path / of.key).iterdir():
        os.utime(path, (when, when))


def test_old_records_are_pruned_once_a_person_has_agreed(
    call: Call, record: Record, folder: RecordsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, doubtful, new = record(Stage.SUBMITTED, Stage.FINISHED), record(map_index=0), record(map_index=1)
    age(tmp_path, old, 61)
    age(tmp_path, doubtful, 61)
    age(tmp_path, new, 59)

    dry = call("records", "prune", "--dry-run", "-o", "json")
    assert sorted(row["map_index"] for row in json.loads(dry.out)) == [-1, 0]
    assert "2 records have not been written to since" in dry.err
    assert "1 of their submissions have not ended." in dry.err
    assert call("records", "prune").code == ExitCode.REFUSED
    types(monkeypatch, "no\n")
    assert call("records", "prune").code == ExitCode.REFUSED
    assert len(list(folder.survey())) == 3

    done = call("records", "prune", "--yes")

    assert done.code == 0
    assert done.err.endswith("2 records are removed.\n")
    assert [found.of for found in folder.survey()] == [new]
    assert call("records", "prune", "--yes").err.endswith("There is no record so old.\n")


def test_another_age_can_be_given(call: Call, record: Record, folder: RecordsFolder, tmp_path: Path) -> None:
    age(tmp_path, record(), 8)
    record(map_index=0)

    call("records", "prune", "--older-than", "2w", "--yes")
    assert len(list(folder.survey())) == 2
    call("records", "prune", "--older-than", "1w", "--yes")
    assert len(list(folder.survey())) == 1


@pytest.mark.parametrize(
    "text", ["", "60", "d", "-1d", "1y", "1.5d", "soon", "9999999d", "999999w", "2026-13-01", "nan"]
)
def test_a_time_that_is_none_is_refused(text: str, call: Call, record: Record, folder: RecordsFolder) -> None:
    record()

    for words in (("prune", "--yes", f"--older-than={text}"), ("list", f"--since={text}")):
        assert call("records", *words).code == ExitCode.WRONG
    assert len(list(folder.survey())) == 1


def test_a_time_is_of_so_long_ago_or_of_a_date() -> None:
    now = datetime.now(timezone.utc)
    for text, ago in (("90m", timedelta(minutes=90)), ("36h", timedelta(hours=36)), ("60d", timedelta(days=60))):
        assert abs(now - ago - moment("--since", text)) < timedelta(minutes=5)
    assert moment("--since", "2026-11-01") == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert moment("--since", "2026-11-01T02:00:00+02:00") == datetime(2026, 11, 1, tzinfo=timezone.utc)


def test_the_states_that_can_be_asked_for_are_those_that_are_listed() -> None:
    words = {"in-doubt", "unreadable", "published", *(stage.value for stage in Stage if stage is not Stage.INTENT)}

    assert set(definition._STATES) == words


def test_a_folder_that_cannot_be_used_is_said_in_one_line(
    call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path / "unmounted"))

    done = call("records", "list")

    assert done.code == ExitCode.REFUSED
    [line] = done.err.splitlines()
    assert line.startswith(f"RecordsFolderError: The records folder {tmp_path / 'unmounted'} cannot be read")
