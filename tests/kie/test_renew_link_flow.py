from __future__ import annotations

import pytest

from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import DeadLinkError, NoAnswerError, ServerError, VideoExpiredError
from airflow_provider_runway.kie.renew_link_flow import renew_link

from .support import NO_JITTER, READY, Played, play, record, said

DEAD = "https://files.example/v.mp4"


SEVERAL = {"state": "success", "response": {"resultUrls": ["https://f.com/1.png", "https://f.com/2.png"]}}


def renewed(*script: Answer | NoAnswerError, dead: str = DEAD) -> Played[str]:
    return play(renew_link("t-1", "runway", dead, NO_JITTER), script)


def renewed_of_several(*script: Answer, dead: str, position: int) -> Played[str]:
    return play(renew_link("jobs:t-1", "job", dead, NO_JITTER, position=position), script)


def test_a_record_with_another_link_is_enough() -> None:
    played = renewed(said(READY), dead="https://files.example/older.mp4")

    assert (played.result, played.sends) == (DEAD, 1)


def test_where_the_record_still_has_the_dead_link_kie_is_asked_for_a_direct_one() -> None:
    played = renewed(said(READY), said("https://direct.example/v.mp4?expires=1"))

    assert (played.result, played.sends) == ("https://direct.example/v.mp4?expires=1", 2)


def test_the_video_of_the_unified_api_is_renewed_whatever_stands_before_it() -> None:
    links = ["https://f.com/cover.png", DEAD]
    played = play(
        renew_link("jobs:t-1", "runway", "https://f.com/old.mp4", NO_JITTER),
        [said({"state": "success", "response": {"resultUrls": links}})],
    )

    assert played.result == DEAD


def test_a_blip_does_not_lose_the_link() -> None:
    played = renewed(said(READY), NoAnswerError("cut"), said(code=500), said("https://direct.example/v.mp4"))

    assert played.result == "https://direct.example/v.mp4"
    assert len(played.pauses) == 2


@pytest.mark.parametrize(
    "answer", [said(code=422, msg="url is wrong"), said(code=404), said(None), said("no link"), said({"url": "x"})]
)
def test_a_link_that_kie_does_not_give_is_a_distinct_error_that_names_the_task(answer: Answer) -> None:
    error = renewed(said(READY), answer).error

    assert isinstance(error, DeadLinkError)
    assert error.task_id == "t-1"
    assert "ask again later" in str(error)


def test_a_record_of_a_deleted_video_says_so() -> None:
    assert isinstance(renewed(said({**READY, "expireFlag": 1})).error, VideoExpiredError)


@pytest.mark.parametrize("answer", [said(None), said(code=404), said(code=422, msg="recordInfo is null")])
def test_a_record_that_does_not_show_once_does_not_undo_that_the_video_was_made(answer: Answer) -> None:
    error = renewed(answer).error

    assert isinstance(error, DeadLinkError)
    assert error.retryable
    assert error.task_id == "t-1"


def test_a_fault_of_kies_that_stays_is_told_as_such() -> None:
    error = renewed(said(READY), *[said(code=500)] * 4).error

    assert isinstance(error, ServerError)
    assert error.task_id == "t-1"


def test_a_record_that_has_no_link_now_leaves_the_direct_one() -> None:
    assert renewed(said(record("success")), said("https://direct.example/v.mp4")).result


def test_of_several_files_it_is_the_one_that_was_asked_for() -> None:
    played = renewed_of_several(said(SEVERAL), dead="https://f.com/old-2.png", position=1)

    assert (played.result, played.sends) == ("https://f.com/2.png", 1)


@pytest.mark.parametrize(("dead", "position"), [("https://f.com/2.png", 1), ("https://f.com/3.png", 2)])
def test_where_the_record_has_no_other_link_to_that_file_kie_is_asked_for_a_direct_one(
    dead: str, position: int
) -> None:
    direct = said("https://direct.example/x.png")

    assert renewed_of_several(said(SEVERAL), direct, dead=dead, position=position).result == (
        "https://direct.example/x.png"
    )
