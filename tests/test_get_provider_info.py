from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

from airflow_provider_runway.get_provider_info import get_provider_info
from airflow_provider_runway.kie.task_ids import APIS

PACKAGE = "airflow-provider-runway"
INFO = get_provider_info()
[CONNECTION] = INFO["connection-types"]


def schema(name: str) -> Any:
    return json.loads(files("airflow").joinpath(name).read_text())


def test_the_metadata_is_valid_by_airflows_own_schema() -> None:
    jsonschema.validate(INFO, schema("provider_info.schema.json"))


def test_the_behaviour_of_the_form_is_valid_by_airflows_own_schema() -> None:
    behaviour = {name.replace("-", "_"): value for name, value in CONNECTION["ui-field-behaviour"].items()}

    jsonschema.validate(behaviour, schema("customized_form_field_behaviours.schema.json"))


def test_airflow_finds_the_metadata_by_its_entry_point() -> None:
    [entry] = [
        each for each in entry_points(group="apache_airflow_provider") if each.dist and each.dist.name == PACKAGE
    ]

    assert entry.load()() == INFO
    assert INFO["package-name"] == PACKAGE


@pytest.mark.parametrize("kind", ["hooks", "operators", "sensors", "triggers", "transfers"])
def test_the_modules_it_names_are_there(kind: str) -> None:
    for entry in INFO[kind]:
        for module in entry.get("python-modules", []) or [entry["python-module"]]:
            importlib.import_module(module)


def test_every_public_module_is_named() -> None:
    named = {module for kind in ("hooks", "operators", "sensors", "triggers") for entry in INFO[kind]
             for module in entry["python-modules"]}  # fmt: skip
    transfers = {entry["python-module"] for entry in INFO["transfers"]}

    assert {f"airflow_provider_runway.{kind}.runway" for kind in ("hooks", "operators", "sensors", "triggers")} <= named
    operators = ("compose", "frame", "kie_job", "kie_task", "upload")
    assert {f"airflow_provider_runway.operators.{name}" for name in operators} <= named
    names = ("runway_to_object_storage", "video_to_http")
    assert transfers == {f"airflow_provider_runway.transfers.{name}" for name in names}


def test_the_decorators_it_names_are_there() -> None:
    from airflow.sdk import task

    for entry in INFO["task-decorators"]:
        module, name = entry["class-name"].rsplit(".", 1)
        assert getattr(task, entry["name"]) is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", [*INFO["extra-links"], CONNECTION["hook-class-name"]])
def test_the_classes_it_names_are_there(path: str) -> None:
    module, name = path.rsplit(".", 1)

    assert isinstance(getattr(importlib.import_module(module), name), type)


def test_the_connection_is_that_of_the_hook() -> None:
    from airflow_provider_runway.hooks.runway import RunwayHook

    assert CONNECTION["connection-type"] == RunwayHook.conn_type == "runway"
    assert CONNECTION["hook-name"] == RunwayHook.hook_name


def test_airflow_shows_the_form_with_its_fields() -> None:
    [form] = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "runway"]

    assert form.hook_name == "Runway (KIE.AI)"
    assert form.standard_fields
    shown = form.standard_fields.model_dump(exclude_none=True)
    assert shown["password"]["title"] == "API key"
    assert shown["host"] == {"hidden": False, "title": "Base URL", "placeholder": "https://api.kie.ai"}
    assert shown["login"]["hidden"]
    assert form.extra_fields
    assert form.extra_fields.keys() == CONNECTION["conn-fields"].keys()


def test_the_fields_of_the_form_are_read_by_the_hook() -> None:
    """A field that is shown and means nothing would be a lie."""
    from airflow.sdk import Connection

    from airflow_provider_runway.hooks.settings import read_settings

    numbers = {"timeout": 7, "credit_floor": 9, "submission_limit": 40, "daily_credit_limit": 240}
    urls = {"upload_url": "https://files.example", "callback_base_url": "https://airflow.example/"}
    filled = {"api": "jobs", **numbers, **urls, "records": "s3://bucket/records", "webhook_secret": " whsec "}
    assert CONNECTION["conn-fields"].keys() == filled.keys()
    connection = Connection(conn_id="clips", conn_type="runway", password="k3y-of-mine", extra=json.dumps(filled))

    settings = read_settings("clips", connection)

    assert (settings.timeout, settings.credit_floor, settings.submission_limit) == (7, 9, 40)
    assert settings.daily_credit_limit == 240
    assert (settings.address.api, settings.records) == ("jobs", "s3://bucket/records")
    assert tuple(CONNECTION["conn-fields"]["api"]["schema"]["enum"]) == APIS
    assert settings.require_upload_address().base_url == "https://files.example"
    assert (settings.callback_base_url, settings.webhook_secret) == ("https://airflow.example", "whsec")
    assert "whsec" not in repr(settings)
    for field in CONNECTION["conn-fields"].values():
        jsonschema.Draft202012Validator.check_schema(field["schema"])
        assert field["label"]


def test_the_configuration_has_what_airflow_wants_of_an_option() -> None:
    for section in INFO["config"].values():
        for option in section["options"].values():
            assert {"description", "version_added", "type", "example", "default"} <= option.keys()


# The one thing that Airflow's commands say and that cannot be asked in this process: what they print.
COMMANDS = """
from airflow.__main__ import main
import sys
for command in ("list", "hooks", "triggers", "links"):
    print("##", command)
    sys.argv = ["airflow", "providers", command, "--output", "plain"]
    main()
"""


@pytest.mark.airflow
def test_airflows_commands_show_the_provider() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], env=os.environ, capture_output=True, text=True, check=False, timeout=600
    )

    assert done.returncode == 0, done.stderr
    shown = {part.split("\n", 1)[0].strip(): part for part in done.stdout.split("## ")}
    assert PACKAGE in shown["list"]
    assert "airflow_provider_runway.hooks.runway.RunwayHook" in shown["hooks"]
    assert "airflow_provider_runway.triggers.runway" in shown["triggers"]
    assert "airflow_provider_runway.links.runway.RunwayVideoLink" in shown["links"]
    assert "airflow_provider_runway.links.runway.KieLogsLink" in shown["links"]
