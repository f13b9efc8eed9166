"""The table of what there is on which Airflow, held against the one at hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_context
from versions import AIRFLOW

from airflow_provider_runway.exceptions import MaintenanceError
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.plugin import callbacks
from airflow_provider_runway.plugin.definition import RunwayPlugin
from airflow_provider_runway.triggers.deferral import shortest_deferral
from airflow_provider_runway.utils import metrics, retry_defaults
from airflow_provider_runway.utils.announcements import RUNWAY_KEY

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"
COLUMN = f"{AIRFLOW[0]}.{AIRFLOW[1]}"


def rows() -> dict[str, str]:
    """What the page says of each thing on this Airflow."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    column = lines[0].index(COLUMN)
    return {cells[0]: cells[column] for cells in lines[1:]}


def has(module: str, name: str) -> bool:
    """Whether there is such a thing, wherever it may be."""
    try:
        return hasattr(import_module(module), name)
    except ModuleNotFoundError:
        return False


def has_store() -> bool:
    return has("airflow.sdk.execution_time.context", "TaskStateStoreAccessor")


def reschedules() -> bool:
    if not has("airflow.sdk", "RetryPolicy"):
        return False
    from airflow_provider_runway.retry_policy import RunwayRetryPolicy

    return RunwayRetryPolicy().evaluate(MaintenanceError("closed"), 1, 2).action.value == "reschedule"


def has_form() -> bool:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    [form] = [each for each in HookMetaService.hook_meta_data() if each.connection_type == "runway"]
    return bool(form.extra_fields and form.standard_fields)


def has_commands() -> bool:
    from airflow.cli.cli_parser import ALL_COMMANDS_DICT

    return "runway" in ALL_COMMANDS_DICT


def has_page() -> bool:
    from airflow.plugins_manager import AirflowPlugin

    views: Any = RunwayPlugin
    return bool(views.external_views) and hasattr(AirflowPlugin, "external_views")


def has_time_to_answer() -> bool:
    from airflow.providers.standard.operators.hitl import HITLOperator

    return "response_timeout" in inspect.signature(HITLOperator.__init__).parameters


def keeps_no_record() -> bool:
    from airflow_provider_runway.operators.task_state import TaskState

    return not TaskState(fake_context()).outlives_try and not has_store()


# By the words that a row begins with.
PROBES: dict[str, Callable[[], bool]] = {
    "operators, sensor": lambda: has("airflow_provider_runway.decorators.runway", "runway_task"),
    "the connection's form": has_form,
    "a retry finds its submission in a [records folder]": lambda: has(
        "airflow_provider_runway.storage.records", "RecordsFolder"
    ),
    "a retry finds its submission in Airflow's own": has_store,
    "without a folder": keeps_no_record,
    "two retries": lambda: retry_defaults.RETRIES == 2,
    "[`RunwayRetryPolicy`]": lambda: has("airflow.sdk", "RetryPolicy"),
    "maintenance, capacity": reschedules,
    "waits in the triggerer": lambda: shortest_deferral() == 30,
    "`airflow runway`": has_commands,
    "`python -m": lambda: has("airflow_provider_runway.cli.__main__", "main"),
    "`render_template_as_native_obj`": lambda: (
        "render_template_as_native_obj" in inspect.signature(super_of(RunwayGenerateOperator).__init__).parameters
    ),
    "how long [a person]": has_time_to_answer,
    "`async def`": lambda: has("airflow.sdk.bases.operator", "BaseAsyncOperator"),
    "the page of videos": has_page,
    "what is being made": lambda: bool(RUNWAY_KEY),
    "the tab *Video*": lambda: any("applies_to" in view for view in RunwayPlugin().external_views),
    "[callbacks]": lambda: callbacks._load_delivery() is not None,
    "a [budget]": lambda: has("airflow_provider_runway.hooks.budget", "daily_credit_limit"),
    "the [report]": lambda: has("airflow_provider_runway.report.runway", "get_report"),
    "[films]": lambda: all(
        has(f"airflow_provider_runway.{module}", name)
        for module, name in (
            ("operators.compose", "VideoComposeOperator"),
            ("operators.kie_task", "KieTaskOperator"),
            ("transfers.video_to_http", "VideoToHttpOperator"),
        )
    ),
    "`on_clear=": lambda: not keeps_no_record(),
    "[metrics]": lambda: callable(metrics._stats().timing),
    "timers over": lambda: has("airflow._shared.observability.metrics.otel_logger", "InternalHistogram"),
    "[loops]": lambda: has("airflow.models.dynamic_region", "DynamicRegion") and has("airflow.sdk", "LoopDecision"),
}


def super_of(operator: type) -> Any:
    """Airflow's own class behind an operator."""
    return next(each for each in operator.__mro__ if each.__name__ == "BaseOperator")


@pytest.mark.parametrize("row", rows())
def test_each_row_says_what_this_airflow_has(row: str) -> None:
    [probe] = [probe for words, probe in PROBES.items() if row.startswith(words)]

    assert rows()[row] == ("yes" if probe() else "no")


def test_each_probe_has_its_row() -> None:
    assert [words for words in PROBES if not any(row.startswith(words) for row in rows())] == []


def test_the_versions_that_are_named_are_those_that_are_tried() -> None:
    from devtools.versions import VERSIONS

    first = PAGE.read_text().split("|")[0]

    assert re.findall(r"\d\.\d\.\d\w*", first) == [version.airflow for version in VERSIONS]
    for version in VERSIONS:
        assert f"apache-airflow=={version.airflow}\n" in version.constraints.read_text()
