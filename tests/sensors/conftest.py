from __future__ import annotations

import pytest
from fakes import GivenTime

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Sandbox


@pytest.fixture
def made(kie: Sandbox) -> str:
    """The id of a video that is being made: it takes a minute."""
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))


@pytest.fixture
def airflow_time(given_time: GivenTime, monkeypatch: pytest.MonkeyPatch) -> GivenTime:
    """Airflow's own pauses between two polls pass at once, too."""
    monkeypatch.setattr("airflow.sdk.bases.sensor.time", given_time.clock)
    return given_time
