"""What a process of Airflow's sends to StatsD and to OpenTelemetry, as they receive it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from versions import since

pytestmark = since(3, 3, "a process sets its metrics up by itself")

# Each is set up as Airflow does in such a process.
WORKER = "airflow.sdk.observability"
SERVICE = "airflow.observability"
SENDS = """
import sys
from types import ModuleType
from importlib import import_module

place = sys.argv[1]
stats, utils = import_module(place + ".stats"), import_module(place + ".metrics.stats_utils")
stats.initialize(factory=utils.get_stats_factory(), export_legacy_names=True)

from airflow_provider_runway.utils import metrics

if place == "airflow.observability":
    sys.modules[min(metrics._SERVICES)] = ModuleType("of a service")
metrics.count("refusals", by=422, conn_id="a.b")
metrics.count("credits", 11.6, conn_id="a.b", model="generate-5s-720p", dag_id=None)
metrics.gauge("waits", 3, conn_id="a.b")
metrics.took("ready", 61.5, conn_id="a.b")
"""


def send(place: str, **options: object) -> None:
    """Have a process of its own send four figures."""
    env = {**os.environ, **{f"AIRFLOW__METRICS__{name.upper()}": str(value) for name, value in options.items()}}
    done = subprocess.run(
        [sys.executable, "-c", SENDS, place], env=env, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def statsd() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        yield server


def received(statsd: socket.socket) -> set[str]:
    """What lies there when the process has ended, but for Airflow's own."""
    figures = set()
    with suppress(BlockingIOError):
        while True:
            figures.add(statsd.recv(65536).decode())
    return {figure for figure in figures if figure.startswith("airflow.runway.")}


@pytest.mark.parametrize("place", [WORKER, SERVICE])
def test_statsd_receives_each_kind_under_the_names_of_the_page(statsd: socket.socket, place: str) -> None:
    send(place, statsd_on=True, statsd_host="127.0.0.1", statsd_port=statsd.getsockname()[1])

    assert received(statsd) == {
        "airflow.runway.refusals.422:1|c",
        "airflow.runway.credits:12|c",
        "airflow.runway.waits:3|g",
        "airflow.runway.ready:61500.000000|ms",
    }


def test_statsd_receives_the_tags_where_it_is_told_how(statsd: socket.socket) -> None:
    port = statsd.getsockname()[1]
    send(WORKER, statsd_on=True, statsd_host="127.0.0.1", statsd_port=port, statsd_influxdb_enabled=True)

    assert received(statsd) == {
        "airflow.runway.refusals.422,conn_id=a_b:1|c",
        "airflow.runway.credits,conn_id=a_b,model=generate-5s-720p:12|c",
        f"airflow.runway.waits,conn_id=a_b,host={socket.gethostname()}:3|g",
        "airflow.runway.ready,conn_id=a_b:61500.000000|ms",
    }


@contextmanager
def collector() -> Iterator[tuple[int, list[Any]]]:
    """An OpenTelemetry collector's port, and the metrics that it has received."""
    metrics: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            export = ExportMetricsServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            scopes = [scope for resource in export.resource_metrics for scope in resource.scope_metrics]
            metrics.extend(metric for scope in scopes for metric in scope.metrics)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_opentelemetry_receives_each_kind_with_its_tags_and_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    with collector() as (port, metrics):
        send(WORKER, otel_on=True, otel_host="127.0.0.1", otel_port=port)

    found = {metric.name: metric for metric in metrics if metric.name.startswith("airflow.runway.")}
    assert {name: (metric.WhichOneof("data"), metric.unit) for name, metric in found.items()} == {
        "airflow.runway.refusals.422": ("sum", ""),
        "airflow.runway.credits": ("sum", ""),
        "airflow.runway.waits": ("gauge", ""),
        "airflow.runway.ready": ("exponential_histogram", "ms"),
    }
    spent, ready = found["airflow.runway.credits"].sum, found["airflow.runway.ready"].exponential_histogram
    [point] = spent.data_points
    assert (point.as_int, spent.is_monotonic) == (12, True)
    assert {tag.key: tag.value.string_value for tag in point.attributes} == {
        "conn_id": "a_b",
        "model": "generate-5s-720p",
    }
    assert ready.data_points[0].sum == 61500
    # As the page says that it has to be set: each task is a process of its own, with counters that begin at zero.
    assert (spent.aggregation_temporality, ready.aggregation_temporality) == (1, 1)
