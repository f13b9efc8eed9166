"""How the command line finds and shows what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, WORDS, Call, Record

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_an_unreadable_record_is_listed_as_that_and_named(call: Call, record: Record, tmp_path: Path) -> None:
    record()
    (tmp_path / FOX.key / "1.json").write_text("{}")
    record(Stage.SUBMITTED, map_index=0)

    done = call("records", "list", "-o", "json")

    assert {row["state"] for row in json.loads(done.out)} == {"unreadable", "submitted"}
    assert f"{FOX.key}/1.json cannot be read" in done.err
    assert call("records", "list", "--state", "unreadable").out.count("\n") == 2
    refused = call("records", "show", FOX.key[:8])
    assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
    assert "UnreadableRecordError" in refused.err


def test_a_record_of_what_is_no_submission_is_unreadable(call: Call, folder: RecordsFolder) -> None:
    folder.create(FOX, 1, "one", {"stage": "whatever"})

    assert json.loads(call("records", "list", "-o", "json").out)[0]["state"] == "unreadable"


@pytest.mark.parametrize("which", [WORDS, (FOX.key,), (FOX.key[:8],)])
def test_one_task_is_shown_with_all_that_was_recorded(which: tuple[str, ...], call: Call, record: Record) -> None:
    record(Stage.SUBMITTED, Stage.FINISHED)
    record(Stage.SUBMITTED, map_index=0)

    rows = json.loads(call("records", "show", *which, "-o", "json").out)

    assert [(row["by"], row["state"], row["kie_task_id"]) for row in rows] == [
        ("", "in doubt", None),
        ("try 1", "submitted", "task-1"),
        ("try 1", "finished", "task-1"),
    ]
    assert {row["key"] for row in rows} == {FOX.key}
    assert call("records", "show", *which).out.count("\n") == 4


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (("foxes",), (ExitCode.WRONG, "named by DAG_ID TASK_ID RUN_ID")),
        (("foxes", "make"), (ExitCode.WRONG, "named by DAG_ID TASK_ID RUN_ID")),
        (("1", "2", "3", "4"), (ExitCode.WRONG, "named by DAG_ID TASK_ID RUN_ID")),
        ((FOX.key[:7],), (ExitCode.WRONG, "or by 8 digits")),
        (("0" * 64,), (ExitCode.REFUSED, "no records whose key begins with 0000")),
        (("foxes", "make", "another"), (ExitCode.REFUSED, "no record of that task")),
        ((*WORDS, "--map-index", "7"), (ExitCode.REFUSED, "no record of that task")),
    ],
)
@pytest.mark.parametrize("words", [("show",), ("set-id", "task-1"), ("forget", "--yes")])
def test_a_record_that_is_not_there_is_said_so(
    words: tuple[str, ...], which: tuple[str, ...], said: tuple[int, str], call: Call, record: Record
) -> None:
    record()

    done = call("records", *words, *which)

    assert (done.code, done.out) == (said[0], "")
    assert said[1] in done.err


def test_what_a_record_says_does_nothing_to_a_terminal(call: Call, record: Record) -> None:
    wild = "\x1b[31m[/red]\r\nand more"
    record(Stage.SUBMITTED, dag_id=wild)

    done = call("records", "list")

    assert "[/red]" in done.out
    assert all(character.isprintable() or character == "\n" for character in done.out)
    assert len(done.out.splitlines()) == 2
