"""Where the page with all videos shows that of one task instance."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

# Airflow's route of the page: `url_route` of the plugin's view.
ROUTE = "runway-videos"


def card_url(dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> str:
    """The whole address of a video's card, for messages and alerts.

    :param map_index: Of a mapped task; below zero or ``None`` for one that is not.
    :return: An address below ``[api] base_url``.
    """
    return f"{_base_url()}{_below(dag_id, run_id, task_id, map_index)}"


def card_path(dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> str:
    """The same without scheme and host: whoever reads this in Airflow's UI is at the right host already."""
    return f"{urlsplit(_base_url()).path}{_below(dag_id, run_id, task_id, map_index)}"


def _below(dag_id: str, run_id: str, task_id: str, map_index: int | None) -> str:
    which = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
    if map_index is not None and map_index >= 0:
        which["map_index"] = str(map_index)
    return f"/plugin/{ROUTE}?{urlencode(which)}"


def _base_url() -> str:
    from airflow_provider_runway.utils.versions import conf

    # The same fallback as Airflow's own for the address of a log.
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")
