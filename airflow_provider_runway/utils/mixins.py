"""What every task of this provider has: a connection, a colour, and, where it is about a video, links to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.operator import BaseOperatorMeta

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.web_pages import KIE_LOGS
from airflow_provider_runway.links.runway import KieLogsLink, RunwayVideoLink, VideoCardLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.utils.callbacks import Called


class TaskType(BaseOperatorMeta):
    """The type of all tasks: what a constructor refuses of the values of a mapped task, no retry can help.

    Such a task is constructed when it runs, where an exception of any other type is retried. While a DAG is parsed, the
    error passes as it is, and becomes an import error.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - of a class's own class
        """Construct a task."""
        try:
            return super().__call__(*args, **kwargs)
        except RunwayError as error:
            from airflow_provider_runway.utils.failures import fail_for_good

            # Of an import error Airflow shows no line of the DAG.
            texts = (error.summary, f"It is a parameter of task {kwargs.get('task_id')!r}.", *error.args[1:])
            if not kwargs.get("_airflow_from_mapped"):
                raise error.replace(*texts) from error.__cause__
            fail_for_good(
                error.replace(*texts, "Nothing was paid. Correct what this task is mapped over, and clear it")
            )


class RunwayConnectionMixin(metaclass=TaskType):
    """A task with a connection of type ``runway``."""

    ui_color = "#e8e3f8"
    runway_conn_id: str

    @cached_property
    def hook(self) -> RunwayHook:
        """The hook of this task's connection."""
        from airflow_provider_runway.hooks.runway import RunwayHook
        from airflow_provider_runway.utils.polls import count_poll

        hook = RunwayHook(self.runway_conn_id)
        hook.on_poll = partial(count_poll, self.runway_conn_id, "worker")
        return hook


class VideoLinksMixin(RunwayConnectionMixin):
    """A task about a video at KIE: Airflow asks for its links whenever a stretch of it ends."""

    operator_extra_links: Collection[BaseOperatorLink] = (RunwayVideoLink(), VideoCardLink(), KieLogsLink())
    video_link: str = ""
    logs_link: str = KIE_LOGS

    def show_logs(self, task_id: str = "") -> None:
        """Have the link to KIE's logs ready.

        :param task_id: The KIE task, once it is known.
        :raises ConnectionSettingsError: If the connection cannot work.
        """
        self.logs_link = self.hook.settings.logs_link(task_id)


class CalledMixin:
    """A task that submits: its way back from the wait for the call of KIE's that brings a lost task id."""

    def execute_called(
        self, context: Context, event: Mapping[str, Any], calls: int = 0, *, has_sent: bool = False, **unknown: Any
    ) -> dict[str, Any]:
        """Go on with the video that was paid, if KIE has called for it.

        :param event: Its ``state`` is ``"called"``, or ``"timeout"`` if KIE has not called.
        :param calls: How many calls had come before.
        :param has_sent: Whether it was this very try that has sent what is in doubt.
        :param unknown: What another release of this provider has kept besides; it is ignored.
        """
        from airflow_provider_runway.utils.callbacks import Called

        del unknown
        return self._submit(context, None, Called(calls + (event.get("state") == "called"), has_sent))

    def _submit(self, context: Context, admitted: None, called: Called | None) -> dict[str, Any]:
        raise NotImplementedError
