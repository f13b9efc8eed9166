"""The two links on a task: the video, and KIE.AI's own logs.

Airflow asks for a link in the worker, each time a stretch of the task ends, be it by deferring; so what the operator
knows by then is shown while it waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs
from airflow.sdk import BaseOperatorLink

from airflow_provider_runway.kie.task_ids import parse_task_id

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

KIE_LOGS = "https://kie.ai/logs"


@attrs.define()
class RunwayVideoLink(BaseOperatorLink):
    """The finished video. Hidden until there is one."""

    @property
    def name(self) -> str:
        """What the UI shows."""
        return "Video"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """The video's URL, or nothing."""
        return getattr(operator, "video_link", "")


@attrs.define()
class KieLogsLink(BaseOperatorLink):
    """The page where KIE.AI lists an account's calls, or a sandbox its tasks. There while the task waits."""

    @property
    def name(self) -> str:
        """What the UI shows."""
        return "KIE.AI logs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """The page's URL."""
        return getattr(operator, "logs_link", KIE_LOGS)


def logs_url(base_url: str, task_id: str) -> str:
    """Where the calls of an account are listed: KIE's own page, or that of a sandbox on this machine."""
    if urlsplit(base_url).hostname in {"127.0.0.1", "::1", "localhost"}:
        return f"{base_url}/logs?taskId={parse_task_id(task_id).bare}" if task_id else f"{base_url}/logs"
    return KIE_LOGS
