"""The files of the page."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    "name", ["none.js", "__init__.py", ".hidden.js", "..%2Fapp.py", "..%2f..%2fresults.py", "%2e%2e/app.py", "app.py"]
)
def test_other_files_are_not_served(viewer: TestClient, name: str) -> None:
    assert viewer.get(f"static/{name}").status_code == 404


@pytest.mark.parametrize("name", [f"{'x' * 300}.js", "app.js" * 2000, "a%00.js", ".js"])
def test_names_that_no_file_can_have_are_not_served_either(viewer: TestClient, name: str) -> None:
    assert viewer.get(f"static/{name}").status_code == 404
