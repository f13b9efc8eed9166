"""What to send to KIE.AI for a request, and where to poll a task: out of the table in :mod:`.families`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_runway.kie.endpoints import Call, Family, SubmitEndpoint
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.families import CALLBACK, FAMILIES, check_endpoint, kind_of
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.requests import ExtendRequest, Request, TaskRequest
from airflow_provider_runway.kie.rules import check_kind, check_task_id, is_file_address
from airflow_provider_runway.kie.task_ids import Api, format_task_id, parse_task_id
from airflow_provider_runway.kie.tasks import Reader

# Where KIE posts to that wants an address and is given none: this one is nobody's, and never will be (RFC 2606).
NO_CALLBACK = "https://callback.invalid/no-receiver"
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

    @property
    def family(self) -> Family:
        """What is known of the tasks that come of it."""
        return FAMILIES[self.api, self.kind]


def destination(request: Request, api: Api) -> Destination:
    """Where a request is sent.

    :param request: The request.
    :param api: The connection's API; a request that only the other one knows goes there.
    :raises InvalidRequestError: If an extra field has the name of a field that is a parameter, if the video to
        extend was made by the other API, or if there is no such endpoint.
    """
    if isinstance(request, TaskRequest):
        check_endpoint(request.endpoint)
        kind = kind_of(request.endpoint) or "answer"
        return Destination("runway", kind, FAMILIES["runway", kind].endpoints[request.endpoint])
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
    return frozenset(set.intersection(*known) if known else {CALLBACK})


def submission_call(request: Request, where: Destination) -> Call:
    """The call that submits a request: fields that are ``None`` are left out.

    :param request: The request.
    :param where: Its :func:`destination`.
    :raises InvalidRequestError: If a file is named that has yet to be uploaded.
    """
    if isinstance(request, TaskRequest):
        return _dedicated_call(request, where)
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
    if CALLBACK in fields_:
        body[CALLBACK] = fields_.pop(CALLBACK)
    return Call("POST", endpoint.path, body={**body, "input": fields_})


def _dedicated_call(request: TaskRequest, where: Destination) -> Call:
    fields_ = request.fields
    if where.family.is_ordered_by_polling:
        check_task_id("body['taskId']", fields_.get("taskId"))
    callback = request.callback_url or (NO_CALLBACK if where.endpoint.needs_callback else None)
    if where.family.is_asked_by_get:
        return Call("GET", where.endpoint.path, query={name: str(value) for name, value in fields_.items()})
    return Call("POST", where.endpoint.path, body={**fields_, **({CALLBACK: callback} if callback else {})})


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
    :param read: Who reads what the answer has in it.
    :param unpack: What gets that out of the answer.
    """

    task_id: str
    call: Call
    read: Reader
    unpack: Callable[[Answer], Any]


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
    if named.api == "jobs" and "jobs" not in known:
        wrong = InvalidRequestError("task_id", task_id, "is of a task of the unified API, whose kind is 'job'")
        raise wrong.replace(task_id=task_id)
    places = [place for place in apis if place in known] or known
    return tuple(_lookup(FAMILIES[place, kind], named.bare, place) for place in places)


def _lookup(family: Family, bare: str, api: Api) -> Lookup:
    return Lookup(format_task_id(bare, api), family.poll(bare), family.read, family.unpack)
