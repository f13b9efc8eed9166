"""KIE.AI's calls in a real Airflow with two API servers behind one address, and the sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from versions import AIRFLOW

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.signatures import signature
from airflow_provider_runway.sandbox import CutAfter, Sandbox, SandboxSettings
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import can_run, postgres_or_sqlite

pytestmark = pytest.mark.stack

KEY, SECRET = "an-api-key-that-must-stay-in-the-connection", "whsec-of-the-account"
LONG = 3600.0
VIDEOS = 4


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    settings = SandboxSettings(seconds=LONG, video_scale=0.1, keys=(KEY,), webhook_key=SECRET, callback_retry=5)
    with Sandbox(settings) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def airflow(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    home = tmp_path_factory.mktemp("home")
    connection = json.loads(sandbox.connection_json())
    connection |= {"password": KEY, "extra": {**connection["extra"], "webhook_secret": SECRET}}
    env = {"AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps(connection), "MARK_OF_DEATH": "", "MARK_OF_COMPLAINT": ""}
    if AIRFLOW < (3, 3):  # no task state store
        (home / "records").mkdir()
        env["AIRFLOW__RUNWAY__RECORDS"] = str(home / "records")
    dags = Path(__file__).parent / "dags"
    servers = 2 if can_run() else 1
    with (
        postgres_or_sqlite(home / "postgres") as database,
        AirflowStack(
            home=home, dags=dags, env=env, database=database, parallelism=VIDEOS, api_servers=servers, callbacks=True
        ) as airflow,
    ):
        airflow.rest.unpause("called")
        yield airflow


def states(airflow: AirflowStack, run_id: str) -> list[str]:
    return sorted(str(each.state) for each in airflow.rest.task_instances("called", run_id))


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 300
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def waiting(airflow: AirflowStack) -> str:
    run_id = airflow.rest.trigger("called")
    until(lambda: states(airflow, run_id) == ["deferred"] * VIDEOS, "all wait")
    time.sleep(6)  # as long as it has to have waited to be woken at once
    return run_id


def polls(sandbox: Sandbox) -> list[Any]:
    return [each for each in sandbox.read_ledger(requests=10_000).requests if each.purpose == "record"]


def test_a_call_wakes_the_task_within_seconds_and_one_poll_is_all_it_takes(
    airflow: AirflowStack, sandbox: Sandbox
) -> None:
    run_id = waiting(airflow)
    assert polls(sandbox) == []

    sandbox.advance(LONG)

    assert airflow.rest.wait_for_run("called", run_id, 300) == "success"
    seen, calls = polls(sandbox), sandbox.ledger.callbacks
    assert [each.status for each in calls] == [200] * VIDEOS
    assert len(seen) <= 1.2 * VIDEOS


def token_of(airflow: AirflowStack, run_id: str, index: int) -> CallbackToken:
    """What KIE was given for a video."""
    if AIRFLOW >= (3, 3):
        nonce = airflow.rest.state_store("called", run_id, "each", index)["runway_submission"]["nonce"]
    else:
        found = [json.loads(path.read_text()) for path in (airflow.home / "records").glob("*/[0-9]*.json")]
        of_it = [each for each in found if (each["of"]["run_id"], each["of"]["map_index"]) == (run_id, index)]
        nonce = of_it[0]["value"]["nonce"]
    return CallbackToken(
        conn_id="runway_default",
        dag_id="called",
        run_id=run_id,
        task_id="each",
        map_index=index,
        nonce=nonce,
        expires_at=int(time.time()) + 3600,
    )


def call(
    airflow: AirflowStack, token: CallbackToken, task_id: str, *, key: str = KEY, secret: str = SECRET, body: Any = None
) -> int:
    now = str(int(time.time()))
    headers = {"X-Webhook-Timestamp": now, "X-Webhook-Signature": signature(secret, task_id, now)}
    content = json.dumps({"code": 200, "data": {"task_id": task_id}}).encode() if body is None else body
    assert airflow.balancer is not None
    url = f"{airflow.balancer.url}/runway/callback/{token.sign(key)}"
    return httpx.post(url, content=content, headers=headers, trust_env=False, timeout=60).status_code


def test_calls_that_are_not_for_it_change_nothing(airflow: AirflowStack, sandbox: Sandbox) -> None:
    run_id = waiting(airflow)
    before = len(polls(sandbox))
    token, task_id = token_of(airflow, run_id, 0), sandbox.tasks[-1].task_id
    made = {each.prompt: each.task_id for each in sandbox.tasks[-VIDEOS:]}
    task_id, other = made["Hare 0"], made["Hare 1"]

    answers = {
        "forged": call(airflow, token, task_id, key="another-key"),
        "unsigned": call(airflow, token, task_id, secret="another-secret"),
        "malformed": call(airflow, token, task_id, body=b"{"),
        "oversized": call(airflow, token, task_id, body=b" " * (LARGEST_BODY + 1)),
        "expired": call(airflow, replace(token, expires_at=1), task_id),
        "of a submission before": call(airflow, replace(token, nonce="0" * 32), task_id),
        "for another video": call(airflow, token, other),
        "to nobody": call(airflow, replace(token, run_id="manual__nobody"), task_id),
    }

    time.sleep(5)
    assert answers == {
        "forged": 401,
        "unsigned": 401,
        "malformed": 400,
        "oversized": 413,
        "expired": 410,
        "of a submission before": 200,
        "for another video": 200,
        "to nobody": 200,
    }
    assert states(airflow, run_id) == ["deferred"] * VIDEOS
    assert len(polls(sandbox)) == before
    sandbox.advance(LONG)
    assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    after = len(polls(sandbox))
    assert call(airflow, token, task_id) == 200  # replayed
    time.sleep(5)
    assert len(polls(sandbox)) == after
    assert {each.try_number for each in airflow.rest.task_instances("called", run_id)} == {1}


def test_a_call_brings_the_video_whose_answer_was_lost(airflow: AirflowStack, sandbox: Sandbox) -> None:
    charges = len(sandbox.ledger.charges)
    sandbox.fault(CutAfter(), on="submit", times=VIDEOS)
    run_id = waiting(airflow)
    assert len(sandbox.ledger.charges) == charges + VIDEOS

    sandbox.advance(LONG)

    assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    assert len(sandbox.ledger.charges) == charges + VIDEOS
    named = {airflow.rest.xcom("called", run_id, "each", "task_id", map_index=number) for number in range(VIDEOS)}
    assert named == {each.task_id for each in sandbox.ledger.charges[charges:]}


def test_a_call_before_the_task_waits_is_not_missed(airflow: AirflowStack, sandbox: Sandbox) -> None:
    sandbox.configure(seconds=0.0)
    try:
        run_id = airflow.rest.trigger("called")
        assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    finally:
        sandbox.configure(seconds=LONG)
    assert {each.try_number for each in airflow.rest.task_instances("called", run_id)} == {1}
