"""The submission record in Airflow's store, which may be away for a while right after a submission."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeStore

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.operators.store_records import StoreRecords
from airflow_provider_runway.operators.submission import Stage, Submission

SUBMITTED = Submission(
    stage=Stage.SUBMITTED, fingerprint="f0f0", intended_at="2026-11-26T07:00:00+00:00", task_id="task-1"
)


class ApiError(Exception):
    """As Airflow raises it in a task's process: the answer of the API server, or none."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"API_SERVER_ERROR: {status}")
        self.error = SimpleNamespace(detail={"status_code": status})


class Away(FakeStore):
    """A store that fails for as long as somebody waits, in seconds."""

    def __init__(self, seconds: float, error: Exception) -> None:
        super().__init__()
        self.left = seconds
        self.error = error
        self.waited = 0.0

    def pause(self, seconds: float) -> None:
        self.left -= seconds
        self.waited += seconds

    def set(self, key: str, value: Any, **options: Any) -> None:
        if self.left > 0:
            raise self.error
        super().set(key, value, **options)


@pytest.mark.parametrize("status", [None, 500, 503])
def test_the_id_is_offered_for_as_long_as_the_api_server_is_away(status: int | None) -> None:
    store = Away(200, ApiError(status))

    StoreRecords(store, Clock(sleep=store.pause)).write(SUBMITTED, patience=1800)

    assert StoreRecords(store).read() == SUBMITTED
    assert store.waited < 220


def test_it_is_offered_no_longer_than_the_try_waits() -> None:
    store = Away(1e9, ApiError(None))

    with pytest.raises(ApiError):
        StoreRecords(store, Clock(sleep=store.pause)).write(SUBMITTED, patience=300)
    assert 280 <= store.waited <= 300


@pytest.mark.parametrize("status", [404, 410])
def test_it_is_offered_no_more_once_airflow_knows_the_try_no_more(status: int) -> None:
    store = Away(1e9, ApiError(status))

    with pytest.raises(ApiError):
        StoreRecords(store, Clock(sleep=store.pause)).write(SUBMITTED, patience=1800)
    assert store.waited == 0


@pytest.mark.parametrize("error", [ApiError(422), ValueError("of the state store's own backend"), OSError()])
def test_what_no_wait_can_help_is_tried_for_a_few_seconds(error: Exception) -> None:
    store = Away(1e9, error)

    with pytest.raises(type(error)):
        StoreRecords(store, Clock(sleep=store.pause)).write(SUBMITTED, patience=1800)
    assert store.waited == 13


def test_a_record_of_another_place_is_shown_if_that_can_be_done_at_once() -> None:
    store = Away(1e9, ApiError(None))
    StoreRecords(store, Clock(sleep=store.pause)).write_once(SUBMITTED)
    assert store.waited == 0

    store.left = 0
    StoreRecords(store, Clock(sleep=store.pause)).write_once(SUBMITTED)
    assert StoreRecords(store).read() == SUBMITTED


@pytest.mark.parametrize("gone", [None, replace(SUBMITTED, stage=Stage.FORGOTTEN)])
def test_what_a_person_has_forgotten_elsewhere_is_not_shown_any_more(gone: Submission | None) -> None:
    store = FakeStore()
    records = StoreRecords(store)
    records.write(SUBMITTED)

    records.write_once(gone)

    assert records.read() is None
