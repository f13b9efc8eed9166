"""What a video was made from and where it went, for OpenLineage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_runway.results import VideoResult
    from airflow_provider_runway.utils.openlineage import DataSet


class LineageMixin:
    """An operator that makes a video, and tells OpenLineage of it where that is installed."""

    template_fields: Sequence[str]
    result: VideoResult | None = None

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """What the video was made from and where it went; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        return openlineage.facets(self._made_from(), openlineage.gone_into(self.result))

    def _made_from(self) -> list[DataSet]:
        from airflow_provider_runway.operators.named_files import MEDIA
        from airflow_provider_runway.utils import openlineage

        sources = (self.optional(field) for field in MEDIA if field in self.template_fields)
        parent = self.result.parent_task_id if self.result else None
        return openlineage.made_from(sources, parent or self.parent_task_id)

    def optional(self, name: str) -> Any:
        """A parameter after templating; ``None`` if it has come to nothing."""
        raise NotImplementedError

    @property
    def parent_task_id(self) -> str | None:
        """The task that the new video extends, if it does."""
        return None
