"""One real Airflow for all tests here, and three accounts at KIE.AI: plain, with a budget, and called back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from versions import AIRFLOW

from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import can_run, postgres_or_sqlite

from .support import CREDITS_ALLOWED, HOUR, KEY, SECRET

DAGS = Path(__file__).parent / "dags"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A video takes a second, unless a test says otherwise."""
    with Sandbox(SandboxSettings(seconds=1, video_scale=0.1, keys=(KEY,))) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def limited() -> Iterator[Sandbox]:
    """KIE.AI for the account with a budget."""
    with Sandbox(SandboxSettings(seconds=1, video_scale=0.1, submissions_per_window=1000)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def calling() -> Iterator[Sandbox]:
    """KIE.AI for the account whose tasks it calls for; a video takes an hour."""
    settings = SandboxSettings(seconds=HOUR, video_scale=0.1, keys=(KEY,), webhook_key=SECRET, callback_retry=5)
    with Sandbox(settings) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records folder of the account with a budget."""
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="session")
def airflow(
    sandbox: Sandbox, limited: Sandbox, calling: Sandbox, records: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStack]:
    """With two API servers behind one address; of the pool ``one`` there is one slot."""
    home = tmp_path_factory.mktemp("home")
    connection = json.loads(sandbox.connection_json())
    budget = {"daily_credit_limit": CREDITS_ALLOWED, "records": str(records), "submission_limit": 1000}
    env = {
        "AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps({**connection, "password": KEY}),
        "AIRFLOW_CONN_RUNWAY_WRONG": json.dumps({**connection, "password": "a-key-that-is-wrong"}),
        "AIRFLOW_CONN_RUNWAY_LIMITED": json.dumps({**json.loads(limited.connection_json()), "extra": budget}),
        "AIRFLOW__RUNWAY__CALLBACK_BASE_URL": "",  # KIE.AI calls for one connection alone
        "MARK_OF_DEATH": str(home / "died"),
        "MARK_OF_COMPLAINT": str(home / "complains"),
    }
    if AIRFLOW < (3, 3):  # no task state store
        (home / "records").mkdir()
        env["AIRFLOW__RUNWAY__RECORDS"] = str(home / "records")
    with (
        postgres_or_sqlite(home / "postgres") as database,
        AirflowStack(
            home=home,
            dags=DAGS,
            env=env,
            database=database,
            parallelism=4,
            api_servers=2 if can_run() else 1,
            callbacks=True,
            timeout=300,
        ) as airflow,
    ):
        assert airflow.balancer is not None
        called = json.loads(calling.connection_json())
        extra = {**called["extra"], "webhook_secret": SECRET, "callback_base_url": airflow.balancer.url}
        called |= {"connection_id": "runway_called", "password": KEY, "extra": json.dumps(extra)}
        airflow.rest.post("/api/v2/connections", called)
        airflow.rest.post("/api/v2/pools", {"name": "one", "slots": 1})
        for dag_id in (
            *("chain", "batch", "crowd", "something_else", "dies", "one", "wrong_key", "complaining", "night"),
            *("called", "many"),
        ):
            airflow.rest.unpause(dag_id)
        yield airflow
