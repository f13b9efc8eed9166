"""What Airflow makes of the plugin."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest
from airflow.configuration import conf

from airflow_provider_runway.plugin import definition
from airflow_provider_runway.plugin.definition import RunwayPlugin
from airflow_provider_runway.plugin.operator_names import OPERATORS


@pytest.fixture
def views() -> dict[str, dict[str, Any]]:
    return {view["destination"]: view for view in RunwayPlugin().external_views}


def test_airflow_finds_it() -> None:
    [point] = entry_points(group="airflow.plugins", name="runway")

    assert point.load() is RunwayPlugin


def test_there_is_a_page_and_two_tabs_of_different_routes(views: dict[str, dict[str, Any]]) -> None:
    assert set(views) == {"nav", "task_instance", "dag_run"}
    assert views["nav"]["href"] == "/runway/"
    assert len({view["url_route"] for view in views.values()}) == 3


def test_the_page_is_found_below_the_path_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://jobs.example/airflow/")

    assert conf.get("api", "base_url") == "https://jobs.example/airflow/"
    assert {view["href"].partition("?")[0] for view in RunwayPlugin().external_views} == {"/airflow/runway/"}


@pytest.mark.parametrize(("version", "limited"), [((3, 1), False), ((3, 3), False), ((3, 4), True)])
def test_from_3_4_on_the_tab_is_on_our_tasks_alone(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], limited: bool
) -> None:
    monkeypatch.setattr(definition, "airflow_version", lambda: version)

    tabs = [view for view in RunwayPlugin().external_views if view["destination"] == "task_instance"]

    assert [view.get("applies_to") for view in tabs] == [{"operator_name": list(OPERATORS)} if limited else None]


def test_each_of_our_operators_is_known_by_name() -> None:
    from airflow_provider_runway.decorators.runway import RunwayDecoratedOperator
    from airflow_provider_runway.operators.kie_job import KieJobOperator
    from airflow_provider_runway.operators.runway import (
        RunwayAlephOperator,
        RunwayExtendOperator,
        RunwayGenerateOperator,
    )
    from airflow_provider_runway.sensors.runway import RunwayVideoSensor
    from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

    ours = (RunwayDecoratedOperator, KieJobOperator, RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator)
    assert {each.__name__ for each in (*ours, RunwayVideoSensor, RunwayToObjectStorageOperator)} <= set(OPERATORS)
