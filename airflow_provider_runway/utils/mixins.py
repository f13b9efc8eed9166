"""What every task of this provider has: a connection, a colour, and, where it is about a video, links to it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.address import KIE_LOGS
from airflow_provider_runway.links.runway import KieLogsLink, RunwayVideoLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink

    from airflow_provider_runway.hooks.runway import RunwayHook


class RunwayConnectionMixin:
    """A task with a connection of type ``runway``."""

    ui_color = "#e8e3f8"
    runway_conn_id: str

    @cached_property
    def hook(self) -> RunwayHook:
        """The hook of this task's connection."""
        from airflow_provider_runway.hooks.runway import RunwayHook

        return RunwayHook(self.runway_conn_id)


class VideoLinksMixin(RunwayConnectionMixin):
    """A task about a video at KIE: Airflow asks for its links whenever a stretch of it ends."""

    operator_extra_links: Collection[BaseOperatorLink] = (RunwayVideoLink(), KieLogsLink())
    video_link: str = ""
    logs_link: str = KIE_LOGS

    def show_logs(self, task_id: str = "") -> None:
        """Have the link to KIE's logs ready.

        :param task_id: The KIE task, once it is known.
        :raises ConnectionSettingsError: If the connection cannot work.
        """
        self.logs_link = self.hook.settings.logs_link(task_id)
