from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_runway.kie.clock import CLOCK, Clock


def test_time_is_the_systems_unless_another_is_given() -> None:
    assert abs(CLOCK.time() - time.time()) < 60
    assert CLOCK.monotonic() <= CLOCK.monotonic()
    assert Clock(time=lambda: 7.0).time() == 7.0


@pytest.mark.parametrize("seconds", [0.0, 0.001])
def test_somebody_is_called_back_on_the_running_loop(seconds: float) -> None:
    async def called() -> bool:
        is_called, never = asyncio.Event(), asyncio.Event()
        CLOCK.call_later(seconds, is_called.set)
        CLOCK.call_later(seconds, never.set).cancel()
        await is_called.wait()
        await CLOCK.asleep(seconds)
        return never.is_set()

    assert asyncio.run(called()) is False
