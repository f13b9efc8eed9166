from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from dataclasses import asdict

import pytest
from fakes import GivenTime

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger

EVENT = {"task_id": "kie-1", "state": "called"}
TOKEN = CallbackToken(
    conn_id="runway_default", dag_id="d", run_id="r", task_id="t", nonce="0" * 32, expires_at=9_999_999_999
)


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


def probing(monkeypatch: pytest.MonkeyPatch, send: Callable[..., bool]) -> tuple[RunwayWakeTrigger, GivenTime]:
    monkeypatch.setattr("airflow_provider_runway.hooks.callbacks.send_probe", send)
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway", "password": "k3y-of-mine"}))
    time = GivenTime()
    monkeypatch.setattr(RunwayWakeTrigger, "clock", time.clock)
    return RunwayWakeTrigger(EVENT, time.clock.time() + 50.0, TOKEN.nonce, asdict(TOKEN)), time


def run(trigger: RunwayWakeTrigger) -> list[object]:
    async def fired() -> list[object]:
        return [each.payload async for each in trigger.run()]

    return asyncio.run(fired())


def test_it_shows_by_probes_that_a_call_would_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = list[CallbackToken]()

    def send(settings: Settings, token: CallbackToken, now: float) -> bool:
        assert settings.address.api_key == "k3y-of-mine"
        del now
        probes.append(token)
        return True

    trigger, time = probing(monkeypatch, send)

    assert run(trigger) == [EVENT]
    assert probes == [TOKEN, TOKEN, TOKEN]
    assert time.pauses == pytest.approx([20.0, 20.0, 10.0])


def test_probes_that_fail_do_not_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger, time = probing(monkeypatch, lambda *_args: 1 / 0 > 0)
    assert run(trigger) == [EVENT]
    assert sum(time.pauses) == pytest.approx(50.0)

    trigger.probed = {"of": "another version"}
    trigger.wake_at += 50.0
    assert run(trigger) == [EVENT]


def test_what_it_probes_survives_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger, _ = probing(monkeypatch, lambda *_args: True)
    _, stored = trigger.serialize()

    assert RunwayWakeTrigger(**json.loads(json.dumps(stored))).serialize()[1] == stored
    assert CallbackToken(**stored["probed"]) == TOKEN


def test_a_call_finds_it_by_the_nonce_that_airflow_stores() -> None:
    assert RunwayWakeTrigger(EVENT, 1030.5, "0" * 32).serialize()[1]["nonce"] == "0" * 32
