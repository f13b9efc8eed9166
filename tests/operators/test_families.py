"""The operators at both of KIE's APIs: the same results, and ids that say where they are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime, fake_context

from airflow_provider_runway.kie.task_ids import APIS, Api, parse_task_id
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import CutAfter, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

from .support import FOX, Deferred, Task, is_waiting

Operator = Callable[..., RunwayVideoOperator]
SNOW: dict[str, Any] = {"task_id": "snow", "prompt": "Make it snow", "video_url": "https://a.example/fox.mp4"}


GENERATE = partial(RunwayGenerateOperator, **FOX)
ALEPH = partial(RunwayAlephOperator, **SNOW)
BOTH = pytest.mark.parametrize("operator", [GENERATE, ALEPH], ids=["generate", "aleph"])


class Connection:
    """The default connection, to either API."""

    def __init__(self, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self._given = json.loads(kie.connection_json())
        self._monkeypatch = monkeypatch

    def use(self, api: Api) -> None:
        value = {**self._given, "extra": {"api": api}}
        self._monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(value))


@pytest.fixture
def connection(kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch) -> Connection:
    return Connection(kie, monkeypatch)


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest, connection: Connection) -> Api:
    connection.use(request.param)
    chosen: Api = request.param
    return chosen


def task_of(operator: Operator, **parameters: Any) -> Task:
    return Task(lambda: operator(**parameters))


@pytest.mark.parametrize("deferrable", [True, False])
@BOTH
def test_a_video_is_made_stored_and_told_of(
    kie: Sandbox, api: Api, tmp_path: Path, operator: Operator, deferrable: bool
) -> None:
    kind, price = ("aleph", 110) if operator is ALEPH else ("runway", 12)
    task = task_of(operator, deferrable=deferrable, save_to=f"{tmp_path}/")

    result = task.run()

    [made] = kie.tasks
    assert made.api == ("jobs" if api == "jobs" else kind)
    assert result["task_id"] == (f"jobs:{made.task_id}" if api == "jobs" else made.task_id)
    assert (result["kind"], result["state"], result["credits_estimate"]) == (kind, "success", price)
    assert result["video_url"] == made.media_urls[0]
    assert result["saved_to"] == f"file://{tmp_path}/{made.task_id}.mp4"
    assert set(result) == set(VideoResult.__annotations__)
    assert task.store.record
    assert task.store.record["task_id"] == task.pushed["task_id"] == result["task_id"]
    assert kie.ledger.charged == price


def test_a_chain_stays_with_its_api(kie: Sandbox, api: Api) -> None:
    first = task_of(GENERATE).run()["task_id"]

    result = task_of(RunwayExtendOperator, task_id="more", runway_task_id=first, prompt="It looks up").run()

    assert result["parent_task_id"] == first
    assert kie.tasks[-1].parent_id == parse_task_id(first).bare
    assert {each.api for each in kie.tasks} == {api}


def test_a_chain_across_the_apis_is_refused_before_anything_is_sent(kie: Sandbox, connection: Connection) -> None:
    connection.use("jobs")
    first = task_of(GENERATE).run()["task_id"]
    connection.use("runway")

    with pytest.raises(AirflowFailException, match="a task of the API 'jobs', and this connection submits with 'runw"):
        task_of(RunwayExtendOperator, task_id="more", runway_task_id=first, prompt="It looks up").run()

    assert len(kie.ledger.submissions) == 1


@BOTH
@pytest.mark.parametrize("then", APIS)
def test_a_retry_finds_its_video_whichever_api_the_connection_names_by_then(
    kie: Sandbox, api: Api, connection: Connection, operator: Operator, then: Api
) -> None:
    task = task_of(operator)
    waiting = task.start()
    assert isinstance(waiting, Deferred)
    connection.use(then)

    result = task.run()

    assert result["task_id"] == waiting.trigger_arguments["runway_task_id"]
    assert len(kie.ledger.charges) == 1


def test_the_trigger_is_told_the_id_with_its_api_and_fires_with_it(kie: Sandbox, connection: Connection) -> None:
    connection.use("jobs")
    waiting = task_of(ALEPH).start()

    assert is_waiting(waiting)
    task_id = f"jobs:{kie.tasks[0].task_id}"
    assert (waiting.trigger_arguments["runway_task_id"], waiting.trigger_arguments["kind"]) == (task_id, "aleph")
    connection.use("runway")
    assert waiting.wait() == {"task_id": task_id, "state": "success"}


def test_a_doubtful_submission_is_not_sent_to_the_other_api(kie: Sandbox, api: Api) -> None:
    kie.fault(CutAfter(), on="submit")
    task = task_of(ALEPH)

    with pytest.raises(AirflowFailException, match="kind aleph"):
        task.run()
    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()

    assert len(kie.ledger.submissions) == 1


@BOTH
def test_sensor_and_transfer_find_what_either_api_made(
    kie: Sandbox, api: Api, connection: Connection, tmp_path: Path, operator: Operator
) -> None:
    kie.configure(seconds=0)
    made = task_of(operator).run()
    for then in APIS:
        connection.use(then)
        wanted: dict[str, Any] = {"runway_task_id": made["task_id"], "kind": made["kind"]}

        seen = RunwayVideoSensor(task_id="seen", **wanted).execute(fake_context())
        stored = RunwayToObjectStorageOperator(task_id="store", save_to=f"{tmp_path}/{then}/", **wanted).execute(
            fake_context()
        )

        assert seen["task_id"] == stored["task_id"] == made["task_id"]
        assert seen["video_url"] == made["video_url"]
        assert [file.stem for file in (tmp_path / then).iterdir()] == [parse_task_id(made["task_id"]).bare]


def test_a_bare_id_of_the_unified_api_is_told_by_its_whole_name_once_it_is_found(
    kie: Sandbox, connection: Connection
) -> None:
    kie.configure(seconds=0)
    connection.use("jobs")
    made = task_of(GENERATE).run()["task_id"]

    seen = RunwayVideoSensor(task_id="seen", runway_task_id=parse_task_id(made).bare).execute(fake_context())

    assert seen["task_id"] == made
