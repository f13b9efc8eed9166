"""Flows: what to send to KIE, when to pause, and when to stop trying, free of any I/O.

Each flow is a generator that yields :class:`Send` and :class:`Pause` and is given an answer, nothing, or an
error thrown into it. The sync and the async client differ only in who drives it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_runway.kie.acceptance import accepted_id, accepted_nevertheless, as_answer, known_id, source_of
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.advice import after_refusal
from airflow_provider_runway.kie.api import (
    CREDIT_CALL,
    Destination,
    Lookup,
    destination,
    lookups,
    submission_call,
)
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import OK, Answer, read_data, read_task_id
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    ConnectionSettingsError,
    InvalidRequestError,
    MaintenanceError,
    NotSentError,
    RateLimitedError,
    RunwayError,
    ServiceError,
    TaskNotFoundError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.requests import JobRequest, Request, TaskRequest
from airflow_provider_runway.kie.retry_rules import RetryRules, named_pause
from airflow_provider_runway.kie.seconds import finite
from airflow_provider_runway.kie.task_ids import Api, format_task_id, parse_task_id
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, as_sentence, shorten, shown


@dataclass(frozen=True, slots=True)
class Send:
    """Send this call; answer with an :class:`Answer`, or throw :class:`NotSentError` or :class:`NoAnswerError`."""

    call: Call


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


T = TypeVar("T")
OnAnswer = Callable[[VideoTask], None]
OnPoll = Callable[["RunwayError | None"], None]
Flow = Generator[Send | Pause, Answer | None, T]


def get_task(task_id: str, kind: Kind, retry_rules: RetryRules, api: Api = "runway") -> Flow[VideoTask]:
    """Get a task's record: one poll.

    :param task_id: The task.
    :param kind: Its kind.
    :param retry_rules: How often it is asked again when that went wrong.
    :param api: The connection's API, where the id does not say which one made the task.
    :raises TaskNotFoundError: If KIE has no record of it (yet: a new task may take a moment to show).
    """
    *others, last = lookups(task_id, kind, api)
    for place in others:
        try:
            return (yield from _get_record(place, task_id, retry_rules))
        except TaskNotFoundError:
            continue
    return (yield from _get_record(last, task_id, retry_rules))


def told(flow: Flow[VideoTask], on_poll: OnPoll | None) -> Flow[VideoTask]:
    """A poll of which somebody is told how it went wrong, if it did; not of one that was cut off."""
    try:
        task = yield from flow
    except RunwayError as error:
        if on_poll is not None:
            on_poll(error)
        raise
    if on_poll is not None:
        on_poll(None)
    return task


def _get_record(place: Lookup, task_id: str, retry_rules: RetryRules) -> Flow[VideoTask]:
    try:
        data = yield from ask(place.call, retry_rules, place.unpack)
    except RunwayError as error:
        if isinstance(error, ServiceError) and error.code in {404, 422}:
            raise _not_found(task_id, error) from error
        raise error.replace(task_id=task_id) from error.__cause__
    task = place.read(data, place.task_id)
    if task is None:
        raise _not_found(task_id, None)
    _check_it_is_this_task(data, place.call, task_id)
    return task


def _check_it_is_this_task(data: object, call: Call, task_id: str) -> None:
    """A record that names another task than was asked for says nothing about this one.

    :raises UnreadableAnswerError: If it does.
    """
    said = data.get("taskId") if isinstance(data, Mapping) else None
    asked = str((call.query or {}).get("taskId"))
    if said == asked:
        return
    named = read_task_id({"taskId": said})
    if named is not None and parse_task_id(named.casefold()).bare != asked.casefold():
        raise UnreadableAnswerError(
            f"KIE.AI answered with the record of another task, {shorten(named, 60)}, when asked for {task_id}",
            task_id=task_id,
        )


def credits_left(retry_rules: RetryRules) -> Flow[float]:
    """The account's balance."""
    data = yield from ask(CREDIT_CALL, retry_rules)
    balance = None if isinstance(data, bool) else finite(data)
    if balance is None:
        raise UnreadableAnswerError(f"KIE.AI's balance is not a number: {shown(data)}")
    return balance


def submit(
    request: Request,
    retry_rules: RetryRules,
    api: Api = "runway",
    *,
    known_as: str | None = None,
    on_answer: OnAnswer | None = None,
) -> Flow[str]:
    """Submit a request, and send it again only when KIE cannot have taken it. It is never sent to another API.

    :param request: The request.
    :param retry_rules: How often it is sent again after a refusal for now.
    :param api: The connection's API.
    :param known_as: What the request is called in errors; its fingerprint if left out.
    :param on_answer: Given what KIE has made at once, where it makes no task.
    :return: The task id, which says which API made it.
    :raises AmbiguousSubmissionError: If KIE may have taken it.
    """
    where = destination(request, api)
    call = submission_call(request, where)
    name = known_as or fingerprint(request)
    sends = 0
    while True:
        sends += 1
        try:
            answer = yield from _send(call)
            data = where.family.unpack(answer)
            break
        except RunwayError as error:
            taken = accepted_nevertheless(request, where, error)
            if taken is not None:
                return taken
            fault = error
            if error.task_id is not None and error.task_id == source_of(request):
                fault = error.replace(task_id=None)  # sent back with an error, it is not the id of a new task
            if not refuses(fault):
                if (known := known_id(request, where)) is not None:
                    return known
                raise _ambiguous(request, name, where, str(fault), fault) from fault
            if not isinstance(fault, _REFUSED_FOR_NOW) or not retry_rules.allows_another(sends, fault):
                advice = [after_refusal(fault)] if isinstance(fault, ServiceError) else []
                raise fault.replace(*fault.args, *advice) from fault.__cause__
            yield Pause(retry_rules.pause(sends, fault))
    task_id, made = accepted_id(request, where, data), as_answer(where, data)
    if task_id is None:
        said = f"KIE.AI answered success without a task id: {shown(data, LONGEST_MESSAGE)}"
        raise _ambiguous(request, name, where, said, None)
    if made is not None and on_answer is not None:
        on_answer(made)
    return task_id


