"""Who is compared: how each one's triggers are made and which connection they use."""

from __future__ import annotations

import importlib.metadata
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# Long enough that no wait ends while it is measured.
_A_DAY = 86_400.0
_KEY = "benchmark-key-0123456789"

Serialized = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of waiting.

    :param name: Its name on the command line and in results.
    :param package: What has to be installed.
    :param make: Makes the serialized form of a wait out of its number, the poll interval and the base URL.
    :param connections: The environment variables that hold its connection, out of the base URL.
    """

    name: str
    package: str
    make: Callable[[int, float, str], Serialized]
    connections: Callable[[str], Mapping[str, str]]

    @property
    def installed(self) -> bool:
        """Whether it is there."""
        try:
            importlib.metadata.distribution(self.package)
        except importlib.metadata.PackageNotFoundError:
            return False
        return True


def task_id(number: int) -> str:
    """A KIE task's id."""
    return f"{number:08x}-debb-48d1-98c4-a6d1c717eba5"


def _bare(number: int, interval: float, base_url: str) -> Serialized:
    from devtools.bench.bare import BareWait

    url = f"{base_url}/api/v1/runway/record-detail?taskId={task_id(number)}"
    return BareWait(url=url, key=_KEY, poll_interval=interval).serialize()


def _ours(number: int, interval: float, _: str) -> Serialized:
    from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

    return RunwayVideoTrigger(
        "runway_bench", task_id(number), poll_interval=interval, deadline=time.time() + _A_DAY
    ).serialize()


def _http_sensor(number: int, interval: float, _: str) -> Serialized:
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    trigger = HttpSensorTrigger(endpoint=f"sensor/{number}", http_conn_id="http_bench", poke_interval=interval)
    return trigger.serialize()


def _dbt_cloud(number: int, interval: float, _: str) -> Serialized:
    from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

    serialized: Serialized = DbtCloudRunJobTrigger(
        conn_id="dbt_bench", run_id=number, end_time=time.time() + _A_DAY, poll_interval=interval, account_id=7
    ).serialize()
    return serialized


def _databricks(number: int, interval: float, _: str) -> Serialized:
    from airflow.providers.databricks.triggers.databricks import DatabricksExecutionTrigger

    serialized: Serialized = DatabricksExecutionTrigger(
        run_id=number, databricks_conn_id="databricks_bench", polling_period_seconds=interval
    ).serialize()
    return serialized


def _connection(conn_id: str, conn_type: str, **fields: Any) -> Mapping[str, str]:
    return {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps({"conn_type": conn_type, **fields})}


BARE = Contender("bare", "aiohttp", _bare, lambda _: {})
OURS = Contender(
    "runway",
    "apache-airflow",
    _ours,
    lambda url: _connection("runway_bench", "runway", host=url, password=_KEY),
)
HTTP_SENSOR = Contender(
    "http_sensor",
    "apache-airflow-providers-http",
    _http_sensor,
    lambda url: _connection("http_bench", "http", host=url),
)
DBT_CLOUD = Contender(
    "dbt_cloud",
    "apache-airflow-providers-dbt-cloud",
    _dbt_cloud,
    lambda url: _connection("dbt_bench", "dbt_cloud", host=urlsplit(url).netloc, login="7", password=_KEY),
)
DATABRICKS = Contender(
    "databricks",
    "apache-airflow-providers-databricks",
    _databricks,
    lambda url: _connection(
        "databricks_bench", "databricks", host=urlsplit(url).hostname, port=urlsplit(url).port, password=_KEY
    ),
)
CONTENDERS: Mapping[str, Contender] = {each.name: each for each in (BARE, OURS, DATABRICKS, DBT_CLOUD, HTTP_SENSOR)}
LABELS: Mapping[str, str] = {
    "bare": "bare aiohttp session",
    "runway": "RunwayVideoTrigger",
    "databricks": "DatabricksExecutionTrigger",
    "dbt_cloud": "DbtCloudRunJobTrigger",
    "http_sensor": "HttpSensorTrigger",
}
