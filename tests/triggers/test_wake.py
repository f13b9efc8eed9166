from __future__ import annotations

import asyncio
import importlib
import json

import pytest

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger

EVENT = {"task_id": "kie-1", "state": "called"}


@pytest.mark.parametrize(("wake_at", "pause"), [(1030.0, 30.0), (1000.0, 0.0), (900.0, 0.0)])
def test_it_fires_its_event_at_its_moment(monkeypatch: pytest.MonkeyPatch, wake_at: float, pause: float) -> None:
    pauses = list[float]()

    async def asleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(RunwayWakeTrigger, "clock", Clock(time=lambda: 1000.0, asleep=asleep))

    async def fired() -> list[object]:
        return [each.payload async for each in RunwayWakeTrigger(EVENT, wake_at).run()]

    assert asyncio.run(fired()) == [EVENT]
    assert pauses == [pause]


def test_what_airflow_stores_survives_it() -> None:
    path, stored = RunwayWakeTrigger(EVENT, 1030.5).serialize()
    module, name = path.rsplit(".", 1)

    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(stored)), later="x")

    assert again.serialize() == (path, stored) == (path, {"event": EVENT, "wake_at": 1030.5})


def test_a_call_finds_it_by_the_nonce_that_airflow_stores() -> None:
    assert RunwayWakeTrigger(EVENT, 1030.5, "0" * 32).serialize()[1]["nonce"] == "0" * 32
