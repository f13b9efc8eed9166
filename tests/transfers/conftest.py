from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from fakes import GivenTime
from poster import Poster

from airflow_provider_runway.hooks.runway import RunwayHook

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the oldest one that is allowed uses names that Airflow 3.1 calls otherwise
    import_module("airflow.providers.http.hooks.http")

# Found by the sensible, and by nobody else.
SECRETS = {"login": "editor", "password": "password-of-the-poster", "extra": {"X-Api-Key": "key-of-the-poster"}}


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> GivenTime:
    """Every pause passes at once."""
    time = GivenTime()
    monkeypatch.setattr(RunwayHook, "clock", time.clock)
    return time


@pytest.fixture
def poster(monkeypatch: pytest.MonkeyPatch, time_passes: GivenTime) -> Iterator[Poster]:
    """The service behind the connection ``poster``."""
    with Poster() as poster:
        monkeypatch.setenv("AIRFLOW_CONN_POSTER", poster.connection_json(**SECRETS))
        yield poster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The records folder."""
    folder = tmp_path / "records"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(folder))
    return folder


@pytest.fixture(params=["store", "folder"])
def recorded(request: pytest.FixtureRequest) -> str:
    """Where the record is kept."""
    if request.param == "folder":
        request.getfixturevalue("folder")
    backend: str = request.param
    return backend
