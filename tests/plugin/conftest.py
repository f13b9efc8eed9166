"""The plugin's app on a real Airflow database, with logins of Airflow's own auth manager."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.configuration import conf
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import listing, totals
from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.plugin.definition import URL_PREFIX, RunwayPlugin
from devtools.stack.airflow_home import prepare_database

from .callers import KEY, NAME, SECRET, Caller
from .database import Database
from .deferred import Waiting, forget_triggers

Login = Callable[[str | None], TestClient]


@pytest.fixture(scope="session")
def database_file() -> None:
    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)


@pytest.fixture
def database(database_file: None) -> Iterator[Database]:
    """An empty database."""
    database = Database()
    database.clear()
    yield database
    database.clear()


@pytest.fixture
def login(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    """Clients at the place where Airflow mounts the app, by role; ``"nobody"`` has none, ``None`` is not logged in."""
    monkeypatch.setattr(listing, "_operators", Cache(0.0))
    monkeypatch.setattr(totals, "_kept", Cache(0.0))
    conf.set("core", "simple_auth_manager_all_admins", "False")
    conf.set("api_auth", "jwt_secret", "a secret of tests, long enough for signing tokens with it: 0123456789abcdef")
    manager = create_auth_manager()
    server = FastAPI()
    for mounted in RunwayPlugin().fastapi_apps:
        server.mount(mounted["url_prefix"], mounted["app"])

    def log_in(role: str | None) -> TestClient:
        client = TestClient(server, base_url=f"http://testserver{URL_PREFIX}/", raise_server_exceptions=True)
        if role is not None:
            user = SimpleAuthManagerUser(username=role, role=None if role == "nobody" else role)
            client.cookies.set("_token", manager.generate_jwt(user))
        return client

    yield log_in
    conf.remove_option("api_auth", "jwt_secret")
    conf.remove_option("core", "simple_auth_manager_all_admins")


@pytest.fixture
def viewer(login: Login) -> TestClient:
    return login("viewer")


@pytest.fixture
def caller(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    forget_triggers()
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    monkeypatch.setenv(NAME, json.dumps({"conn_type": "runway", "password": KEY}))
    server = FastAPI()
    for mounted in RunwayPlugin().fastapi_apps:
        server.mount(mounted["url_prefix"], mounted["app"])
    yield Caller(TestClient(server, raise_server_exceptions=True))
    forget_triggers()


@pytest.fixture
def secret(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account has a webhook key."""
    connection = {"conn_type": "runway", "password": KEY, "extra": {"webhook_secret": SECRET}}
    monkeypatch.setenv(NAME, json.dumps(connection))


@pytest.fixture
def waiting(database: Database, caller: Caller) -> Waiting:
    return Waiting(database).defer()


@pytest.fixture
def statements(caller: Caller) -> Iterator[list[str]]:
    told: list[str] = []

    def tell(*args: Any) -> None:
        told.append(args[2])

    event.listen(Engine, "before_cursor_execute", tell)
    yield told
    event.remove(Engine, "before_cursor_execute", tell)


@contextmanager
def option(name: str, value: str) -> Iterator[None]:
    """An option of ``[runway]`` within a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"AIRFLOW__RUNWAY__{name.upper()}", value)
        yield
