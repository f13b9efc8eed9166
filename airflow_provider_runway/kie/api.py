"""KIE.AI's endpoints and field names, as data: what to send for a request, where to poll a task.

Paths and names are those of https://docs.kie.ai: the dedicated Runway and Aleph endpoints (there under "old model"),
and the unified API, which serves every model by one pair of endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest, JobRequest, Request
from airflow_provider_runway.kie.rules import check_kind, check_task_id, is_file_address
from airflow_provider_runway.kie.task_ids import Api, format_task_id, parse_task_id
from airflow_provider_runway.kie.tasks import (
    EXTENSION_MODEL,
    Kind,
    Reader,
    read_aleph_record,
    read_job_record,
    read_runway_record,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to KIE, before it has a host and a key."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SubmitEndpoint:
    """How one kind of request is sent.

    :param path: The endpoint.
    :param names: KIE's name for each of the request's fields.
    :param model: What the unified API calls it. The fields then go into ``input``, all but the callback URL.
    """

    path: str
    names: Mapping[str, str]
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """The tasks of one kind at one API: where they are looked up, who reads the answer, which requests make them."""

    path: str
    read: Reader
    endpoints: Mapping[type[Request], SubmitEndpoint]


_CREATE_TASK = "/api/v1/jobs/createTask"
_RECORD_INFO = "/api/v1/jobs/recordInfo"
_CALLBACK = "callBackUrl"


def _names(*same: str, **ours: str) -> Mapping[str, str]:
    """KIE's names by ours: those that are the same, and the others."""
    return {**{name: name for name in same}, **ours, "callback_url": _CALLBACK}


# All that is known of KIE's endpoints. A further family is one more entry, and a reader if its records are new.
FAMILIES: Mapping[tuple[Api, Kind], Family] = {
    ("runway", "runway"): Family(
        "/api/v1/runway/record-detail",
        read_runway_record,
        {
            GenerateRequest: SubmitEndpoint(
                "/api/v1/runway/generate",
                _names(
                    *("prompt", "duration", "quality"),
                    image_url="imageUrl",
                    aspect_ratio="aspectRatio",
                    watermark="waterMark",
                ),
            ),
            ExtendRequest: SubmitEndpoint(
                "/api/v1/runway/extend", _names("prompt", "quality", task_id="taskId", watermark="waterMark")
            ),
        },
    ),
    ("runway", "aleph"): Family(
        "/api/v1/aleph/record-info",
        read_aleph_record,
        {
            AlephRequest: SubmitEndpoint(
                "/api/v1/aleph/generate",
                _names(
                    *("prompt", "seed"),
                    video_url="videoUrl",
                    aspect_ratio="aspectRatio",
                    reference_image_url="referenceImage",
                    watermark="waterMark",
                    upload_cn="uploadCn",
                ),
            ),
        },
    ),
    ("jobs", "runway"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="runway"),
        {
            GenerateRequest: SubmitEndpoint(
                _CREATE_TASK,
                _names("prompt", "image_url", "duration", "quality", "aspect_ratio", "watermark"),
                model="runway",
            ),
            ExtendRequest: SubmitEndpoint(
                _CREATE_TASK, _names("task_id", "prompt", "quality", "watermark"), model=EXTENSION_MODEL
            ),
        },
    ),
    ("jobs", "aleph"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="aleph"),
        {
            AlephRequest: SubmitEndpoint(
                _CREATE_TASK,
                _names(
                    *("prompt", "video_url", "aspect_ratio", "seed", "watermark", "upload_cn"),
                    reference_image_url="reference_image",
                ),
                model="runway/gen4-aleph",
            ),
        },
    ),
    # Every other model: its request names it and has its fields in their place already.
    ("jobs", "job"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="job"),
        {JobRequest: SubmitEndpoint(_CREATE_TASK, _names("model", "input"))},
    ),
}

CREDIT_CALL = Call("GET", "/api/v1/chat/credit")


