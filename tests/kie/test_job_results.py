"""What came of a job, in the shapes that KIE's models have, and in those that none should have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from airflow_provider_runway.kie.job_results import JobOutcome, read_outcome
from airflow_provider_runway.kie.judging import Verdict, judge
from airflow_provider_runway.kie.poll_state import Finished, PollState
from airflow_provider_runway.kie.tasks import read_job_record

from .support import JSON

SONG = {
    "id": "s-1",
    "title": "Fox",
    "duration": 198.4,
    "audio_url": "https://f.com/a.mp3",
    "stream_audio_url": "https://f.com/stream/a",
    "image_url": "https://f.com/a.jpeg",
}
OTHER_SONG = {"id": "s-2", "audio_url": "https://f.com/b.mp3", "image_url": "https://f.com/b.jpeg"}
SONGS = ("https://f.com/a.mp3", "https://f.com/a.jpeg", "https://f.com/b.mp3", "https://f.com/b.jpeg")
LYRICS = {"resultObject": {"lyricsData": [{"title": "Fox", "text": "[Verse]\nSnow", "status": "complete"}]}}
V, W, P, Q = "https://f.com/v.mp4", "https://f.com/w", "https://f.com/p.png", "https://f.com/q"


@pytest.mark.parametrize(
    ("result", "links", "video", "picture"),
    [
        ({"resultUrls": [V, W]}, (V, W), V, None),
        ({"resultUrls": [P, V]}, (P, V), V, None),
        ({"resultUrls": V, "firstFrameUrl": P}, (V, P), V, P),
        ({"lastFrameUrl": [Q], "firstFrameUrl": [P], "resultUrls": [V]}, (V, Q, P), V, P),
        ({"resultUrls": [V], "lastFrameUrl": [Q]}, (V, Q), V, Q),
        ({"data": [SONG, OTHER_SONG]}, SONGS, SONGS[0], SONGS[1]),
        ({"sunoData": [{"audioUrl": W}]}, (W,), W, None),
        ({"audioWavUrl": W}, (W,), W, None),
        ({"response": {"sunoData": [{"audioUrl": W, "imageUrl": P}]}}, (W, P), W, P),
        ({"image_url": P, "video_url": W}, (P, W), W, P),
        ({"video_cover_url": P, "audio_url": Q}, (P, Q), P, None),
        ({"resultObject": {"maskUrls": [P, Q]}}, (P, Q), P, None),
        ({"resultObject": json.dumps({"videoUrl": W})}, (W,), W, None),
        ([V], (V,), V, None),
        (V, (V,), V, None),
        ({"resultUrls": [V, V, " " + V + "\n"]}, (V,), V, None),
        ({"streamAudioUrl": W}, (W,), W, None),
        ({"text": "https://f.com is a page", "resultUrls": [V]}, (V,), V, None),
        ({"resultUrls": [V], "x": "https://f.com/" + "x" * 9000}, (V,), V, None),
    ],
)
@pytest.mark.parametrize("as_text", [True, False])
def test_every_link_is_found_and_the_video_among_them(
    result: Any, links: tuple[str, ...], video: str, picture: str | None, as_text: bool
) -> None:
    for outcome in (
        read_outcome(json.dumps(result) if as_text else result, None),
        read_outcome("", json.dumps(result) if as_text else result),
        read_outcome(result, result),
    ):
        assert (outcome.links, outcome.video, outcome.picture) == (links, video, picture)


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (LYRICS, LYRICS),
        ({"data": [OTHER_SONG]}, {"data": [OTHER_SONG]}),
        ("Only text.", "Only text."),
        ([1, 2], [1, 2]),
        ({"resultObject": {"count": 3}}, {"resultObject": {"count": 3}}),
        ({"text": "a\0b\ud800", "x": float("inf")}, {"text": "a?b?", "x": None}),
        ({"resultUrls": [V], "firstFrameUrl": []}, None),
        ({"resultUrls": []}, None),
        ({"resultObject": {"lyricsData": [{}]}}, None),
        ({"resultObject": ""}, None),
        ("", None),
        (" ", None),
        ("{", None),
        ('{"resultUrls": ["https://f.co', None),
        ("[" * 100_000, None),
        (None, None),
        ({"resultUrls": [None, ""]}, None),
    ],
)
def test_a_result_is_kept_where_it_is_more_than_links(result: Any, kept: Any) -> None:
    assert read_outcome(result, None).result == kept
    assert read_outcome(None, result).result == kept


@pytest.mark.parametrize(
    ("result", "links", "kept"),
    [
        ({"resultUrls": ["https://a.example/a fox.png"]}, ("https://a.example/a%20fox.png",), None),
        ({"image_url": "https://a.example/a fox.png"}, ("https://a.example/a%20fox.png",), None),
        ({"text": "https://a.example has it"}, (), {"text": "https://a.example has it"}),
        ("https://a.example has it", (), "https://a.example has it"),
    ],
)
def test_a_text_with_blanks_that_begins_like_a_link_is_one_where_links_stand(
    result: Any, links: tuple[str, ...], kept: Any
) -> None:
    outcome = read_outcome(json.dumps(result), None)
    assert (outcome.links, outcome.result) == (links, kept)


def test_a_result_that_is_nested_without_end_is_cut_off() -> None:
    nested: Any = V
    for _ in range(500):
        nested = {"a": [nested]}
    outcome = read_outcome({"text": "x", "nested": nested}, None)
    assert outcome.links == ()
    assert len(json.dumps(outcome.result)) < 300


def test_no_more_than_some_hundred_links_are_taken() -> None:
    assert len(read_outcome({"resultUrls": [f"https://f.com/{n}" for n in range(1000)]}, None).links) == 200


@pytest.mark.parametrize("result", [LYRICS, {"data": [SONG]}, {"audioWavUrl": W}])
def test_a_job_with_any_of_these_is_done(result: Any) -> None:
    for field in ({"resultJson": json.dumps(result)}, {"response": result}):
        task = read_job_record({"state": "success", **field}, "jobs:t-1", "job")
        assert task is not None
        assert judge(task).verdict is Verdict.DONE
        assert hash(task)


def test_lyrics_are_no_video() -> None:
    task = read_job_record({"state": "success", "response": LYRICS}, "jobs:t-1", "runway")
    assert task is not None
    assert judge(task).verdict is Verdict.WAIT


@pytest.mark.parametrize("result", [{}, "", {"resultUrls": []}, None])
def test_a_job_whose_result_has_not_come_yet_is_waited_on(result: Any) -> None:
    task = read_job_record({"state": "success", "response": result}, "jobs:t-1", "job")
    assert task is not None
    assert judge(task).verdict is Verdict.WAIT


@given(JSON, JSON)
def test_anything_has_an_outcome_that_can_be_stored(result_json: Any, response: Any) -> None:
    outcome = read_outcome(result_json, response)
    assert isinstance(outcome, JobOutcome)
    assert outcome.video in {None, *outcome.links}
    assert json.dumps(outcome.result, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("result", "early"),
    [
        ({"resultUrls": [], "seed": 7}, True),
        ({"resultUrls": [None], "text": "a"}, True),
        ({"resultUrls": None, "progress": 10}, True),
        ({"code": 200}, True),
        ({"resultObject": {"status": "pending"}}, True),
        (LYRICS, False),
        ("Only text.", False),
        ({"code": 200, "text": "a"}, False),
        ({"resultUrls": [V], "seed": 7}, False),
    ],
)
def test_links_that_may_still_come_are_given_the_time_of_a_link(result: Any, early: bool) -> None:
    task = read_job_record({"state": "success", "response": result}, "jobs:t-1", "job")
    assert task is not None
    assert judge(task).verdict is Verdict.DONE
    state = PollState("jobs:t-1", deadline=1000.0)
    steps = [state.saw(task, now) for now in (0.0, 12.0, 24.0, 36.0, 48.0, 60.0)]
    assert [isinstance(step, Finished) for step in steps] == [not early] * 5 + [True]
    assert isinstance(PollState("jobs:t-1", deadline=1000.0, settled=True).saw(task, 0.0), Finished)
