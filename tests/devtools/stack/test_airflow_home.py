from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from devtools.stack.airflow_home import environment, free_port, services


def test_no_airflow_setting_of_the_person_who_starts_it_gets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", "a real account")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    monkeypatch.setenv("LANG", "C.UTF-8")

    env = environment(tmp_path, tmp_path / "dags", 4711, 4, all_admins=True)

    assert env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not {"AIRFLOW_CONN_RUNWAY_DEFAULT", "_AIRFLOW_PROCESS_CONTEXT"} & env.keys()
    assert env["LANG"] == "C.UTF-8"


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com")

    env = environment(tmp_path, tmp_path, 4711, 4, all_admins=True)

    assert env["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_secrets_are_made_once_for_a_home_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = environment(tmp_path, tmp_path, 4711, 4, all_admins=True)
    second = environment(tmp_path, tmp_path, 4712, 4, all_admins=True)
    (tmp_path / "other").mkdir()
    other = environment(tmp_path / "other", tmp_path, 4711, 4, all_admins=True)

    name = "AIRFLOW__API_AUTH__JWT_SECRET"
    assert first[name] == second[name] != other[name]
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()


def test_a_broker_brings_the_celery_executor_and_a_database_takes_the_place_of_sqlite() -> None:
    assert services(None, None) == {}
    assert services("postgresql+psycopg2://somewhere", None) == {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://somewhere"
    }
    assert services(None, "redis://somewhere") == {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": "redis://somewhere",
    }
