"""What a stored file is, as JSON beside it."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.storage.documents import save_document
from airflow_provider_runway.storage.locate import locate
from airflow_provider_runway.utils.announcements import known_facts

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.results import VideoResult
    from airflow_provider_runway.storage.publishing import SavedFile

log = logging.getLogger(__name__)

SUFFIX = ".json"
_VERSION = 1
# Bytes of a file at most that is read to see whether it is ours.
_LARGEST = 1_048_576
_OF_THE_RESULT = (
    *("task_id", "parent_task_id", "kind", "submitted_at", "completed_at", "expires_at"),
    *("credits", "credits_estimate"),
)


def write_sidecars(
    saved: Sequence[SavedFile],
    result: VideoResult,
    request: Request | None,
    ti: RuntimeTaskInstanceProtocol,
    own: Collection[str],
) -> Iterator[str]:
    """Write what each file is beside it, and never fail for it: the video is what was paid.

    :param saved: The files.
    :param result: What is known of the video.
    :param request: What was asked for, if that can still be told. Links and callback addresses are left out.
    :param ti: The Airflow task.
    :param own: Checksums (SHA-256) of what this task has stored before, which may be replaced.
    :return: The checksums of what was written.
    """
    for file in saved:
        path = f"{file.path}{SUFFIX}"
        try:
            facts = _facts(file, result, request, ti)
            yield save_document(facts, path, result.task_id, overwrite=_is_of(path, result.task_id) or own).sha256
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("What is known of %s is not stored beside it; the file is. %s", file.path, error)


def _facts(
    file: SavedFile, result: VideoResult, request: Request | None, ti: RuntimeTaskInstanceProtocol
) -> Mapping[str, Any]:
    index = -1 if ti.map_index is None else ti.map_index
    return {
        "file": file.path,
        "size": file.size,
        "sha256": file.sha256,
        "thumbnail": file.thumbnail_path,
        **known_facts(request, kind=result.kind),
        **{name: getattr(result, name) for name in _OF_THE_RESULT},
        "airflow": {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id, "map_index": index},
        "schema_version": _VERSION,
    }


def _is_of(path: str, task_id: str) -> bool:
    """Whether the file that is there was written for the same KIE task: by a try that could not say so any more."""
    place = locate(path)
    if place.size() is None:
        return False
    with place.read() as file:
        try:
            there = json.loads(file.read(_LARGEST))
        except (ValueError, RecursionError):
            return False
    return isinstance(there, dict) and there.get("task_id") == task_id and "airflow" in there