def direct_link_call(url: str) -> Call:
    """The call that makes a short-lived link out of the link of a file that KIE has made."""
    return Call("POST", "/api/v1/common/download-url", body={"url": url})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request is sent: to which API, how, and the kind of task that comes of it."""

    api: Api
    kind: Kind
    endpoint: SubmitEndpoint


def destination(request: Request, api: Api) -> Destination:
    """Where a request is sent.

    :param request: The request.
    :param api: The connection's API; a request that only the other one knows goes there.
    :raises InvalidRequestError: If an extra field has the name of a field that is a parameter, or if the video to
        extend was made by the other API.
    """
    places = {
        place: Destination(place, kind, family.endpoints[type(request)])
        for (place, kind), family in FAMILIES.items()
        if type(request) in family.endpoints
    }
    where = places.get(api) or next(iter(places.values()))
    if isinstance(request, ExtendRequest):
        _check_source(request.task_id, where.api)
    for name in request.extra_fields:
        if name in where.endpoint.names.values():
            raise InvalidRequestError("extra_fields", name, "must not repeat a field that is a parameter")
    return where


def reserved_fields(request: type[Request]) -> frozenset[str]:
    """KIE's names of the parameters of a request, at every API that takes it: no extra field may have one."""
    known = [set(each.endpoints[request].names.values()) for each in FAMILIES.values() if request in each.endpoints]
    return frozenset(set.intersection(*known))


def submission_call(request: Request, where: Destination) -> Call:
    """The call that submits a request: fields that are ``None`` are left out.

    :param request: The request.
    :param where: Its :func:`destination`.
    :raises InvalidRequestError: If a file is named that has yet to be uploaded.
    """
    if isinstance(request, ExtendRequest):
        request = replace(request, task_id=parse_task_id(request.task_id).bare)
    endpoint = where.endpoint
    fields_: dict[str, Any] = {}
    for ours, theirs in endpoint.names.items():
        value = getattr(request, ours)
        if ours.endswith("_url") and is_file_address(value):
            raise InvalidRequestError(ours, value, "is a file, which has to be uploaded first (RunwayHook.upload)")
        if value is not None:
            fields_[theirs] = value
    fields_ |= request.extra_fields
    if endpoint.model is None:
        return Call("POST", endpoint.path, body=fields_)
    body = {"model": endpoint.model}
    if _CALLBACK in fields_:
        body[_CALLBACK] = fields_.pop(_CALLBACK)
    return Call("POST", endpoint.path, body={**body, "input": fields_})


def _check_source(task_id: str, api: Api) -> None:
    """The video to extend must be of the same API: whether one can extend what the other made is documented nowhere.

    A bare id is of the dedicated endpoints.
    """
    made_by = parse_task_id(task_id).api or "runway"
    if made_by != api:
        rule = (
            f"names a task of the API {made_by!r}, and this connection submits with {api!r}: KIE.AI knows no "
            "extension across the two. Use a connection whose extra 'api' is the same for the whole chain; an id of "
            "the API 'jobs' begins with 'jobs:'"
        )
        raise InvalidRequestError("task_id", task_id, rule)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One place to poll a task.

    :param task_id: What the task is called if it is found there.
    :param call: The poll.
    :param read: Who reads the answer.
    """

    task_id: str
    call: Call
    read: Reader


def lookups(task_id: str, kind: Kind, api: Api = "runway") -> Sequence[Lookup]:
    """Where to poll a task, in this order until it is found.

    :param task_id: The task. An id that says which API made it is looked up there alone.
    :param kind: Its kind.
    :param api: The connection's API. Where that is ``"jobs"``, a bare id may be of either.
    :raises InvalidRequestError: If the id cannot be one, or there is no such kind.
    """
    check_task_id("task_id", task_id)
    check_kind(kind)
    named = parse_task_id(task_id)
    if named.api is not None:
        apis: Sequence[Api] = (named.api,)
    else:
        apis = ("jobs", "runway") if api == "jobs" else ("runway",)
    known = [place for place, each in FAMILIES if each == kind]
    places = [place for place in apis if place in known] or known
    return tuple(
        Lookup(
            format_task_id(named.bare, place),
            Call("GET", FAMILIES[place, kind].path, query={"taskId": named.bare}),
            FAMILIES[place, kind].read,
        )
        for place in places
    )
