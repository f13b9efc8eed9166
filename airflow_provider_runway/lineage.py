"""What a task's video came from and where it went, for OpenLineage, in that project's names for data sets.

Only OpenLineage's own listener asks for it, so its packages are imported nowhere else, and need not be there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_runway.assets import all_files

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_runway.results import VideoResult

# Where a video lies that was made and not (yet) stored.
KIE = "kie.ai"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set in OpenLineage's naming: https://openlineage.io/docs/spec/naming.

    :param namespace: Such as ``s3://bucket``, ``file``, ``https://host``, or ``kie.ai`` for a video at KIE.
    :param name: Such as ``folder/fox.mp4``; for a video at KIE the task's id.
    """

    namespace: str
    name: str

    @classmethod
    def of_address(cls, address: str) -> DataSet:
        """The data set of a file or of something on the web: without what signs it, and without a connection's id."""
        parts = urlsplit(address)
        authority = parts.netloc.rpartition("@")[2]
        if parts.scheme == "file":
            return cls("file", parts.path)
        if parts.scheme in {"http", "https"}:
            return cls(f"{parts.scheme}://{authority}", parts.path or "/")
        return cls(f"{parts.scheme}://{authority}", parts.path.lstrip("/"))

    @classmethod
    def of_video(cls, task_id: str) -> DataSet:
        """The data set of a video at KIE."""
        return cls(KIE, task_id)


def made_from(addresses: Iterable[Any], parent_task_id: str | None) -> list[DataSet]:
    """What a video is made from: files, things on the web, an earlier video."""
    found = [DataSet.of_address(address) for address in addresses if isinstance(address, str) and "://" in address]
    return [*found, DataSet.of_video(parent_task_id)] if parent_task_id else found


def gone_into(result: VideoResult | None) -> list[DataSet]:
    """Where a video is: at KIE, and where it was stored."""
    if result is None:
        return []
    return [DataSet.of_video(result["task_id"]), *stored_as(result)]


def stored_as(result: VideoResult | None) -> list[DataSet]:
    """Where a video was stored."""
    return [DataSet.of_address(file) for file in all_files(result)] if result else []


def facets(inputs: Iterable[DataSet], outputs: Iterable[DataSet]) -> OperatorLineage[Any, Any]:
    """The same as OpenLineage takes it."""
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    def listed(sets: Iterable[DataSet]) -> list[Any]:
        return [Dataset(namespace=each.namespace, name=each.name) for each in dict.fromkeys(sets)]

    return OperatorLineage(inputs=listed(inputs), outputs=listed(outputs))
