from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    GenerationFailedError,
    NoAnswerError,
    PollingFailedError,
    RunwayError,
    TaskNotFoundError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.poll_state import PollRules, PollState
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.kie.wait_flow import wait

from .support import READY, Played, play, record, said

GENERATING = said(record("generating"))


def waited(
    *script: Answer | RunwayError, deadline: float = 1000.0, times: Iterable[float] | None = None
) -> tuple[Played[VideoTask], list[tuple[str, float]]]:
    """Play a wait whose clock moves on by ten seconds with each reading."""
    news: list[tuple[str, float]] = []
    clock = iter(times if times is not None else range(0, 100_000, 10))
    poll_state = PollState("t-1", deadline=deadline, rules=PollRules(jitter=lambda: 0.0))
    flow = wait(poll_state, "runway", clock=lambda: float(next(clock)), on_change=lambda *change: news.append(change))
    return play(flow, script), news


def test_a_wait_goes_from_poll_to_poll_until_the_video_is_there() -> None:
    played, news = waited(said(record("wait")), said(record("queueing")), GENERATING, said(READY), times=[0, 1, 1] * 9)
    assert played.result is not None
    assert played.result.video_url == "https://files.example/v.mp4"
    assert (played.sends, played.pauses) == (4, [10.0, 10.0, 10.0])
    assert [state for state, _ in news] == ["queued", "generating"]


def test_changes_are_told_with_the_seconds_waited() -> None:
    _, news = waited(said(record("wait")), GENERATING, said(READY), times=[100, 105, 105, 140, 140, 150])
    assert news == [("queued", 5.0), ("generating", 40.0)]


def test_nobody_has_to_listen() -> None:
    poll_state = PollState("t-1", deadline=1000.0)
    assert play(wait(poll_state, "runway", clock=lambda: 0.0), [GENERATING, said(READY)]).result is not None


def test_a_blip_a_missing_record_and_null_data_do_not_end_a_wait() -> None:
    blips: list[Any] = [NoAnswerError("x"), said(code=500), Answer(502, b""), said(code=429), said(None)]
    played, _ = waited(said(code=422), GENERATING, *blips, GENERATING, said(READY))
    assert played.error is None
    assert played.sends == 9


def test_each_poll_is_sent_once_as_the_poll_state_itself_is_patient() -> None:
    played, _ = waited(*[NoAnswerError("x") for _ in range(6)], deadline=100_000.0)
    assert isinstance(played.error, PollingFailedError)
    assert (played.sends, played.pauses) == (6, [10.0, 20.0, 40.0, 80.0, 120.0])


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([said(record("fail", failCode=400, failMsg="NSFW"))], GenerationFailedError),
        ([said(code=401)], AuthenticationError),
        ([said(code=422)] * 9, TaskNotFoundError),
        ([GENERATING] * 60, WaitTimeoutError),
    ],
)
def test_a_wait_that_ends_without_a_video_says_why(script: list[Answer], kind: type[RunwayError]) -> None:
    played, _ = waited(*script)
    assert type(played.error) is kind
    assert played.error.task_id == "t-1"