_REFUSED_FOR_NOW = (NotSentError, RateLimitedError, MaintenanceError)
# Codes in KIE's own envelope by which it says that it made no task. A 408, 502 or 504 comes from further up the
# line, after the task may have been handed over.
_SERVER_REFUSALS = frozenset({500, 501, 503, 505, 531, 550})
# Statuses by which what stands before KIE says that it never reached it: a network that wants a login, or an edge that
# finds KIE down, unreachable, without TLS or without an address.
_EDGE_REFUSALS = frozenset({511, 521, 523, 525, 526, 530})
# "Your fault" that is none: the time was up, or the caller had gone, while the request was being carried out.
_NO_REFUSALS = frozenset({408, 499})


def refuses(error: RunwayError) -> bool:
    """Whether an error to a submission proves that KIE did not take it, so that nothing was paid.

    The one rule for all answers: 4xx means that the request was not carried out, whoever says it (but 408 and 499);
    a redirection is not followed; of the 5xx only those count by which KIE in its own envelope, or the edge on a page
    of its own, says that no task was made. Nothing else proves it: an unheard-of code, a success under an HTTP status
    that says otherwise, an error that comes with the id of a task.
    """
    if isinstance(error, (NotSentError, ConnectionSettingsError, InvalidRequestError)):
        return True
    if not isinstance(error, ServiceError) or error.code == OK or error.task_id is not None:
        return False
    status = error.http_status
    if error.code is None:
        return status in _EDGE_REFUSALS or (status is not None and _is_refusal(status, 300))
    if _is_refusal(error.code, 400):
        return True
    return error.code in _SERVER_REFUSALS and status in {*_SERVER_REFUSALS, OK, None}


def _is_refusal(status: int, least: int) -> bool:
    return least <= status < 500 and status not in _NO_REFUSALS  # noqa: PLR2004 - HTTP's border of "your fault"


def ask(call: Call, retry_rules: RetryRules, unpack: Callable[[Answer], Any] = read_data) -> Flow[Any]:
    """Send a call that costs nothing and changes nothing, as often as the rules allow.

    A named pause beyond the rules' own longest is not slept through: whoever called has a better place to wait.
    """
    sends = 0
    while True:
        sends += 1
        try:
            answer = yield from _send(call)
            return unpack(answer)
        except RunwayError as error:
            if not error.retryable or not retry_rules.allows_another(sends, error):
                raise
            if named_pause(error) > retry_rules.longest_pause:
                raise
            yield Pause(retry_rules.pause(sends, error))


def finished(flow: Flow[T], address: Address) -> Flow[T]:
    """A flow whose error can be shown; see :meth:`Address.finished`."""
    try:
        return (yield from flow)
    except RunwayError as error:
        fault = address.finished(error)
    raise fault


def _send(call: Call) -> Flow[Answer]:
    answer = yield Send(call)
    if answer is None:  # pragma: no cover - a driver that breaks the rules
        raise TypeError("a Send must be answered")
    return answer


def _not_found(task_id: str, error: ServiceError | None) -> TaskNotFoundError:
    said = f" ({shorten(error.service_message)})" if error and error.service_message else ""
    return TaskNotFoundError(
        f"KIE.AI has no record of task {task_id}{said}.",
        detail="Check the id, its kind, its API and the account.",
        task_id=task_id,
        said_by=error,
    )


def _ambiguous(
    request: Request, name: str, where: Destination, what_happened: str, error: RunwayError | None
) -> AmbiguousSubmissionError:
    beginning = shorten(request.prompt, 60)
    model = f", model {request.model}" if isinstance(request, JobRequest) else ""
    model = f", endpoint {request.endpoint}" if isinstance(request, TaskRequest) else model
    task_id = format_task_id(error.task_id, where.api) if error and error.task_id else None
    named = f" The answer names task {task_id}." if task_id else ""
    return AmbiguousSubmissionError(
        f"It is unknown whether KIE.AI took this video (request {name}), so it is not sent again.{named}",
        detail=f"{as_sentence(what_happened)} It is kind {where.kind}{model}, prompt {beginning!r}. "
        "Look for it in the account's logs before submitting anew: if it is there, it is being made and paid.",
        task_id=task_id,
        said_by=error,
    )
