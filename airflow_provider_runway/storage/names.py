"""What the files of a task are called."""

from __future__ import annotations

import hashlib
import re

from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.task_ids import parse_task_id

# An id of these characters, and no longer, is a file's name as it is. File systems end at 255 bytes, of which suffixes
# and the marks of a draft need some.
_SAFE = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")
_LONGEST_BEGINNING = 80
_CHECKSUM_DIGITS = 16
# Larger copies of a Veo video go by the id of that video's task.
_SIZES = {"veo-1080p": "1080p", "veo-4k": "4k"}


def file_stem(task_id: str, kind: Kind = "runway") -> str:
    """What the files of a task are called, without a suffix: KIE's own id, and for a larger copy of a video its size.

    An id that is no safe name (too long, hidden, with a slash or the like) is cut to what is safe of its beginning, and
    a checksum keeps it apart from others that begin so.
    """
    bare = parse_task_id(task_id).bare
    size = _SIZES.get(kind)
    if size is not None:
        return f"{file_stem(bare)}-{size}"
    if _SAFE.fullmatch(bare):
        return bare
    beginning = re.sub(r"[^A-Za-z0-9._-]+", "_", bare).lstrip(".")[:_LONGEST_BEGINNING]
    checksum = hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()[:_CHECKSUM_DIGITS]
    return f"{beginning or 'task'}-{checksum}"
