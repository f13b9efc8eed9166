"""Playing a stored video: its bytes, by range, through the API server."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Header, HTTPException, Path, Request, Response
from starlette.responses import StreamingResponse

from airflow_provider_runway.plugin.access import READS_VIDEOS, ReadableDags
from airflow_provider_runway.plugin.listing import Filters, page_of_videos
from airflow_provider_runway.plugin.stored_files import find, media_roots, stored_place

router = APIRouter(prefix="/media", dependencies=READS_VIDEOS)

Name = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]*$")]
Index = Annotated[int, Path(ge=-1, lt=2**31)]
_BLOCK = 262_144
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)
# What a browser plays or shows, and runs nothing of.
_HARMLESS = re.compile(r"(?:video|audio)/[a-z0-9.+-]+|image/(?:avif|gif|jpeg|png|webp)")
_NOT_THERE = HTTPException(404, "There is no stored file of this video that may be played here.")


@router.api_route("/{dag_id}/{run_id}/{task_id}/{map_index}/{which}", methods=["GET", "HEAD"])
def media(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request,
    session: SessionDep,
    dags: ReadableDags,
    dag_id: Name,
    run_id: Name,
    task_id: Name,
    map_index: Index,
    which: Annotated[str, Path(pattern=r"^(\d{1,4}|thumbnail)$")],
    range_: Annotated[str, Header(alias="range")] = "",
) -> Response:
    """A file that a task has stored, or a part of it.

    :param which: ``0`` for the video, ``1`` and so on for each file that came of a job, or ``thumbnail``.
    """
    if dag_id not in dags:
        raise _NOT_THERE
    filters = Filters(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    rows, _ = page_of_videos(session, {dag_id}, filters, None, 1)
    session.close()  # the bytes may take minutes
    stored = stored_place(rows[0].result, which) if rows else None
    found = None if stored is None else find(stored, media_roots())
    if found is None:
        raise _NOT_THERE
    try:
        file, size = found.open()
    except Exception:  # noqa: BLE001 - whatever its store raises: it cannot be had
        raise _NOT_THERE from None
    return _answer(file, size, found.below, range_, is_head=request.method == "HEAD")


def _answer(file: BinaryIO, size: int, name: str, range_: str, *, is_head: bool) -> Response:
    kind = mimetypes.guess_type(f"file{name[name.rfind('.') :]}" if "." in name else "file")[0] or ""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Encoding": "identity",  # Airflow would compress it otherwise
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'self'",
    }
    if not _HARMLESS.fullmatch(kind):
        kind, headers["Content-Disposition"] = "application/octet-stream", "attachment"
    wanted = _wanted(range_, size)
    if wanted is None:
        start, end, status = 0, size, 200
    else:
        start, end = wanted
        if start >= end:
            file.close()
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        headers["Content-Range"], status = f"bytes {start}-{end - 1}/{size}", 206
    headers["Content-Length"] = str(end - start)
    if is_head:
        file.close()
        return Response(status_code=status, headers=headers, media_type=kind)
    return StreamingResponse(_blocks(file, start, end), status, headers, kind)


def _wanted(range_: str, size: int) -> tuple[int, int] | None:
    """From which byte to before which; ``None`` for all, as for several ranges or what is none."""
    matched = _RANGE.fullmatch(range_)
    if matched is None or matched.groups() == ("", ""):
        return None
    first, last = matched.groups()
    if not first:
        return max(size - int(last), 0), size if int(last) else 0
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK, end - start))):
            start += len(block)
            yield block
