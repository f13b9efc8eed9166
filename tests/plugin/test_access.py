"""Who sees what."""

from __future__ import annotations

import pytest

from .conftest import Login
from .database import Database

ENDPOINTS = ["", "static/app.js", "api/videos"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_who_is_not_logged_in_gets_nothing(login: Login, path: str) -> None:
    assert login(None).get(path).status_code == 401


@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path.startswith("api")])
def test_a_login_without_rights_gets_nothing(database: Database, login: Login, path: str) -> None:
    database.video()

    assert login("nobody").get(path).status_code == 403
