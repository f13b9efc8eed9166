"""What KIE's answers to submissions say, where that is not simply the id of a new task."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, NoAnswerError, RejectedError, RunwayError
from airflow_provider_runway.kie.flows import submit
from airflow_provider_runway.kie.requests import TaskRequest
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.tasks import VideoTask

from .support import Played, play, said

COPY = {"endpoint": "veo/get-4k-video", "body": {"taskId": "v-1", "index": 1}}
COVER = {"endpoint": "suno/cover/generate", "body": {"taskId": "song-1"}}
STYLE = {"endpoint": "style/generate", "body": {"content": "warm"}}


def sent(request: dict[str, Any], answer: Answer | RunwayError) -> tuple[Played[str], list[VideoTask]]:
    answers: list[VideoTask] = []
    return play(submit(TaskRequest(**request), ONE_TRY, on_answer=answers.append), [answer]), answers


def test_a_dedicated_task_has_kies_id_whatever_the_api_of_the_connection() -> None:
    request = TaskRequest(endpoint="veo/generate", body={"prompt": "A fox"})
    assert play(submit(request, ONE_TRY, "jobs"), [said({"taskId": "v-1"})]).result == "v-1"


@pytest.mark.parametrize(
    "answer",
    [
        said({"taskId": "v-1", "resultUrls": None}),
        said({"taskId": "another"}),
        said({"taskId": "v-1"}, code=422, msg="4k is processing. It should be ready in 5-10 minutes."),
        said({"resultUrls": ["https://f.com/v.mp4"]}, code=422, msg="The video has been generated successfully"),
        NoAnswerError("The connection was cut."),
        Answer(504, b"<html>"),
    ],
)
def test_a_larger_copy_is_ordered_whatever_becomes_of_the_answer(answer: Answer | RunwayError) -> None:
    played, answers = sent(COPY, answer)
    assert (played.result, answers) == ("v-1#1", [])


@pytest.mark.parametrize("code", [401, 402, 422])
def test_a_larger_copy_can_be_refused(code: int) -> None:
    played, _ = sent(COPY, said(code=code, msg="Record does not exist"))
    assert played.error is not None
    assert "Nothing was paid" in str(played.error)


def test_a_song_that_has_a_cover_gets_no_other_one_and_no_doubt() -> None:
    played, _ = sent(COVER, said({"taskId": "cover-1"}, code=400, msg="The cover has been generated already"))
    assert played.result == "cover-1"


def test_a_cover_that_is_refused_with_the_id_of_its_song_is_refused() -> None:
    played, _ = sent(COVER, said({"taskId": "song-1"}, code=422, msg="no such song"))
    assert isinstance(played.error, RejectedError)
    assert played.error.task_id is None


@pytest.mark.parametrize("data", [{"taskId": "s-1", "result": "slow"}, {"alignedWords": []}, {"personaId": "p-1"}])
def test_what_kie_answers_at_once_is_handed_over_with_an_id_of_its_own(data: dict[str, Any]) -> None:
    played, [task] = sent(STYLE, said(data))
    assert played.result == task.task_id
    assert task.task_id == data.get("taskId", task.task_id)
    assert (task.kind, task.result) == ("answer", data)
    assert sent(STYLE, said(data))[0].result == played.result


def test_an_answer_that_is_lost_is_in_doubt() -> None:
    played, answers = sent(STYLE, NoAnswerError("The connection was cut."))
    assert isinstance(played.error, AmbiguousSubmissionError)
    assert "kind answer, endpoint style/generate" in str(played.error)
    assert answers == []
