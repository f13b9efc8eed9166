"""The examples, read as Airflow reads them, and a database to run them on."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG, BaseOperator
from dag_bag import DagBag, read_dags
from fakes import GivenTime
from poster import Poster
from versions import AIRFLOW

from airflow_provider_runway.sandbox import Sandbox
from devtools.stack.airflow_home import prepare_database

from .support import EXAMPLES, Cms, RunDag


@pytest.fixture(scope="session")
def database() -> None:
    """The database of this process's Airflow home, if no other test has made it yet."""
    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)


@pytest.fixture
def examples() -> Path:
    """Where the examples are."""
    return EXAMPLES


@pytest.fixture
def dags_folder(examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's DAGs are the examples."""
    bundle = {
        "name": "examples",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(examples)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    if AIRFLOW >= (3, 4):
        # There a process reads that once, which another test may have had it do.
        manager: Any = import_module("airflow.dag_processing.bundles.manager")
        reads = manager._load_bundle_config_snapshot.__wrapped__
        monkeypatch.setattr(manager, "_load_bundle_config_snapshot", reads)


@pytest.fixture
def bag(database: None, dags_folder: None, examples: Path) -> DagBag:
    return _read(examples)


@cache
def _read(examples: Path) -> DagBag:
    return read_dags(examples, "examples")


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the examples store their videos in."""
    monkeypatch.setenv("AIRFLOW_VAR_RUNWAY_VIDEOS", f"file://{tmp_path}")
    return tmp_path


@pytest.fixture
def cms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cms]:
    """The system behind the connection ``cms``."""
    with Cms() as cms:
        monkeypatch.setenv("AIRFLOW_CONN_CMS", cms.connection_json)
        yield cms


@pytest.fixture
def poster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Poster]:
    """The service behind the connection ``poster``."""
    with Poster() as poster:
        monkeypatch.setenv(
            "AIRFLOW_CONN_POSTER", poster.connection_json(extra={"Authorization": "Bearer of-the-poster"})
        )
        yield poster


@pytest.fixture
def run(bag: DagBag, kie: Sandbox, given_time: GivenTime, videos: Path) -> RunDag:
    """Run an example from its first task to its last, triggers included."""

    def run(dag_id: str, **conf: object) -> DagRun:
        dag = bag.dags[dag_id]
        assert isinstance(dag, DAG)
        for task in dag.tasks:
            if isinstance(task, BaseOperator):
                task.retries = 0  # `dag.test()` would wait for them: a try that fails is seen at once
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of Airflow's own parts
            warnings.filterwarnings("error", module="airflow_provider_runway")
            dag_run: DagRun = dag.test(run_conf=conf)
        return dag_run

    return run
