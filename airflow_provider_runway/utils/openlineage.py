"""What a task's video came from and where it went, for OpenLineage, in that project's names for data sets.

Only OpenLineage's own listener asks for it, so its packages are imported nowhere else, and need not be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_runway.kie.job_results import leaves
from airflow_provider_runway.kie.task_ids import format_task_id, parse_task_id
from airflow_provider_runway.utils.file_uris import FileAddress

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_runway.results import VideoResult

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]")
_LONGEST_ADDRESS = 8192
# Values in a job's input of which so many are read at most.
_MOST_FIELDS = 10_000

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
        if address.startswith(("http://", "https://")):
            parts = urlsplit(address)
            return cls(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path or "/")
        file = FileAddress.read(address)
        if file.scheme == "file":
            return cls("file", file.path)
        return cls(f"{file.scheme}://{file.authority}", file.path.removeprefix("/"))

    @classmethod
    def of_path(cls, path: str) -> DataSet:
        """The data set of a file by its address, or by its path on this machine."""
        if "://" in path:
            return cls.of_address(path)
        return cls("file", str(Path(path).expanduser().absolute()))

    @classmethod
    def of_video(cls, task_id: str) -> DataSet:
        """The data set of a video at KIE."""
        return cls(KIE, task_id)


def named(addresses: Iterable[object]) -> list[DataSet]:
    """The data sets of those addresses among some values that are ones."""
    return [
        DataSet.of_address(address)
        for address in addresses
        if isinstance(address, str) and _ADDRESS.match(address) and len(address) <= _LONGEST_ADDRESS
    ]


def made_from(addresses: Iterable[object], parent_task_id: str | None) -> list[DataSet]:
    """What a video is made from: files, things on the web, an earlier video."""
    return [*named(addresses), *([DataSet.of_video(parent_task_id)] if parent_task_id else [])]


def made_from_input(fields: object) -> list[DataSet]:
    """What a job is made from: all addresses in its input, and the KIE task that it goes on from."""
    found: list[DataSet] = []
    for value, name in islice(leaves(fields), _MOST_FIELDS):
        if name in {"task_id", "taskId"} and isinstance(value, str) and value:
            found.append(DataSet.of_video(format_task_id(parse_task_id(value).bare, "jobs")))
        found += named([value])
    return found


def at_kie(result: VideoResult | None) -> list[DataSet]:
    """What a result has at KIE: its video by the task's id, and each file by its link."""
    if result is None:
        return []
    return [DataSet.of_video(result.task_id), *named(result.links)]


def gone_into(result: VideoResult | None) -> list[DataSet]:
    """Where a video is: at KIE, and where it was stored."""
    return [*at_kie(result), *stored_as(result)]


def stored_as(result: VideoResult | None) -> list[DataSet]:
    """Where a video was stored."""
    return [DataSet.of_address(file) for file in result.files] if result else []


def facets(inputs: Iterable[DataSet], outputs: Iterable[DataSet]) -> OperatorLineage[Any, Any]:
    """The same as OpenLineage takes it."""
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    def listed(sets: Iterable[DataSet]) -> list[Any]:
        return [Dataset(namespace=each.namespace, name=each.name) for each in dict.fromkeys(sets)]

    return OperatorLineage(inputs=listed(inputs), outputs=listed(outputs))
