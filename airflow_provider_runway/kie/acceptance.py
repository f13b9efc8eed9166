"""What KIE's answer to a submission says: which task it has made, or that there is one already."""

from __future__ import annotations

import hashlib
import json

from airflow_provider_runway.kie.api import Destination
from airflow_provider_runway.kie.envelope import read_task_id
from airflow_provider_runway.kie.errors import RunwayError, ServiceError
from airflow_provider_runway.kie.family_records import format_copy_id, parse_copy_id, read_answer
from airflow_provider_runway.kie.requests import ExtendRequest, Request, TaskRequest
from airflow_provider_runway.kie.task_ids import format_task_id, parse_task_id
from airflow_provider_runway.kie.tasks import VideoTask

_ID_DIGITS = 32


def source_of(request: Request) -> str | None:
    """The KIE task that a request goes on from, as KIE is sent it."""
    if isinstance(request, ExtendRequest):
        return parse_task_id(request.task_id).bare
    named = request.fields.get("taskId") if isinstance(request, TaskRequest) else None
    return named if isinstance(named, str) and named else None


def accepted_id(request: Request, where: Destination, data: object) -> str | None:
    """The id of the task that KIE has made of a request, as it is stored and shown; ``None`` if it names none."""
    if where.kind == "answer":
        return _answer_id(data) if data else None
    known = known_id(request, where)
    if known is not None:
        return known
    task_id = read_task_id(data)
    return None if task_id is None else format_task_id(task_id, where.api)


def accepted_nevertheless(request: Request, where: Destination, error: RunwayError) -> str | None:
    """The id of the task that there is in spite of an error; ``None`` if the error means what it says.

    Of what KIE makes once only, it refuses the second and names the first.
    """
    if where.endpoint.is_made_once and isinstance(error, ServiceError) and error.task_id != source_of(request):
        return error.task_id
    return None


def known_id(request: Request, where: Destination) -> str | None:
    """The id that the task will have, where that is known before KIE has answered: of what is ordered by polling.

    That may be asked for again and again, so a lost answer leaves nothing in doubt.
    """
    if not where.family.is_ordered_by_polling:
        return None
    source, fields = source_of(request), request.fields if isinstance(request, TaskRequest) else {}
    return None if source is None else format_copy_id(source, parse_copy_id(f"#{fields.get('index', 0)}")[1])


def as_answer(where: Destination, data: object) -> VideoTask | None:
    """What KIE has made at once; ``None`` if it has made a task, which is to be waited for."""
    return read_answer(data, _answer_id(data)) if data and where.kind == "answer" else None


def _answer_id(data: object) -> str:
    """The id that KIE names with its answer, or else one that this answer alone has."""
    text = json.dumps(data, sort_keys=True, default=repr)
    return read_task_id(data) or hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]
