"""What Airflow stores of the triggers and what they fire, as one version writes it and another reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.exceptions import (
    InvalidRequestError,
    MissingVideoError,
    PollingFailedError,
    TaskNotFoundError,
)
from airflow_provider_runway.triggers.events import AdmissionEvent, AdmissionRequest, PollRequest, VideoEvent


def asked(**options: Any) -> PollRequest:
    return PollRequest(**{"runway_conn_id": "clips", "runway_task_id": "task-1", "deadline": 7.5, **options})


def test_what_is_not_known_is_not_stored() -> None:
    assert asked().to_kwargs() == {
        "runway_conn_id": "clips",
        "runway_task_id": "task-1",
        "kind": "runway",
        "poll_interval": 10.0,
        "deadline": 7.5,
    }
    assert asked(submitted_at=1.0, profile="aleph").to_kwargs()["submitted_at"] == 1.0


@pytest.mark.parametrize("odd", [{"deadline": None}, {"deadline": float("nan")}, {"submitted_at": "yesterday"}])
def test_a_moment_that_is_none_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="must be a moment"):
        asked(**odd)


@pytest.mark.parametrize("odd", [{"runway_task_id": "two words"}, {"runway_task_id": None}, {"kind": "opera"}])
def test_a_task_that_cannot_be_polled_is_refused_when_it_is_to_be(odd: dict[str, Any]) -> None:
    request = asked(**odd)
    assert request.to_kwargs().items() >= odd.items()
    with pytest.raises(InvalidRequestError):
        request.check_task()


@pytest.mark.parametrize(
    "event", [VideoEvent("t-1", "success"), VideoEvent("t-1", "gone", "KIE.AI has no record of it.")]
)
def test_an_event_survives_being_stored(event: VideoEvent) -> None:
    assert VideoEvent.from_event(json.loads(json.dumps(event.to_event()))) == event
    assert ("error" in event.to_event()) is (event.error is not None)


def test_what_an_event_of_another_version_has_besides_is_ignored() -> None:
    assert VideoEvent.from_event({"task_id": "t-1", "state": "of tomorrow", "more": 1}).state == "of tomorrow"
    given = {"moment": "2", "queued_at": 1, "refusals": 0, "more": None}
    assert AdmissionEvent.from_event(given) == AdmissionEvent(moment=2.0, queued_at=1.0, refusals=0)


@pytest.mark.parametrize(
    ("event", "state", "kind"),
    [
        (VideoEvent("t-1", "gone"), None, TaskNotFoundError),
        (VideoEvent("t-1", "fault", "x"), "generating", PollingFailedError),
        (VideoEvent("t-1", "fault", "x"), "success", MissingVideoError),
    ],
)
def test_an_event_becomes_the_error_that_it_tells_of(event: VideoEvent, state: str | None, kind: type) -> None:
    error = event.as_error(state)
    assert type(error) is kind
    assert error.task_id == "t-1"


def test_an_admission_survives_being_stored() -> None:
    request = AdmissionRequest(runway_conn_id="clips", queued_at=1.5, refusals=2, holds_all=True)
    assert AdmissionRequest(**json.loads(json.dumps(request.to_kwargs()))) == request
    event = AdmissionEvent(moment=3.5, queued_at=1.5, refusals=2)
    assert AdmissionEvent.from_event(json.loads(json.dumps(event.to_event()))) == event
