"""What is told to Airflow's metrics, by a backend that remembers it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime
from operators.support import Task

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.pacing import Pace
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.triggers.admission_queue import AdmissionQueue
from airflow_provider_runway.utils import metrics

DOCS = Path(__file__).parents[2] / "docs"


class Backend:
    """Remembers what it is sent."""

    def __init__(self) -> None:
        self.counted: dict[str, float] = {}
        self.shown: dict[str, list[float]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def incr(self, name: str, count: int, *, tags: dict[str, str]) -> None:
        self.counted[name] = self.counted.get(name, 0) + count
        self.tags[name] = tags

    def gauge(self, name: str, value: float, *, tags: dict[str, str]) -> None:
        self.shown.setdefault(name, []).append(value)
        self.tags[name] = tags

    def timing(self, name: str, dt: timedelta, *, tags: dict[str, str]) -> None:
        self.shown.setdefault(name, []).append(dt.total_seconds())
        self.tags[name] = tags

    @property
    def names(self) -> set[str]:
        return {*self.counted, *self.shown}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(metrics, "_is_on", lambda: True)
    monkeypatch.setattr(metrics, "_stats", lambda: backend)
    return backend


def test_a_video_is_counted_with_its_price_its_time_and_its_bytes(
    kie: Sandbox, given_time: GivenTime, backend: Backend, tmp_path: Path
) -> None:
    result = Task(save_to=f"{tmp_path}/").run()

    assert {name: backend.counted[name] for name in ("runway.submissions", "runway.credits")} == {
        "runway.submissions": 1,
        "runway.credits": 12,
    }
    assert backend.tags["runway.credits"] == {
        "conn_id": "runway_default",
        "dag_id": "clips",
        "model": "generate-5s-720p",
    }
    assert (backend.counted["runway.saved_files"], backend.counted["runway.saved_bytes"]) == (1, result["size"])
    [seconds] = backend.shown["runway.ready"]
    assert 0 < seconds < 120
    assert backend.counted["runway.polls"] >= 1
    assert (backend.shown["runway.waits"][0], backend.shown["runway.waits"][-1]) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Refuse(401), "runway.refusals.401"),
        (Refuse(422, "no"), "runway.refusals.422"),
        (CutAfter(), "runway.doubts"),
        (Fail("The AI moderator caught your prompt"), "runway.failures.moderation"),
    ],
)
def test_what_goes_wrong_is_counted_by_what_it_is(
    kie: Sandbox, given_time: GivenTime, backend: Backend, fault: Any, name: str
) -> None:
    kie.fault(fault)
    with pytest.raises(AirflowFailException):
        Task(deferrable=False).run()

    assert backend.counted[name] == 1


def test_a_refusal_of_ones_own_guard_is_counted(
    kie: Sandbox, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"credit_floor": kie.balance}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    with pytest.raises(AirflowFailException):
        Task().run()

    assert backend.counted["runway.refusals.credit_floor"] == 1
    assert "runway.submissions" not in backend.counted


def test_the_queue_shows_its_length_and_its_pause(backend: Backend) -> None:
    async def queue() -> None:
        times = [100.0]
        clock = Clock(
            monotonic=lambda: times[0],
            sleep=lambda _: None,
            asleep=asyncio.sleep,
            call_later=lambda _seconds, callback: asyncio.get_running_loop().call_later(3600, callback),
            time=lambda: times[0],
        )
        admissions = AdmissionQueue(Pace(), clock, "clips")
        admissions.pause(160.0)
        waiting = asyncio.ensure_future(admissions.admit(100.0))
        await asyncio.sleep(0)
        assert backend.shown["runway.queue.length"][-1] == 1
        assert backend.shown["runway.queue.pause"][-1] == 60
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    asyncio.run(queue())

    assert backend.shown["runway.queue.length"][-1] == 0
    assert backend.tags["runway.queue.length"].keys() == {"conn_id", "host"}


def test_a_backend_that_breaks_fails_no_task(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("no such host")

    monkeypatch.setattr(metrics, "_is_on", lambda: True)
    monkeypatch.setattr(metrics, "_stats", fail)

    assert Task().run()["state"] == "success"


def test_nothing_is_sent_and_nothing_is_read_where_no_backend_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("asked for all the same")

    monkeypatch.setattr(metrics, "_stats", fail)
    metrics._is_on.cache_clear()
    metrics.count("submissions")

    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    metrics._is_on.cache_clear()
    assert metrics._is_on()
    metrics._is_on.cache_clear()


def test_a_worker_has_those_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in metrics._SERVICES:
        monkeypatch.delitem(sys.modules, service, raising=False)
    assert callable(metrics._stats().incr)


@pytest.mark.parametrize("service", sorted(metrics._SERVICES))
def test_a_triggerer_and_an_api_server_have_those_of_services(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in metrics._SERVICES:
        monkeypatch.delitem(sys.modules, each, raising=False)
    monkeypatch.setitem(sys.modules, service, ModuleType("of a service"))
    assert callable(metrics._stats().incr)
    assert not metrics._stats().__module__.startswith("airflow.sdk")


@pytest.mark.parametrize("value", ["a b", "a.b", "ü", "", None, 3, "x" * 1000, "a:b|c", "\n"], ids=repr)
def test_whatever_stands_in_a_name_or_a_tag_is_fit_for_it(backend: Backend, value: Any) -> None:
    metrics.count("refusals", by=value or "", conn_id=value)

    [name] = backend.counted
    assert re.fullmatch(r"runway\.refusals\.[A-Za-z0-9_-]{1,100}", name)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", tag) for tag in backend.tags[name].values())


def test_files_that_were_there_already_are_not_counted(backend: Backend) -> None:
    metrics.count_saved([SimpleNamespace(size=7, downloaded=False)], "clips")  # type: ignore[list-item]

    assert backend.names == set()


def told() -> set[str]:
    rows = re.findall(r"^\| `(runway\.[a-z_.]+)", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    return {name.removesuffix(".") for name in rows}


def test_the_page_and_the_dashboard_have_every_figure() -> None:
    source = "".join(file.read_text() for file in Path(metrics.__file__).parents[1].rglob("*.py"))
    calls = re.findall(r'(?:metrics\.|^ +)(?:count|gauge|took)\("([a-z_.]+)"', source, re.MULTILINE)
    sent = {f"runway.{name}" for name in calls}
    dashboard = json.loads((DOCS / "grafana-runway.json").read_text())
    queries = json.dumps(dashboard)

    assert told() == sent
    assert [name for name in sent if f"airflow_{name.replace('.', '_')}" not in queries] == []
