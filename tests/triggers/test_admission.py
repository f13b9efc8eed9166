from __future__ import annotations

import asyncio
import importlib
import json
import math
import time
from typing import Any

import pytest

from airflow_provider_runway.kie.pacing import LEAD
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.admission_queue import AdmissionQueue

from .support import event_of


def test_what_airflow_stores_has_no_secret_and_survives_it() -> None:
    trigger = RunwayAdmissionTrigger(
        "runway_default", 1000.5, 2, 1010.0, holds_all=True, late=True, limit=40, reason="429"
    )
    path, stored = trigger.serialize()
    module, name = path.rsplit(".", 1)

    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(stored)))

    assert path == "airflow_provider_runway.triggers.admission.RunwayAdmissionTrigger"
    assert stored == {
        "runway_conn_id": "runway_default",
        "queued_at": 1000.5,
        "refusals": 2,
        "not_before": 1010.0,
        "holds_all": True,
        "late": True,
        "limit": 40,
        "reason": "429",
    }
    assert again.serialize() == (path, stored)


def test_the_first_in_an_empty_queue_is_let_through_at_once() -> None:
    before = time.time()

    event = asyncio.run(event_of(RunwayAdmissionTrigger("runway_default", before, 3)))

    assert before <= event.pop("moment") <= time.time() + LEAD
    assert event == {"queued_at": before, "refusals": 3}


# --- clocks


@pytest.mark.parametrize("queued_at", [math.nan, math.inf, "early"])
def test_a_place_in_the_queue_that_is_no_time_is_the_last(queued_at: Any) -> None:
    async def both() -> tuple[float, float]:
        queue = AdmissionQueue()
        queue.pause(time.time() + LEAD + 0.2)
        odd = asyncio.create_task(queue.admit(queued_at))
        await asyncio.sleep(0)
        first = await queue.admit(time.time() - 10)
        return first, await odd

    first, odd = asyncio.run(asyncio.wait_for(both(), 60))
    assert first < odd


@pytest.mark.parametrize(
    ("reason", "why"),
    [("pace", "takes 20 submissions in 10 s at most"), ("429", "429"), ("maintenance", "under maintenance (455)")],
)
def test_a_task_that_queues_says_in_its_log_why_its_place_and_until_when(
    reason: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        now = time.time()
        holds = RunwayAdmissionTrigger("loud", now - 1, 1, now + LEAD + 0.4, holds_all=True, reason=reason)
        await asyncio.wait_for(event_of(holds), 60)

    asyncio.run(run())

    log = capsys.readouterr().out
    assert why in log
    assert "It is number 1 in the queue" in log
    assert " UTC." in log
