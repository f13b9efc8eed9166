"""The links on a task: the video, its card among all videos, and KIE.AI's own logs.

Airflow asks for a link in the worker, each time a stretch of the task ends, be it by deferring; so what the operator
knows by then is shown while it waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from airflow_provider_runway.kie.web_pages import KIE_LOGS
from airflow_provider_runway.links.card import card_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class RunwayVideoLink(BaseOperatorLink):
    """The finished video. Hidden until there is one.

    KIE's link dies after 14 days at most. Where the video was stored and the page may play what is stored
    (``[runway] media_roots``), it leads to the page, which plays the stored copy.
    """

    @property
    def name(self) -> str:
        """What the UI shows."""
        return "Video"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The video's URL, or nothing."""
        if getattr(getattr(operator, "result", None), "saved_to", None) and _plays_stored_copies():
            return card_path(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)
        return getattr(operator, "video_link", "")


class VideoCardLink(BaseOperatorLink):
    """The card of this task instance's video in the gallery: how far it is, and why it has failed, if it has."""

    @property
    def name(self) -> str:
        """What the UI shows."""
        return "Video card"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """The page's address, on the same host."""
        return card_path(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)


class KieLogsLink(BaseOperatorLink):
    """The page where KIE.AI lists an account's calls, or a sandbox its tasks. There while the task waits."""

    @property
    def name(self) -> str:
        """What the UI shows."""
        return "KIE.AI logs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """The page's URL."""
        return getattr(operator, "logs_link", KIE_LOGS)


def _plays_stored_copies() -> bool:
    """Whether there is anywhere that the page may play stored videos from."""
    from airflow_provider_runway.utils.versions import conf

    return bool(conf.get("runway", "media_roots", fallback="").strip())
