"""What the tasks that spend nothing have in common."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.utils.mixins import RunwayConnectionMixin, VideoLinksMixin

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.utils.failures import Advice


class FreeTask(RunwayConnectionMixin):
    """A task that spends nothing."""

    def _ending(self, context: Context) -> AbstractContextManager[None]:
        """Have whatever goes wrong within the block reach Airflow as it should, with what to do about it."""
        from airflow_provider_runway.utils.failures import as_airflow_failure

        return as_airflow_failure(
            self,  # type: ignore[arg-type] # it is mixed into an operator
            lambda error: self._advice(error, context),
            context,
        )

    def _advice(self, error: RunwayError, context: Context) -> Advice:
        """What to do about an error."""
        from airflow_provider_runway.operators.advice import advise_where_nothing_is_paid
        from airflow_provider_runway.utils.failures import has_retry

        return advise_where_nothing_is_paid(
            error,
            self.runway_conn_id,
            has_retry=has_retry(context),
            of_a_video=isinstance(self, VideoLinksMixin),
        )
