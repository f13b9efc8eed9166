"""Triggers that another version of the provider has stored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from airflow.triggers.base import BaseTrigger
from fakes import now

from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger


@pytest.mark.parametrize("trigger", [partial(RunwayVideoTrigger, runway_task_id="task-1"), RunwayAdmissionTrigger])
def test_arguments_of_another_version_are_ignored_and_told_once(
    trigger: Callable[..., BaseTrigger], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_runway.triggers.arguments._warned", set())
    stored = {"runway_conn_id": "clips", "of_tomorrow": 1, "\x1b[31m": None}

    made = [trigger(**stored) for _ in range(3)]

    assert all(set(each.serialize()[1]) & set(stored) == {"runway_conn_id"} for each in made)
    assert capfd.readouterr().out.count("of_tomorrow") == 1


def test_a_deadline_that_another_version_has_not_stored_is_half_an_hour_from_now() -> None:
    before = now()
    trigger = RunwayVideoTrigger("runway_default", "task-1")
    assert before + 1800 <= trigger.request.deadline <= now() + 1800
    assert trigger.serialize()[1]["deadline"] == trigger.request.deadline


def test_a_trigger_that_an_earlier_release_has_stored_with_a_short_interval_polls_once_a_second() -> None:
    """To refuse it would fail a video that is paid."""
    assert (
        RunwayVideoTrigger(
            "runway_default", "task-1", poll_interval=0.1, deadline=10_000_000_000.0
        ).request.poll_interval
        == 1
    )
