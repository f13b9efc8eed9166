"""Both generations of KIE's API, through the sync client, and a few of the cases through the async one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakes import GivenTime

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    InvalidRequestError,
    NoAnswerError,
    RunwayError,
    TaskNotFoundError,
    UnreadableAnswerError,
    VideoExpiredError,
)
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.task_ids import APIS, Api, parse_task_id
from airflow_provider_runway.sandbox import (
    CutAfter,
    CutBefore,
    Expire,
    Fail,
    Garbage,
    Missing,
    NoTaskId,
    NoUrl,
    Refuse,
    Sandbox,
    SandboxTask,
    States,
)

from .clients import AsyncService, Service, SyncService
from .support import ALEPH, EXTEND, GENERATE, JOB

OTHER: dict[Api, Api] = {"runway": "jobs", "jobs": "runway"}


@dataclass
class Party:
    """A client of one of the two kinds at one of the two APIs, and the service that it talks to.

    :param kie: the service; videos take 100 seconds, which pass as the client pauses.
    :param api: the connection's API.
    :param client: the client.
    :param other: a client of the same kind at the other API.
    """

    kie: Sandbox
    api: Api
    client: Service
    other: Service

    def made(self, task_id: str) -> SandboxTask:
        """The task as the service has it."""
        return self.kie.task(parse_task_id(task_id).bare)

    def api_of(self, kind: Kind) -> Api:
        """The API that a task of this kind is made with: jobs know only one."""
        return "jobs" if kind == "job" else self.api

    @property
    def posts(self) -> set[str]:
        """Which APIs were sent submissions."""
        return {"jobs" if "/jobs/" in each.path else "runway" for each in self.kie.ledger.submissions}


@pytest.fixture
def kind_of_client(request: pytest.FixtureRequest) -> Any:
    return getattr(request, "param", SyncService)


# Both clients drive the same flows: a case of each flow is enough for the async one.
BOTH_CLIENTS = pytest.mark.parametrize(
    "kind_of_client", [SyncService, AsyncService], ids=["sync", "async"], indirect=True
)


@pytest.fixture(params=APIS)
def party(request: pytest.FixtureRequest, runway_sandbox: Sandbox, kind_of_client: Any) -> Iterator[Party]:
    runway_sandbox.configure(seconds=100)
    made: list[Service] = []

    def client(api: Api) -> Service:
        address = Address(api_key=runway_sandbox.key, base_url=runway_sandbox.url, api=api)
        time = GivenTime(runway_sandbox.advance)
        made.append(kind_of_client(address, retry_rules=ONE_TRY, clock=time.clock))
        return made[-1]

    yield Party(runway_sandbox, request.param, client(request.param), client(OTHER[request.param]))
    for each in made:
        each.close()


REQUESTS: list[tuple[Request, Kind, str]] = [
    (GENERATE, "runway", "runway"),
    (replace(GENERATE, image_url="https://example.com/fox.png", aspect_ratio=None), "runway", "runway"),
    (ALEPH, "aleph", "runway/gen4-aleph"),
    (JOB, "job", "kling-2.6/text-to-video"),
]
SHOWN = pytest.mark.parametrize(("request_", "kind", "model"), REQUESTS, ids=["text", "image", "aleph", "job"])
EVERY_KIND = pytest.mark.parametrize(("request_", "kind"), [(GENERATE, "runway"), (ALEPH, "aleph"), (JOB, "job")])
BOTH_KINDS = pytest.mark.parametrize(("request_", "kind"), [(GENERATE, "runway"), (ALEPH, "aleph")])


@SHOWN
def test_a_submission_gives_an_id_that_says_which_api_made_it(
    party: Party, request_: Request, kind: Kind, model: str
) -> None:
    task_id = party.client.submit(request_)

    api = party.api_of(kind)
    assert task_id.startswith("jobs:") == (api == "jobs")
    made = party.made(task_id)
    assert (made.api, made.model, made.prompt) == ("jobs" if api == "jobs" else kind, model, request_.prompt)
    assert party.posts == {api}


@SHOWN
def test_a_task_is_seen_in_every_state_up_to_its_video(party: Party, request_: Request, kind: Kind, model: str) -> None:
    task_id = party.client.submit(request_)
    seen = []
    for seconds in (0, 15, 30, 60):
        party.kie.advance(seconds)
        seen.append(party.client.get_task(task_id, kind))

    running = ["generating"] * 3 if (kind, party.api) == ("aleph", "runway") else ["queued", "queued", "generating"]
    assert [str(task.state) for task in seen] == [*running, "success"]
    assert {(task.task_id, task.kind, task.expired) for task in seen} == {(task_id, kind, False)}
    assert [task.video_url for task in seen] == [None, None, None, party.made(task_id).media_urls[0]]


@BOTH_CLIENTS
@EVERY_KIND
def test_a_wait_ends_with_the_video(party: Party, request_: Request, kind: Kind) -> None:
    party.kie.configure(visible_after=25)
    task_id = party.client.submit(request_)

    task = party.client.wait(task_id, kind)

    assert (task.state, task.task_id, task.video_url) == ("success", task_id, party.made(task_id).media_urls[0])
    assert len(party.kie.ledger.charges) == 1


def test_an_extension_names_its_parent_as_it_was_given(party: Party) -> None:
    first = party.client.submit(GENERATE)
    party.client.wait(first)

    second = party.client.submit(replace(EXTEND, task_id=first))

    assert party.client.wait(second).parent_task_id == first
    assert party.made(second).parent_id == parse_task_id(first).bare
    assert party.posts == {party.api}


def test_a_video_of_the_unified_api_is_not_extended_through_the_other(party: Party) -> None:
    source = replace(EXTEND, task_id="jobs:task_1")

    if party.api == "jobs":
        party.client.submit(source)
        assert party.posts == {"jobs"}
    else:
        with pytest.raises(InvalidRequestError, match=r"a task of the API 'jobs', and .* submits with 'runway'"):
            party.client.submit(source)
        assert party.posts == set()


@pytest.mark.parametrize("http_errors", [False, True])
@pytest.mark.parametrize(
    "refusal",
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (402, errors.InsufficientCreditsError),
        (404, errors.NotFoundError),
        (422, errors.RejectedError),
        (429, errors.RateLimitedError),
        (433, errors.QuotaExceededError),
        (451, errors.InputUnreachableError),
        (455, errors.MaintenanceError),
        (500, errors.ServerError),
        (505, errors.FeatureDisabledError),
    ],
)
@pytest.mark.parametrize("request_", [GENERATE, ALEPH])
def test_a_refusal_is_told_by_its_code_and_pays_nothing(
    party: Party, request_: Request, refusal: tuple[int, type[RunwayError]], http_errors: bool
) -> None:
    code, kind_of_error = refusal
    party.kie.configure(http_errors=http_errors)
    party.kie.fault(Refuse(code, "as it is"), on="submit")

    with pytest.raises(kind_of_error) as caught:
        party.client.submit(request_)

    assert (type(caught.value), caught.value.code, caught.value.service_message) == (kind_of_error, code, "as it is")
    assert (party.kie.ledger.charges, party.posts, len(party.kie.ledger.submissions)) == ((), {party.api}, 1)


@BOTH_CLIENTS
@pytest.mark.parametrize(
    "fault",
    [
        CutBefore(),
        CutAfter(),
        NoTaskId(),
        Garbage("html"),
        Garbage("truncated"),
        Garbage("empty"),
        Garbage("shape"),
        Garbage("null"),
        Garbage("html", 502),
        Refuse(504, http_status=504, accepted=True),
        Refuse(408),
    ],
    ids=repr,
)
@EVERY_KIND
def test_what_may_have_been_taken_is_sent_once_and_to_no_other_api(
    party: Party, request_: Request, kind: Kind, fault: Any
) -> None:
    party.kie.fault(fault, on="submit")

    with pytest.raises(AmbiguousSubmissionError, match=f"kind {kind},.* prompt '{request_.prompt}'") as caught:
        party.client.submit(request_)

    assert not caught.value.retryable
    assert (party.posts, len(party.kie.ledger.submissions)) == ({party.api_of(kind)}, 1)


@pytest.mark.parametrize(
    ("message", "reason"),
    [("Your prompt was caught by our AI moderator", "moderation"), ("The server is busy, try again", "capacity")],
)
@EVERY_KIND
def test_a_failure_is_told_with_its_reason(
    party: Party, request_: Request, kind: Kind, message: str, reason: str
) -> None:
    party.kie.fault(Fail(message, 400), on="submit")
    task_id = party.client.submit(request_)

    with pytest.raises(GenerationFailedError) as caught:
        party.client.wait(task_id, kind)

    error = caught.value
    assert (error.reason, error.code, error.service_message, error.task_id) == (reason, 400, message, task_id)
    assert (str(party.client.get_task(task_id, kind).state), party.kie.balance) == (
        "failed",
        party.kie.settings.credits,
    )


@EVERY_KIND
def test_an_expired_video_is_told_where_the_record_tells_it(party: Party, request_: Request, kind: Kind) -> None:
    task_id = party.client.submit(request_)
    party.kie.advance(100)
    party.kie.fault(Expire(), on="record")

    if (party.api, kind) == ("runway", "runway"):
        with pytest.raises(VideoExpiredError) as caught:
            party.client.wait(task_id, kind)
        assert caught.value.task_id == task_id
    else:
        assert party.client.wait(task_id, kind).video_url


@pytest.mark.parametrize("task_id", ["no-such-task", "jobs:no-such-task"])
@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("kind", ["runway", "aleph"])
def test_an_unknown_id_is_not_found(party: Party, kind: Kind, task_id: str, null: bool) -> None:
    party.kie.fault(Missing(null=null), on="record")

    with pytest.raises(TaskNotFoundError, match=f"no record of task {task_id}") as caught:
        party.client.get_task(task_id, kind)
    assert caught.value.task_id == task_id
    with pytest.raises(TaskNotFoundError):
        party.client.wait(task_id, kind)


@pytest.mark.parametrize("garbage", ["html", "truncated", "empty", "shape"])
@EVERY_KIND
def test_a_poll_at_garbage_says_nothing_about_the_task(
    party: Party, request_: Request, kind: Kind, garbage: Any
) -> None:
    task_id = party.client.submit(request_)
    party.kie.fault(Garbage(garbage), on="record", times=2)

    with pytest.raises(UnreadableAnswerError) as caught:
        party.client.get_task(task_id, kind)
    assert caught.value.task_id == task_id
    assert party.client.wait(task_id, kind).video_url


@EVERY_KIND
def test_a_poll_that_is_cut_says_nothing_about_the_task(party: Party, request_: Request, kind: Kind) -> None:
    task_id = party.client.submit(request_)
    party.kie.fault(CutAfter(), on="record", times=2)

    with pytest.raises(NoAnswerError) as caught:
        party.client.get_task(task_id, kind)
    assert caught.value.task_id == task_id
    assert party.client.wait(task_id, kind).video_url


@EVERY_KIND
def test_a_success_whose_link_is_late_is_waited_for(party: Party, request_: Request, kind: Kind) -> None:
    task_id = party.client.submit(request_)
    party.kie.advance(100)
    party.kie.fault(NoUrl(), on="record", times=3)

    first = party.client.get_task(task_id, kind)

    assert (str(first.state), first.video_url) == ("success", None)
    assert party.client.wait(task_id, kind).video_url


@pytest.mark.parametrize("state", [None, "", "SUCCEEDED", "paused"])
def test_a_state_that_nobody_knows_is_waited_out(party: Party, state: str | None) -> None:
    task_id = party.client.submit(GENERATE)
    party.kie.fault(States((state,)), on="record")

    assert str(party.client.get_task(task_id).state) == "unknown"
    assert party.client.wait(task_id).video_url


@BOTH_CLIENTS
@EVERY_KIND
def test_a_task_of_the_other_api_is_found_by_its_id(party: Party, request_: Request, kind: Kind) -> None:
    task_id = party.other.submit(request_)

    found = party.client.wait(task_id, kind)

    assert (found.task_id, found.kind, str(found.state)) == (task_id, kind, "success")


@BOTH_KINDS
def test_a_bare_id_on_a_connection_to_the_unified_api_is_found_wherever_it_is(
    party: Party, request_: Request, kind: Kind
) -> None:
    if party.api == "runway":
        bare = parse_task_id(party.other.submit(request_)).bare
        with pytest.raises(TaskNotFoundError):
            party.client.get_task(bare, kind)
    else:
        own, others = party.client.submit(request_), party.other.submit(request_)
        assert party.client.wait(parse_task_id(own).bare, kind).task_id == own
        assert party.client.wait(others, kind).task_id == others
    assert len(party.kie.ledger.charges) == len(party.kie.tasks)
