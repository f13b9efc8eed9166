"""No trigger fires before Airflow has taken note that its task has gone to wait."""

from __future__ import annotations

import asyncio
import time

import pytest
from airflow.triggers.base import BaseTrigger

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers import settling
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "SETTLED_AFTER", 0.5)


def seconds_until_it_fires(trigger: BaseTrigger) -> float:
    async def run() -> float:
        start = time.monotonic()
        [_] = [event async for event in trigger.run()]
        return time.monotonic() - start

    return asyncio.run(run())


def video_that_is_ready(kie: Sandbox) -> RunwayVideoTrigger:
    kie.configure(seconds=0)
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
    return RunwayVideoTrigger("runway_default", task_id, poll_interval=0.05, deadline=time.time() + 60)


def test_in_a_triggerer_a_video_that_is_ready_at_once_is_told_a_little_later(kie: Sandbox) -> None:
    trigger = video_that_is_ready(kie)
    trigger.trigger_id = 7

    assert seconds_until_it_fires(trigger) >= 0.5


def test_in_a_triggerer_a_submission_is_admitted_a_little_later_and_for_a_moment_that_is_still_to_come() -> None:
    trigger = RunwayAdmissionTrigger("clips", time.time())
    trigger.trigger_id = 7

    async def moment() -> float:
        [event] = [event async for event in trigger.run()]
        return float(event.payload["moment"])

    start = time.time()
    assert asyncio.run(moment()) >= start + 0.5


def test_elsewhere_nobody_is_kept_waiting(kie: Sandbox) -> None:
    assert seconds_until_it_fires(video_that_is_ready(kie)) < 0.45
    assert seconds_until_it_fires(RunwayAdmissionTrigger("clips", time.time())) < 0.45
