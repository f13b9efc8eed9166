"""What KIE.AI is asked before an id is put into a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.sandbox import Fail, Sandbox
from airflow_provider_runway.sandbox import Refuse as Refusing
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, INTENT, WORDS, Call, Record, current

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_an_id_of_the_unified_api_is_recorded_as_one(
    call: Call, record: Record, folder: RecordsFolder, kie: Sandbox
) -> None:
    with RunwayHook() as hook:
        job = hook.submit_job("google/nano-banana", {"prompt": "Foxes"})
    record()

    call("records", "set-id", job.removeprefix("jobs:"), *WORDS)

    assert job.startswith("jobs:")
    assert current(folder).task_id == job


def test_an_id_that_kie_does_not_know_is_put_in_by_force_alone(
    call: Call, record: Record, folder: RecordsFolder, kie: Sandbox
) -> None:
    record()

    refused = call("records", "set-id", "no-such-task", *WORDS)

    assert refused.code == ExitCode.GONE
    assert "knows no task no-such-task. Nothing was changed; --force" in refused.err
    assert current(folder).stage is Stage.INTENT
    assert call("records", "set-id", "no-such-task", *WORDS, "--force").code == 0
    assert current(folder).task_id == "no-such-task"


def test_an_id_that_kie_cannot_be_asked_for_is_refused(
    call: Call, record: Record, folder: RecordsFolder, kie: Sandbox, task_id: str
) -> None:
    record()
    kie.fault(Refusing(401), times=10)

    done = call("records", "set-id", task_id, *WORDS)

    assert (done.code, current(folder).stage) == (ExitCode.REFUSED, Stage.INTENT)
    assert "--force" in done.err


def test_an_id_is_taken_unasked_where_there_is_no_connection(
    call: Call, record: Record, folder: RecordsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")

    done = call("records", "set-id", "task-7", *WORDS)

    assert done.code == 0
    assert "KIE.AI was not asked whether it knows task task-7." in done.err
    assert current(folder).task_id == "task-7"


def test_a_task_that_ended_before_the_request_was_sent_is_another_one(
    call: Call, folder: RecordsFolder, kie: Sandbox
) -> None:
    with RunwayHook() as hook:
        job = hook.submit_job("google/nano-banana", {"prompt": "Foxes"})
    kie.advance(60)
    later = replace(INTENT, intended_at=(datetime.now(timezone.utc) + timedelta(days=30)).isoformat())
    folder.create(FOX, 1, "one", later.to_json())

    done = call("records", "set-id", job, *WORDS)

    assert (done.code, current(folder).stage) == (ExitCode.REFUSED, Stage.INTENT)
    assert f"before this was sent ({later.intended_at})" in done.err


def test_a_failed_task_is_recorded_and_said_to_be(
    call: Call, record: Record, folder: RecordsFolder, kie: Sandbox
) -> None:
    kie.fault(Fail("The content was flagged by moderation"))
    with RunwayHook() as hook:
        failing = hook.submit(GenerateRequest(prompt="A bear", aspect_ratio="16:9"))
    kie.advance(60)
    record()

    done = call("records", "set-id", failing, *WORDS)

    assert (done.code, current(folder).task_id) == (0, failing)
    assert "its credits come back" in done.err


def test_no_look_orders_a_larger_copy_of_a_video(call: Call, record: Record, kie: Sandbox) -> None:
    record()
    refused = call("records", "set-id", "no-such-task", *WORDS)

    assert refused.code == ExitCode.GONE
    assert [each.path for each in kie.ledger.requests if "/veo/get-" in each.path] == []
    assert len(kie.ledger.charges) == 0
