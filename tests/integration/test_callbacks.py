"""KIE.AI's calls in a real Airflow with two API servers behind one address, and the sandbox."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from versions import AIRFLOW

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.signatures import signature
from airflow_provider_runway.sandbox import CutAfter, Sandbox
from devtools.stack.airflow_stack import AirflowStack

from .support import HOUR, KEY, SECRET, until

pytestmark = pytest.mark.stack

VIDEOS = 2


def states(airflow: AirflowStack, run_id: str) -> list[str]:
    return sorted(str(each.state) for each in airflow.rest.task_instances("called", run_id))


def waiting(airflow: AirflowStack) -> str:
    run_id = airflow.rest.trigger("called")
    until(lambda: states(airflow, run_id) == ["deferred"] * VIDEOS, "all wait")
    return run_id


def polls(calling: Sandbox) -> list[Any]:
    return [each for each in calling.read_ledger(requests=10_000).requests if each.purpose == "record"]


def test_a_call_wakes_the_task_within_seconds_and_one_poll_is_all_it_takes(
    airflow: AirflowStack, calling: Sandbox
) -> None:
    run_id = waiting(airflow)
    assert polls(calling) == []
    time.sleep(6)  # as long as it has to have waited to be woken at once

    calling.advance(HOUR)

    assert airflow.rest.wait_for_run("called", run_id, 300) == "success"
    seen, calls = polls(calling), calling.ledger.callbacks
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
        conn_id="runway_called",
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


def test_calls_that_are_not_for_it_change_nothing(airflow: AirflowStack, calling: Sandbox) -> None:
    run_id = waiting(airflow)
    before = len(polls(calling))
    token, task_id = token_of(airflow, run_id, 0), calling.tasks[-1].task_id
    made = {each.prompt: each.task_id for each in calling.tasks[-VIDEOS:]}
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

    time.sleep(2)
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
    assert len(polls(calling)) == before
    calling.advance(HOUR)
    assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    after = len(polls(calling))
    assert call(airflow, token, task_id) == 200  # replayed
    time.sleep(2)
    assert len(polls(calling)) == after
    assert {each.try_number for each in airflow.rest.task_instances("called", run_id)} == {1}


def test_a_call_brings_the_video_whose_answer_was_lost(airflow: AirflowStack, calling: Sandbox) -> None:
    charges = len(calling.ledger.charges)
    calling.fault(CutAfter(), on="submit", times=VIDEOS)
    run_id = waiting(airflow)
    assert len(calling.ledger.charges) == charges + VIDEOS

    calling.advance(HOUR)

    assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    assert len(calling.ledger.charges) == charges + VIDEOS
    named = {airflow.rest.xcom("called", run_id, "each", "task_id", map_index=number) for number in range(VIDEOS)}
    assert named == {each.task_id for each in calling.ledger.charges[charges:]}


def test_a_call_before_the_task_waits_is_not_missed(airflow: AirflowStack, calling: Sandbox) -> None:
    calling.configure(seconds=0.0)
    try:
        run_id = airflow.rest.trigger("called")
        assert airflow.rest.wait_for_run("called", run_id, 600) == "success"
    finally:
        calling.configure(seconds=HOUR)
    assert {each.try_number for each in airflow.rest.task_instances("called", run_id)} == {1}
