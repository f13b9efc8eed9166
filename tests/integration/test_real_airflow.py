"""The provider in a real Airflow: scheduler, triggerer, API servers and DAG processor, and the sandbox."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Fail, Sandbox
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import dump

from .support import HOUR, KEY, slow, until

pytestmark = pytest.mark.stack


def wait_until_deferred(
    airflow: AirflowStack, dag_id: str, run_id: str, tasks: int = 1, *, task_id: str | None = None
) -> None:
    def waiting() -> int:
        instances = airflow.rest.task_instances(dag_id, run_id)
        return [each.state for each in instances if task_id in {None, each.task_id}].count("deferred")

    until(lambda: waiting() >= tasks, f"{dag_id} {run_id} defers")


def links_while_it_waits(airflow: AirflowStack, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
    """The links of a deferred task. Airflow stores them a moment after it has deferred."""
    deadline = time.monotonic() + 60
    while True:
        links = airflow.rest.extra_links(dag_id, run_id, task_id)
        if links["KIE.AI logs"] or time.monotonic() > deadline:
            return links
        time.sleep(0.2)


def paid(sandbox: Sandbox, prompt: str) -> int:
    return sandbox.ledger.charges_by_prompt().get(prompt, 0)


def test_every_dag_is_imported(airflow: AirflowStack) -> None:
    assert airflow.rest.import_errors() == {}


def test_generate_extend_and_sensor_go_through_true_deferral(airflow: AirflowStack, sandbox: Sandbox) -> None:
    with slow(sandbox):
        run_id = airflow.rest.trigger("chain")
        wait_until_deferred(airflow, "chain", run_id, task_id="generate")
        links = links_while_it_waits(airflow, "chain", run_id, "generate")
        assert not links["Video"]
        assert str(links["KIE.AI logs"]).startswith(f"{sandbox.url}/logs?taskId=")
        sandbox.advance(HOUR)
        wait_until_deferred(airflow, "chain", run_id, task_id="wait")
        sandbox.advance(HOUR)
        assert airflow.rest.wait_for_run("chain", run_id, 300) == "success"

    video = airflow.rest.xcom("chain", run_id, "wait")
    extension = airflow.rest.xcom("chain", run_id, "extend", "task_id")
    assert video["task_id"] == extension
    assert airflow.rest.xcom("chain", run_id, "extend")["state"] == "submitted"
    assert airflow.rest.extra_links("chain", run_id, "wait")["Video"] == video["video_url"]
    assert (paid(sandbox, "A fox in the snow"), paid(sandbox, "It looks up")) == (1, 1)


def test_four_videos_wait_at_once_where_there_is_one_slot(airflow: AirflowStack, sandbox: Sandbox) -> None:
    with slow(sandbox):
        run_id = airflow.rest.trigger("batch")
        wait_until_deferred(airflow, "batch", run_id, tasks=4)

        other = airflow.rest.trigger("something_else")
        assert airflow.rest.wait_for_run("something_else", other, 300) == "success"

        assert {each.state for each in airflow.rest.task_instances("batch", run_id)} == {"deferred"}
        sandbox.advance(HOUR)
        assert airflow.rest.wait_for_run("batch", run_id, 300) == "success"
    assert [paid(sandbox, f"Fox {number}") for number in range(4)] == [1] * 4
    for number in range(4):
        video = airflow.rest.xcom("batch", run_id, "each", "video_url", map_index=number)
        assert airflow.rest.extra_links("batch", run_id, "each", map_index=number)["Video"] == video


def test_a_crowd_that_kie_refuses_queues_without_a_retry_and_without_the_slot(
    airflow: AirflowStack, sandbox: Sandbox
) -> None:
    sandbox.configure(submissions_per_window=3, window_seconds=600)
    try:
        run_id = airflow.rest.trigger("crowd")
        # However slow the machine is, four of the seven are refused.
        wait_until_deferred(airflow, "crowd", run_id, tasks=3)
        other = airflow.rest.trigger("something_else")
        assert airflow.rest.wait_for_run("something_else", other, 300) == "success"
        sandbox.configure(submissions_per_window=20, window_seconds=10)
        assert airflow.rest.wait_for_run("crowd", run_id, 300) == "success"
    finally:
        sandbox.configure(submissions_per_window=20, window_seconds=10)

    assert {each.try_number for each in airflow.rest.task_instances("crowd", run_id)} == {1}
    assert [paid(sandbox, f"Wolf {number}") for number in range(7)] == [1] * 7


def test_a_worker_that_dies_after_submitting_does_not_make_the_retry_pay(
    airflow: AirflowStack, sandbox: Sandbox
) -> None:
    with slow(sandbox):
        run_id = airflow.rest.trigger("dies")
        wait_until_deferred(airflow, "dies", run_id)
        sandbox.advance(HOUR)
        assert airflow.rest.wait_for_run("dies", run_id, 300) == "success"

    [task] = airflow.rest.task_instances("dies", run_id)
    assert task.try_number == 2
    assert paid(sandbox, "A fox that survives") == 1
    assert "pays nothing" in airflow.rest.task_log("dies", run_id, "generate", 2)


def test_a_triggerer_that_dies_loses_no_video_and_clearing_makes_a_new_one(
    airflow: AirflowStack, sandbox: Sandbox
) -> None:
    with slow(sandbox):
        run_id = airflow.rest.trigger("one")
        wait_until_deferred(airflow, "one", run_id)
        airflow.kill("triggerer")
        airflow.restart("triggerer")
        sandbox.advance(HOUR)
        assert airflow.rest.wait_for_run("one", run_id, 300) == "success"
        first = airflow.rest.xcom("one", run_id, "generate", "task_id")
        assert paid(sandbox, f"A fox of {run_id}") == 1

        airflow.rest.clear("one", run_id, ["generate"])
        wait_until_deferred(airflow, "one", run_id)
        assert paid(sandbox, f"A fox of {run_id}") == 2

        airflow.rest.clear("one", run_id, ["generate"])
        sandbox.advance(HOUR)
        assert airflow.rest.wait_for_run("one", run_id, 300) == "success"
    assert airflow.rest.xcom("one", run_id, "generate", "task_id") != first
    assert paid(sandbox, f"A fox of {run_id}") == 2, "clearing an unfinished task paid again"


def test_a_task_that_fails_after_its_video_hands_over_the_same_one_until_it_has_succeeded(
    airflow: AirflowStack, sandbox: Sandbox
) -> None:
    tasks = {
        "waits": "A wolf that waits",
        "mapped": "A wolf of a pack",
        "submits": "A wolf that nobody waits for",
        "decorated": "A wolf out of a function",
    }

    def charges() -> list[int]:
        return [paid(sandbox, prompt) for prompt in tasks.values()]

    mark = airflow.home / "complains"
    mark.touch()
    run_id = airflow.rest.trigger("complaining")
    assert airflow.rest.wait_for_run("complaining", run_id, 120) == "failed"
    assert charges() == [1] * 4

    airflow.rest.clear("complaining", run_id, list(tasks))
    assert airflow.rest.wait_for_run("complaining", run_id, 120) == "failed"
    assert {each.state for each in airflow.rest.task_instances("complaining", run_id)} == {"failed"}
    assert charges() == [1] * 4
    assert "nothing tells that Airflow took its success" in airflow.rest.task_log("complaining", run_id, "waits", 2)

    mark.unlink()
    for videos in (1, 2):
        airflow.rest.clear("complaining", run_id, list(tasks))
        assert airflow.rest.wait_for_run("complaining", run_id, 300) == "success"
        assert charges() == [videos] * 4
    assert "the user's own callback ran for waits" in airflow.rest.task_log("complaining", run_id, "waits", 4)


def test_one_prompt_of_a_batch_is_mended_and_its_video_made_alone(
    airflow: AirflowStack, sandbox: Sandbox, tmp_path: Path
) -> None:
    def make(*prompts: str) -> None:
        airflow.rest.request("DELETE", "/api/v2/variables/night_prompts")
        airflow.rest.post("/api/v2/variables", {"key": "night_prompts", "value": json.dumps(prompts)})

    def states() -> dict[str, str | None]:
        return {each.label: each.state for each in airflow.rest.task_instances("night", run_id)}

    sandbox.fault(Fail("The AI moderator caught your prompt"), prompt="forbidden")
    airflow.rest.post("/api/v2/variables", {"key": "night_videos", "value": str(tmp_path)})
    airflow.rest.post("/api/v2/variables", {"key": "night_prompts", "value": "[]"})
    make("A night heron", "A forbidden heron")
    run_id = airflow.rest.trigger("night")
    assert airflow.rest.wait_for_run("night", run_id, 900) == "success"
    assert sorted(map(str, states().values())) == ["skipped", "success", "success"]
    assert airflow.rest.xcom("night", run_id, "each", "failure", 1)["reason"] == "moderation"

    make("A night heron", "A grey heron")
    airflow.rest.clear("night", run_id, ["prompts"])
    assert airflow.rest.wait_for_run("night", run_id, 900) == "success"
    airflow.rest.clear("night", run_id, [("each", 1)])
    assert airflow.rest.wait_for_run("night", run_id, 900) == "success"

    assert set(states().values()) == {"success"}
    assert [paid(sandbox, prompt) for prompt in ("A night heron", "A grey heron")] == [1, 1]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.mp4", "0.mp4.json", "1.mp4", "1.mp4.json"]
    assert json.loads((tmp_path / "1.mp4.json").read_text())["prompt"] == "A grey heron"


def test_a_wrong_key_fails_at_once_whatever_the_retries(airflow: AirflowStack, sandbox: Sandbox) -> None:
    run_id = airflow.rest.trigger("wrong_key")
    assert airflow.rest.wait_for_run("wrong_key", run_id, 60) == "failed"

    [task] = airflow.rest.task_instances("wrong_key", run_id)
    assert task.try_number == 1
    assert "the API key is missing, wrong or without access" in airflow.rest.task_log("wrong_key", run_id, "generate")
    assert paid(sandbox, "A fox without a key") == 0


def test_the_connection_form_and_its_test_button_work(airflow: AirflowStack, sandbox: Sandbox) -> None:
    form = airflow.rest.connection_types()["runway"]
    assert form["hook_name"] == "Runway (KIE.AI)"
    assert form["standard_fields"]["password"]["title"] == "API key"
    numbers, urls = (
        {"timeout", "credit_floor", "daily_credit_limit", "submission_limit"},
        {"upload_url", "callback_base_url"},
    )
    assert set(form["extra_fields"]) == {"api", *numbers, *urls, "records", "webhook_secret"}

    works, message = airflow.rest.test_connection(
        {"connection_id": "tried", "conn_type": "runway", "host": sandbox.url, "password": KEY}
    )
    assert (works, "credits are left" in message) == (True, True)
    works, message = airflow.rest.test_connection(
        {"connection_id": "tried", "conn_type": "runway", "host": sandbox.url, "password": "a-key-that-is-wrong"}
    )
    assert (works, "the API key is missing, wrong or without access" in message) == (False, True)


def test_the_key_is_nowhere_on_airflows_disk_and_went_to_no_media_host(airflow: AirflowStack, sandbox: Sandbox) -> None:
    if airflow.database:
        dump(airflow.database, airflow.home / "postgres.db")
    files = [path for path in airflow.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" and b"complaining" in path.read_bytes() for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert sandbox.ledger.key_leaks == ()
