"""What the tasks that spend nothing have in common."""

from __future__ import annotations

from contextlib import AbstractContextManager

from airflow_provider_runway.operators.advice import advise_where_nothing_is_paid
from airflow_provider_runway.utils.failures import as_airflow_failure
from airflow_provider_runway.utils.mixins import RunwayConnectionMixin


class FreeTask(RunwayConnectionMixin):
    """A task that spends nothing."""

    def _ending(self) -> AbstractContextManager[None]:
        """Have whatever goes wrong within the block reach Airflow as it should, with what to do about it."""
        return as_airflow_failure(
            self,  # type: ignore[arg-type] # it is mixed into an operator
            lambda error: advise_where_nothing_is_paid(error, self.runway_conn_id),
        )
