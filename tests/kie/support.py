"""What the tests of the service layer share: sample requests, KIE's answers, and a player of flows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import strategies as st

from airflow_provider_runway.kie.api import destination, submission_call
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    InvalidRequestError,
    NoAnswerError,
    NotSentError,
    RunwayError,
)
from airflow_provider_runway.kie.flows import Flow, Pause, Send, get_task, submit
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest, JobRequest, Request
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import EXTENSION_MODEL, VideoTask

T = TypeVar("T")

GENERATE = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")
ALEPH = AlephRequest(prompt="Make it snow", video_url="https://example.com/fox.mp4")
JOB = JobRequest(model="kling-2.6/text-to-video", input={"prompt": "A hare in the snow", "duration": "5"})
EXTEND = ExtendRequest(task_id="source-1", prompt="The fox looks up")
# One request of each kind, and the kind of the task that it makes.
EVERY_REQUEST: list[tuple[Request, Kind]] = [(GENERATE, "runway"), (EXTEND, "runway"), (ALEPH, "aleph"), (JOB, "job")]


def call_of(request: Request, api: Api = "runway") -> Call:
    """The call that submits a request through a connection of that API."""
    return submission_call(request, destination(request, api))


NO_JITTER = RetryRules(tries=4, jitter=lambda: 0.0)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
LINKS = st.fixed_dictionaries({}, optional=dict.fromkeys(("videoUrl", "imageUrl", "videoId", "resultVideoUrl"), JSON))
OUR_NAMES = ("taskId", "parentTaskId", "state", "failCode", "failMsg", "expireFlag")
ALEPH_NAMES = ("successFlag", "errorCode", "errorMessage", "completeTime")
JOB_RESULT = st.fixed_dictionaries({}, optional=dict.fromkeys(("resultUrls", "firstFrameUrl", "input"), JSON | LINKS))
# Records of every family, with the right names and anything behind them.
RECORDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys((*OUR_NAMES, *ALEPH_NAMES), JSON)
    | dict.fromkeys(("videoInfo", "response"), JSON | LINKS | JOB_RESULT)
    | dict.fromkeys(("resultJson", "param"), JSON | JOB_RESULT | JOB_RESULT.map(json.dumps) | JSON.map(json.dumps))
    | {"model": JSON | st.just(EXTENSION_MODEL)},
)
# Keys that a header can carry, each with a mark to find it by.
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4).map("Zq7#".__add__)
STATUSES = st.sampled_from(
    [
        *(100, 101, 103, 200, 201, 202, 204, 206, 300, 301, 302, 304, 307, 308),
        *(400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 422, 425, 429, 431, 433, 451, 455, 499),
        *(500, 501, 502, 503, 504, 505, 520, 521, 522, 523, 524, 525, 526, 527, 530, 531, 550, 598, 599),
    ]
)
CODES: st.SearchStrategy[Any] = STATUSES | st.sampled_from(
    [0, 1, -1, 199, 1000, 5000, 10**30, "200", "0", "429", "422", "x", "", None, True, False, 200.0, 200.5, [], {}]
)


def body(data: Any = None, *, code: Any = 200, msg: Any = "success") -> bytes:
    """KIE's envelope as bytes."""
    return json.dumps({"code": code, "msg": msg, "data": data}).encode()


def said(data: Any = None, *, code: Any = 200, msg: Any = "success", status: int = 200) -> Answer:
    """An answer in KIE's envelope."""
    return Answer(status, body(data, code=code, msg=msg))


def record(state: Any, **fields: Any) -> dict[str, Any]:
    """The ``data`` of a record-detail answer."""
    return {"taskId": "t-1", "parentTaskId": "", "state": state, **fields}


READY = record("success", videoInfo={"videoId": "v-1", "videoUrl": "https://files.example/v.mp4"})


@dataclass(frozen=True)
class Played(Generic[T]):
    """How a flow went."""

    result: T | None
    error: RunwayError | None
    sends: int
    pauses: list[float]


def play(flow: Flow[T], script: Iterable[Answer | RunwayError]) -> Played[T]:
    """Drive a flow with a script of answers and faults, without a clock."""
    events = iter(script)
    sends = 0
    pauses: list[float] = []
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = next(flow)
                continue
            assert isinstance(step, Send)
            sends += 1
            event = next(events)
            step = flow.throw(event) if isinstance(event, RunwayError) else flow.send(event)
    except StopIteration as end:
        return Played(end.value, None, sends, pauses)
    except RunwayError as error:
        return Played(None, error, sends, pauses)


TAKEN = said({"taskId": "t-1"})


def not_sent() -> RunwayError:
    return NotSentError("KIE.AI could not be reached (ConnectError). Nothing was sent.")


def no_answer() -> RunwayError:
    return NoAnswerError("No whole answer came back from KIE.AI (ReadTimeout).")


def submitted(*script: Answer | RunwayError, retry_rules: RetryRules = NO_JITTER) -> Played[str]:
    return play(submit(GENERATE, retry_rules), script)


def got_task(*script: Answer | RunwayError, retry_rules: RetryRules = NO_JITTER) -> Played[VideoTask]:
    return play(get_task("t-1", "runway", retry_rules), script)


def generate(**fields: Any) -> GenerateRequest:
    return GenerateRequest(**{"prompt": "A fox", "aspect_ratio": "16:9", **fields})


def extend(**fields: Any) -> ExtendRequest:
    return ExtendRequest(**{"task_id": "t-1", "prompt": "It runs", **fields})


def aleph(**fields: Any) -> AlephRequest:
    return AlephRequest(**{"prompt": "Make it snow", "video_url": "https://example.com/fox.mp4", **fields})


def job(**fields: Any) -> JobRequest:
    return JobRequest(**{"model": "kling-2.6/text-to-video", "input": {"prompt": "A hare"}, **fields})


def refused(field: str, make: Any, **fields: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        make(**fields)
    assert caught.value.field == field
    assert not caught.value.retryable
    return str(caught.value)
