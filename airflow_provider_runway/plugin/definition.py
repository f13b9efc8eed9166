"""What Airflow reads of the plugin. Every process imports it, so all that is heavy waits until it is asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

from airflow_provider_runway.plugin.operator_names import OPERATORS
from airflow_provider_runway.utils.versions import airflow_version

URL_PREFIX = "/runway"
_ONE_TASK = "?dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}"
_ONE_RUN = "?dag_id={DAG_ID}&run_id={RUN_ID}"
_FIRST_WITH_APPLIES_TO = (3, 4)


class RunwayPlugin(AirflowPlugin):
    """The page "Videos" in the navigation, and a tab "Video" on task instances and DAG runs."""

    name = "runway"

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override] # Airflow has an attribute there
        """The server parts; only the API server asks for them. The first one whose prefix fits is asked."""
        from airflow_provider_runway.plugin.app import app
        from airflow_provider_runway.plugin.callbacks import make_app

        return [
            {"app": make_app(), "url_prefix": f"{URL_PREFIX}/callback", "name": "Runway callbacks"},
            {"app": app, "url_prefix": URL_PREFIX, "name": "Runway videos"},
        ]

    @property
    def external_views(self) -> list[Any]:  # type: ignore[override]
        """The pages, each in a frame of Airflow's own."""
        page = f"{_base_path()}{URL_PREFIX}/"
        tab = {"name": "Video", "href": f"{page}{_ONE_TASK}", "url_route": "runway-video"}
        if airflow_version() >= _FIRST_WITH_APPLIES_TO:
            tab["applies_to"] = {"operator_name": list(OPERATORS)}  # type: ignore[assignment]
        return [
            {"name": "Videos", "href": page, "url_route": "runway-videos", "destination": "nav", "category": "browse"},
            {**tab, "destination": "task_instance"},
            {
                "name": "Video",
                "href": f"{page}{_ONE_RUN}",
                "url_route": "runway-run-videos",
                "destination": "dag_run",
            },
        ]


def _base_path() -> str:
    """The path below which Airflow's UI is: that of ``[api] base_url``."""
    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
