"""The files of the page."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from airflow_provider_runway import exceptions
from airflow_provider_runway.kie.failures import FailureReason
from airflow_provider_runway.utils.announcements import reason_of

# Of tasks that publish, which the page does not show.
NOT_SHOWN = {"publication", "publication_answer", "publication_in_doubt"}


@pytest.mark.parametrize(
    "name", ["none.js", "__init__.py", ".hidden.js", "..%2Fapp.py", "..%2f..%2fresults.py", "%2e%2e/app.py", "app.py"]
)
def test_other_files_are_not_served(viewer: TestClient, name: str) -> None:
    assert viewer.get(f"static/{name}").status_code == 404


@pytest.mark.parametrize("name", [f"{'x' * 300}.js", "app.js" * 2000, "a%00.js", ".js"])
def test_names_that_no_file_can_have_are_not_served_either(viewer: TestClient, name: str) -> None:
    assert viewer.get(f"static/{name}").status_code == 404


def test_each_reason_of_a_failure_has_its_headline(viewer: TestClient) -> None:
    block = viewer.get("static/format.js").text.partition("const REASONS = {")[2].partition("};")[0]
    titled = set(re.findall(r"^  (\w+):", block, re.MULTILINE))

    errors = {getattr(exceptions, name) for name in exceptions.__all__}
    errors -= {exceptions.RunwayError, exceptions.GenerationFailedError}
    named = {reason_of(each.__new__(each)) for each in errors}
    assert len(named) == len(errors)
    assert {*named, *FailureReason, "unexpected"} - NOT_SHOWN <= titled
