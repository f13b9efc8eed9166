"""No trigger fires before Airflow has taken note that its task has gone to wait."""

from __future__ import annotations

import asyncio
import time

import pytest
from airflow.triggers.base import BaseTrigger
from fakes import GivenTime

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers import deferral
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

OPTION = "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL"


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What triggers pause for Airflow's sake, by a clock that begins at 1000."""
    monkeypatch.setattr("airflow.__version__", "3.3.2")
    given = GivenTime()
    monkeypatch.setattr(RunwayVideoTrigger, "clock", given.clock)
    monkeypatch.setattr(RunwayAdmissionTrigger, "clock", given.clock)
    return given.pauses


def video_that_is_ready(kie: Sandbox) -> RunwayVideoTrigger:
    kie.configure(seconds=0)
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
    return RunwayVideoTrigger("runway_default", task_id, poll_interval=0.05, deadline=time.time() + 60)


def in_a_triggerer() -> RunwayAdmissionTrigger:
    trigger = RunwayAdmissionTrigger("clips", time.time())
    trigger.trigger_id = 7
    return trigger


def outlast(since: float) -> None:
    trigger = in_a_triggerer()
    asyncio.run(deferral.outlast_shortest_deferral(trigger, since, trigger.clock))


def fire(trigger: BaseTrigger) -> None:
    async def run() -> None:
        [_] = [event async for event in trigger.run()]

    asyncio.run(run())


@pytest.mark.parametrize("in_triggerer", [True, False], ids=["triggerer", "elsewhere"])
@pytest.mark.parametrize("admission", [True, False])
def test_a_trigger_pauses_before_it_fires_in_a_triggerer_and_nowhere_else(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, slept: list[float], admission: bool, in_triggerer: bool
) -> None:
    monkeypatch.setenv(OPTION, "600")
    trigger: BaseTrigger = RunwayAdmissionTrigger("clips", time.time()) if admission else video_that_is_ready(kie)
    trigger.trigger_id = 7 if in_triggerer else None

    fire(trigger)

    assert len(slept) == in_triggerer


@pytest.mark.parametrize(
    ("option", "ran_for", "pause"),
    [
        (None, 0, 30),
        (None, 12, 18),
        (None, 30, None),
        (None, 3600, None),
        ("", 0, 30),
        ("12.5", 0, 12.5),
        ("12.5", 13, None),
        ("0", 0, None),
        ("600", 0, 600),
    ],
)
def test_it_pauses_for_the_rest_of_the_shortest_deferral_thirty_seconds_if_nobody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], option: str | None, ran_for: float, pause: float | None
) -> None:
    monkeypatch.delenv(OPTION, raising=False)
    if option is not None:
        monkeypatch.setenv(OPTION, option)

    outlast(1000.0 - ran_for)

    assert slept == ([] if pause is None else [pytest.approx(pause)])


@pytest.mark.parametrize("nonsense", ["soon", "-1", "601", "nan", "inf", "1e400", "3 s", "\u0663\u0663\u0663\u0663"])
def test_where_the_triggerers_own_option_is_nonsense_a_wait_that_may_be_paid_goes_on(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], nonsense: str
) -> None:
    monkeypatch.setenv(OPTION, nonsense)

    outlast(1000.0)

    assert slept == [30]


@pytest.mark.parametrize(
    ("version", "pauses"), [("3.1.8", 1), ("3.3.2", 1), ("3.3.0rc1", 1), ("3.4.0b2", 0), ("3.10.0", 0), ("4.0.0", 0)]
)
def test_from_airflow_3_4_on_there_is_no_pause(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], version: str, pauses: int
) -> None:
    monkeypatch.setattr("airflow.__version__", version)
    monkeypatch.setenv(OPTION, "30")

    outlast(1000.0)

    assert len(slept) == pauses
