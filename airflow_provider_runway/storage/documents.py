"""Results that are no file, stored as JSON."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from airflow_provider_runway.kie.job_results import leaves, read_link
from airflow_provider_runway.storage.locate import locate
from airflow_provider_runway.storage.publishing import Overwrite, SavedFile, publish
from airflow_provider_runway.storage.target import Target, checksum, storing

# Bytes of a file at most that is read to see whether it is the same document.
_LARGEST = 8_388_608


def save_document(result: object, path: str, task_id: str, *, overwrite: Overwrite) -> SavedFile:
    """Store a result that is no file.

    :param result: What can be stored as JSON.
    :param path: Where to.
    :param task_id: The KIE task, for messages.
    :param overwrite: Whether a file that is there is replaced.
    """
    document = json.dumps(result, ensure_ascii=False, indent=2).encode() + b"\n"
    with storing(path, task_id):
        place = locate(path)
        if overwrite is not True and place.size() is not None and _is_same(place, result):
            there = checksum(place)
            return SavedFile(place.uri, there.size, there.sha256, downloaded=False)
    with storing(place.uri, task_id), place.draft() as draft:
        draft.file.write(document)
        sha256 = hashlib.sha256(document).hexdigest()
        return publish(place, draft, len(document), sha256, task_id, overwrite=overwrite)


def _is_same(place: Target, result: object) -> bool:
    """Whether the file that is there has this result in it, but for its links: KIE may give others for each look."""
    try:
        with place.read() as file:
            there = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return _without_links(there) == _without_links(result)


def _without_links(result: object) -> list[tuple[Any, str]]:
    return [(leaf, name) for leaf, name in leaves(result) if read_link(leaf) is None]
