"""Who sees what."""

from __future__ import annotations

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from .conftest import Login, option
from .database import Database

ENDPOINTS = ["", "static/app.js", "api/videos", "api/totals", "api/balances", "media/clips/manual__1/video/-1/0"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_who_is_not_logged_in_gets_nothing(login: Login, path: str) -> None:
    assert login(None).get(path).status_code == 401


@pytest.mark.parametrize("path", ["api/videos", "api/totals", "media/clips/manual__1/video/-1/0"])
def test_a_login_without_rights_gets_nothing(database: Database, login: Login, path: str) -> None:
    database.video()

    assert login("nobody").get(path).status_code == 403


def test_a_token_of_somebody_else_is_refused(login: Login) -> None:
    client = login(None)
    client.cookies.set("_token", "forged")

    assert client.get("api/videos").status_code in {401, 403}


def test_there_is_no_list_of_endpoints() -> None:
    from airflow_provider_runway.plugin.app import app

    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)


def test_every_endpoint_asks_who_it_is() -> None:
    from airflow_provider_runway.plugin.access import authenticated
    from airflow_provider_runway.plugin.app import app

    assert [each.dependency for each in app.router.dependencies] == [authenticated]


def test_each_sees_the_videos_of_dags_that_they_may_read_and_no_others(
    database: Database, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an auth manager that knows rights on single DAGs, which the simple one does not."""
    allowed = SimpleAuthManager.is_authorized_dag

    def only_clips(self: SimpleAuthManager, *, details: object = None, **asked: object) -> bool:
        dag_id = getattr(details, "id", None)
        return dag_id in {None, "clips"} and allowed(self, details=details, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", only_clips)
    monkeypatch.setattr(SimpleAuthManager, "get_authorized_dag_ids", lambda *_args, **_asked: {"clips"})
    database.video("clips")
    database.video("secret", saved_to="/videos/secret.mp4")
    viewer = login("viewer")

    assert [card["dag_id"] for card in viewer.get("api/videos").json()["videos"]] == ["clips"]
    assert {day["dag_id"] for day in viewer.get("api/totals").json()["days"]} == {"clips"}
    for path in ("api/videos?dag_id=secret", "api/totals?dag_id=secret", "media/secret/manual__1/video/-1/0"):
        with option("media_roots", "/videos"):
            assert viewer.get(path).status_code == 403
