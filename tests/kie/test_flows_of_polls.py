"""One poll: what comes of each answer, and what is asked again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    NoAnswerError,
    RunwayError,
    ServiceError,
    TaskNotFoundError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.flows import get_task, told
from airflow_provider_runway.kie.kinds import KINDS, Kind
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.task_ids import APIS, Api

from .support import (
    CODES,
    JSON,
    NO_JITTER,
    READY,
    RECORDS,
    STATUSES,
    body,
    got_task,
    no_answer,
    not_sent,
    play,
    record,
    said,
)


@pytest.mark.parametrize("code", [429, 455, 500, 503])
def test_a_long_pause_that_kie_names_for_a_poll_is_raised_and_not_slept_through(code: int) -> None:
    played = got_task(Answer(200, body(code=code), "31"), said(READY))
    assert played.error is not None
    assert (played.sends, played.error.retry_after) == (1, 31.0)
    assert got_task(Answer(200, body(code=code), "30"), said(READY)).pauses == [30.0]


def test_a_poll_gives_the_task() -> None:
    task = got_task(said(READY)).result
    assert task is not None
    assert (task.task_id, task.state, task.video_url) == ("t-1", "success", "https://files.example/v.mp4")


@pytest.mark.parametrize(
    "answer",
    [
        said(code=404, msg="task not found", status=404),
        said(code=404),
        said(code=422, msg="recordInfo is null"),
        said(code=422, msg="Record does not exist"),
        said(None),
        said({}),
        Answer(200, b'{"code": 200, "msg": "success"}'),
    ],
)
def test_a_task_without_a_record_is_not_found(answer: Answer) -> None:
    played = got_task(answer)
    assert type(played.error) is TaskNotFoundError
    assert played.error.task_id == "t-1"
    assert "no record of task t-1" in str(played.error)
    assert played.sends == 1


def test_a_404_that_is_not_of_the_api_is_not_about_the_task() -> None:
    error = got_task(Answer(404, b"<html>Not Found</html>")).error
    assert type(error) is errors.NotFoundError
    assert error.task_id == "t-1"


def test_a_success_under_http_404_is_not_about_the_task() -> None:
    assert type(got_task(said(READY, status=404)).error) is errors.NotFoundError


@pytest.mark.parametrize(
    "fault",
    [
        not_sent(),
        no_answer(),
        said(code=408),
        said(code=429),
        said(code=455),
        said(code=500),
        said(code=501),
        Answer(502, b""),
        Answer(200, b""),
        Answer(200, b"<html>"),
    ],
)
def test_a_poll_is_repeated_after_what_passes(fault: Answer | RunwayError) -> None:
    played = got_task(fault, fault, said(READY))
    assert (played.error, played.sends) == (None, 3)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 405, 433, 451, 505])
def test_a_poll_is_not_repeated_after_what_stays(code: int) -> None:
    played = got_task(said(code=code))
    assert played.sends == 1
    assert isinstance(played.error, ServiceError)
    assert (played.error.code, played.error.task_id) == (code, "t-1")


def test_polls_end_with_the_tries_and_name_the_task() -> None:
    played = got_task(*[no_answer() for _ in range(4)])
    assert isinstance(played.error, NoAnswerError)
    assert (played.error.task_id, played.sends, played.pauses) == ("t-1", 4, [1.0, 2.0, 4.0])


@pytest.mark.parametrize("named", ["t-2", "t-11", "jobs:t-2", 7, "T"])
@pytest.mark.parametrize("kind", ["runway", "aleph", "job"])
def test_a_record_of_another_task_is_not_this_task(named: Any, kind: Kind) -> None:
    error = play(get_task("jobs:t-1", kind, NO_JITTER), [said({**READY, "taskId": named})]).error
    assert isinstance(error, UnreadableAnswerError)
    assert (error.task_id, error.retryable) == ("jobs:t-1", True)
    assert f"the record of another task, {named}" in str(error)


@pytest.mark.parametrize("named", ["t-1", " T-1 ", "jobs:t-1", "JOBS:T-1", "", None, [], {"id": 1}, "two words", True])
@pytest.mark.parametrize("asked", ["t-1", "jobs:t-1"])
def test_a_record_that_names_the_task_loosely_or_not_at_all_is_taken(named: Any, asked: str) -> None:
    task = play(get_task(asked, "runway", NO_JITTER), [said({**READY, "taskId": named})]).result
    assert task is not None
    assert task.task_id == asked


def test_a_text_of_any_size_that_comes_with_a_missing_record_is_one_short_line() -> None:
    error = got_task(said(code=422, msg="\x1b[31m gone\n" * 100_000)).error
    assert str(error).isprintable()
    assert len(str(error)) < 500


def test_what_cannot_be_a_task_id_is_not_looked_up() -> None:
    played = play(get_task("two words", "runway", NO_JITTER), [])
    assert type(played.error) is errors.InvalidRequestError
    assert played.sends == 0


def test_an_aleph_task_is_read_as_one() -> None:
    played = play(get_task("t-1", "aleph", NO_JITTER), [said({"taskId": "t-1", "successFlag": 0})])
    assert played.result is not None
    assert played.result.kind == "aleph"


def test_a_record_of_another_shape_is_a_task_in_an_unknown_state() -> None:
    task = got_task(said(record(None))).result
    assert task is not None
    assert task.state == "unknown"


@given(
    st.lists(
        st.builds(Answer, STATUSES, st.binary() | st.builds(body, JSON | RECORDS, code=CODES, msg=JSON)), min_size=2
    ),
    st.sampled_from(["t-1", "jobs:t-1"]),
    st.sampled_from(KINDS),
    st.sampled_from(APIS),
)
def test_any_answer_to_a_poll_is_a_task_or_one_of_our_errors(
    answers: list[Answer], task_id: str, kind: Kind, api: Api
) -> None:
    played = play(get_task(task_id, kind, ONE_TRY, api), answers)
    assert (played.result is None) != (played.error is None)
    assert played.error is None or played.error.task_id == task_id
    assert played.result is None or played.result.task_id in {"t-1", "jobs:t-1"}
    assert played.sends <= 2


UNKNOWN = said(None, code=422, msg="recordInfo is null")


JOB_RECORD = said({"state": "generating"})


def test_a_bare_id_that_the_unified_api_knows_is_called_by_its_whole_name() -> None:
    played = play(get_task("t-1", "runway", NO_JITTER, "jobs"), [JOB_RECORD])
    assert played.result is not None
    assert (played.result.task_id, played.sends) == ("jobs:t-1", 1)


def test_a_bare_id_that_the_unified_api_does_not_know_is_looked_for_at_the_dedicated_endpoints() -> None:
    played = play(get_task("t-1", "runway", NO_JITTER, "jobs"), [UNKNOWN, said(READY)])
    assert played.result is not None
    assert (played.result.task_id, played.sends) == ("t-1", 2)


@pytest.mark.parametrize("fault", [no_answer(), said(code=500), said(code=401), Answer(200, b"<html>")])
def test_only_an_unknown_id_is_looked_for_elsewhere(fault: Answer | RunwayError) -> None:
    played = play(get_task("t-1", "runway", ONE_TRY, "jobs"), [fault])
    assert played.error is not None
    assert (isinstance(played.error, TaskNotFoundError), played.sends) == (False, 1)


@pytest.mark.parametrize("cut", [GeneratorExit, KeyboardInterrupt, TimeoutError])
def test_a_poll_that_is_cut_off_is_none_that_went_well(cut: type[BaseException]) -> None:
    polls: list[RunwayError | None] = []
    flow = told(get_task("t-1", "runway", ONE_TRY), polls.append)
    next(flow)
    with pytest.raises(cut):
        flow.throw(cut())
    assert polls == []
