"""Records of the families with endpoints of their own: as recorded, as the pages have them, and as none should be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.families import FAMILIES
from airflow_provider_runway.kie.family_records import format_copy_id, parse_copy_id, read_answer, read_upscaling
from airflow_provider_runway.kie.judging import Verdict, judge
from airflow_provider_runway.kie.kinds import KINDS, Kind
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import TaskState, VideoTask

from .support import JSON

X = "https://f.com/x"
ID = "6f1c0e2b9a7d4c538e21b4f6a0d9c3e7"
V, W, A, B, P = (
    "https://f.com/v.mp4",
    "https://f.com/w.mp4",
    "https://f.com/a.mp3",
    "https://f.com/b.mp3",
    "https://f.com/p.png",
)
SONG = {
    "id": "s-1",
    "audioUrl": A,
    "streamAudioUrl": "https://f.com/s",
    "imageUrl": P,
    "title": "Fox",
    "duration": 198.4,
}
OTHER = {**SONG, "id": "s-2", "audioUrl": B}
UNFINISHED = {**SONG, "id": "s-2", "audioUrl": ""}


def read(kind: Kind, data: Any) -> VideoTask:
    task = FAMILIES["runway", kind].read(data, ID)
    assert task is not None
    return task


def test_a_veo_video_that_is_being_made_as_it_was_recorded() -> None:
    task = read(
        "veo",
        {
            "taskId": ID,
            "paramJson": json.dumps({"prompt": "A fox", "aspectRatio": "16:9"}),
            "completeTime": None,
            "response": None,
            "successFlag": 0,
            "errorCode": None,
            "errorMessage": "",
            "createTime": 1_764_000_000_000,
            "fallbackFlag": False,
        },
    )
    assert (task.state, task.raw_state, task.video_url, task.completed_at) == (
        "generating",
        "successFlag 0",
        None,
        None,
    )
    assert judge(task).verdict is Verdict.WAIT


def test_a_veo_video_that_is_ready_as_it_was_recorded() -> None:
    task = read(
        "veo",
        {
            "taskId": ID,
            "paramJson": json.dumps({"prompt": "It goes on", "taskId": "earlier"}),
            "completeTime": 1_764_000_100_000,
            "response": {"taskId": ID, "resultUrls": [V], "originUrls": None, "resolution": "1080p"},
            "successFlag": 1,
            "errorCode": None,
            "errorMessage": "",
        },
    )
    assert (task.state, task.video_url, task.result_urls, task.result_types) == ("success", V, (V,), ("video",))
    assert (task.result, task.parent_task_id) == (None, "earlier")
    assert task.completed_at is not None


GENERATING, SUCCESS, FAILED, QUEUED, UNKNOWN = (
    TaskState.GENERATING,
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.QUEUED,
    TaskState.UNKNOWN,
)


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        *(("veo", {"successFlag": flag}, FAILED) for flag in (2, 3, "2", 3.0)),
        *(("flux-kontext", {"successFlag": flag}, FAILED) for flag in (2, 3)),
        *(("suno-midi", {"successFlag": flag}, FAILED) for flag in (2, 3)),
        ("suno-cover", {"successFlag": 0}, QUEUED),
        ("suno-cover", {"successFlag": 2}, GENERATING),
        ("suno-cover", {"successFlag": 3}, FAILED),
        ("veo", {"successFlag": 0, "errorCode": 500, "errorMessage": "x"}, GENERATING),
        ("veo", {"successFlag": 7}, UNKNOWN),
        ("veo", {"successFlag": None}, UNKNOWN),
        ("veo", {"successFlag": True}, UNKNOWN),
        ("4o-image", {"status": "GENERATING", "successFlag": 1}, GENERATING),
        ("4o-image", {"status": "CREATE_TASK_FAILED"}, FAILED),
        ("4o-image", {"status": "generate_failed"}, FAILED),
        ("suno", {"status": "PENDING"}, QUEUED),
        ("suno", {"status": "TEXT_SUCCESS"}, GENERATING),
        ("suno", {"status": "FIRST_SUCCESS", "response": {"sunoData": [SONG, UNFINISHED]}}, GENERATING),
        *(("suno", {"status": word}, FAILED) for word in ("CREATE_TASK_FAILED", "GENERATE_AUDIO_FAILED")),
        ("suno", {"status": "SENSITIVE_WORD_ERROR"}, FAILED),
        ("suno", {"status": "A_NEW_WORD"}, UNKNOWN),
        ("suno-lyrics", {"status": "GENERATE_LYRICS_FAILED"}, FAILED),
        ("suno-wav", {"successFlag": "PENDING"}, QUEUED),
        ("suno-wav", {"successFlag": "GENERATE_WAV_FAILED"}, FAILED),
        ("suno-mp4", {"successFlag": "GENERATE_MP4_FAILED"}, FAILED),
        ("suno-vocals", {"successFlag": "GENERATE_AUDIO_FAILED"}, FAILED),
    ],
)
def test_each_family_has_words_of_its_own_for_its_states(kind: Kind, fields: dict[str, Any], state: TaskState) -> None:
    assert read(kind, {"taskId": ID, **fields}).state is state


WELL = {"successFlag": "SUCCESS", "errorCode": 200}
SONGS = {"sunoData": [SONG, OTHER]}
PICTURE = {"originImageUrl": W, "resultImageUrl": P}
STEMS = {
    "vocalUrl": A,
    "instrumentalUrl": B,
    "originUrl": W,
    "originData": [{"id": "o-1", "audio_url": "https://f.com/o"}],
}
INSTRUMENTS = {"state": "complete", "instruments": [{"name": "Piano", "notes": [{"pitch": 60, "start": 0.5}]}]}
LYRICS = {"taskId": ID, "data": [{"text": "[Verse]\nSnow", "title": "Fox", "status": "complete", "errorMessage": ""}]}


@pytest.mark.parametrize(
    ("kind", "fields", "links", "types", "keeps_object"),
    [
        ("veo", {"successFlag": 1, "response": {"resultUrls": json.dumps([V])}}, (V,), ("video",), False),
        (
            "veo",
            {"successFlag": 1, "response": {"originUrls": [W], "resultUrls": [V], "fullResultUrls": [X]}},
            (V, W, X),
            ("video", "video", "video"),
            False,
        ),
        ("4o-image", {"status": "SUCCESS", "response": {"resultUrls": [X]}}, (X,), ("image",), False),
        ("flux-kontext", {"successFlag": 1, "response": PICTURE}, (P,), ("image",), False),
        ("suno", {"status": "SUCCESS", "response": SONGS}, (A, P, B), ("audio", "image", "audio"), True),
        ("suno-lyrics", {"status": "SUCCESS", "response": LYRICS}, (), (), True),
        ("suno-wav", {**WELL, "response": {"audioWavUrl": X}}, (X,), ("audio",), False),
        ("suno-mp4", {"successFlag": "SUCCESS", "response": {"videoUrl": X}}, (X,), ("video",), False),
        ("suno-vocals", {"successFlag": "SUCCESS", "response": STEMS}, (A, B), ("audio", "audio"), True),
        ("suno-midi", {"successFlag": 1, "midiData": INSTRUMENTS}, (), (), True),
        ("suno-midi", {"successFlag": 1, "midiData": json.dumps(INSTRUMENTS)}, (), (), True),
        ("suno-cover", {"successFlag": 1, "errorCode": 200, "response": {"images": [P]}}, (P,), ("image",), False),
    ],
)  # fmt: skip
def test_what_has_come_of_a_task_is_found_where_its_family_has_it(
    kind: Kind, fields: dict[str, Any], links: tuple[str, ...], types: tuple[str, ...], keeps_object: bool
) -> None:
    task = read(kind, {"taskId": ID, **fields})

    assert (task.state, task.result_urls, task.result_types) == ("success", links, types)
    assert (task.result is not None) is keeps_object
    assert (judge(task).verdict, task.is_unforeseen, task.result_is_early) == (Verdict.DONE, False, False)


def test_the_object_has_all_that_the_family_tells_but_the_id() -> None:
    assert read("suno-lyrics", {"status": "SUCCESS", "response": LYRICS}).result == {"data": LYRICS["data"]}
    assert read("suno-vocals", {"successFlag": "SUCCESS", "response": STEMS}).result == STEMS
    assert read("suno-midi", {"successFlag": 1, "midiData": INSTRUMENTS}).result == INSTRUMENTS


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        ("4o-image", {"successFlag": 1}, SUCCESS),
        ("4o-image", {"status": None, "successFlag": "1"}, SUCCESS),
        ("veo", {"status": "SUCCESS"}, SUCCESS),
        ("veo", {"state": "success"}, SUCCESS),
        ("veo", {"successFlag": "SUCCESS"}, SUCCESS),
        ("suno-wav", {"successFlag": 1}, SUCCESS),
        ("suno-wav", {"successFlag": 3}, FAILED),
        ("suno-wav", {"successFlag": 2}, UNKNOWN),
        ("veo", {"successFlag": "GENERATE_FAILED"}, FAILED),
        ("veo", {"status": "generating"}, UNKNOWN),
        ("veo", {"successFlag": 0, "status": "SUCCESS"}, GENERATING),
    ],
)
def test_an_end_in_the_words_of_another_family_is_one(kind: Kind, fields: dict[str, Any], state: TaskState) -> None:
    task = read(kind, {"taskId": ID, **fields, "response": {"resultUrls": [X]}, "errorMessage": "x"})

    assert (task.state, task.is_unforeseen) == (state, state is SUCCESS)
    assert task.result_urls == (X,)


@pytest.mark.parametrize(
    ("songs", "state", "is_early"),
    [
        ([SONG, OTHER], SUCCESS, False),
        ([SONG], SUCCESS, True),
        ([SONG, UNFINISHED], SUCCESS, True),
        ([UNFINISHED], GENERATING, False),
        ([], GENERATING, False),
        (None, GENERATING, False),
    ],
)
def test_a_callback_that_kie_could_not_deliver_is_a_success_if_there_is_sound(
    songs: Any, state: TaskState, is_early: bool
) -> None:
    task = read("suno", {"status": "CALLBACK_EXCEPTION", "response": {"taskId": ID, "sunoData": songs}})
    assert task.state is state
    assert judge(task).is_early is is_early


@pytest.mark.parametrize(
    ("kind", "field", "response", "state"),
    [
        ("suno-lyrics", "status", LYRICS, SUCCESS),
        ("suno-lyrics", "status", {"taskId": ID, "data": []}, GENERATING),
        ("suno-wav", "successFlag", {"audioWavUrl": A}, SUCCESS),
        ("suno-wav", "successFlag", {"audioWavUrl": ""}, GENERATING),
        ("suno-mp4", "successFlag", None, GENERATING),
        ("suno-vocals", "successFlag", STEMS, SUCCESS),
    ],
)
def test_so_it_is_for_all_that_is_made_of_a_song(kind: Kind, field: str, response: Any, state: TaskState) -> None:
    assert read(kind, {field: "CALLBACK_EXCEPTION", "response": response}).state is state


def test_a_song_that_is_ready_but_for_one_link_is_given_its_time() -> None:
    decision = judge(read("suno", {"status": "SUCCESS", "response": {"sunoData": [SONG, UNFINISHED]}}))
    assert (decision.verdict, decision.is_early) == (Verdict.DONE, True)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", "SENSITIVE_WORD_ERROR"),
        (None, "SENSITIVE_WORD_ERROR"),
        ("No such words", "SENSITIVE_WORD_ERROR: No such words"),
        ("SENSITIVE_WORD_ERROR found", "SENSITIVE_WORD_ERROR found"),
    ],
)
def test_a_failure_tells_kies_word_for_it(message: Any, told: str) -> None:
    task = read("suno", {"status": "SENSITIVE_WORD_ERROR", "errorCode": 400, "errorMessage": message})
    assert (task.fail_message, task.fail_code) == (told, 400)
    error = judge(task).error
    assert error is not None
    assert "(moderation)" in str(error)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"runway", "aleph", "veo-1080p", "veo-4k"}])
def test_a_success_of_a_shape_that_nobody_knows_is_kept_as_it_is(kind: Kind) -> None:
    api: Api = "jobs" if kind == "job" else "runway"
    words = {"state": "success", "status": "SUCCESS", "successFlag": 1}
    if kind in {"suno-wav", "suno-mp4", "suno-vocals"}:
        words["successFlag"] = "SUCCESS"
    record = {"taskId": ID, **words, "response": None, "output": {"made": [{"at": X}]}, "seconds": 3}

    task = FAMILIES[api, kind].read(record, ID)

    assert task is not None
    assert (task.result_urls, task.is_unforeseen, task.result_is_early) == ((X,), True, True)
    assert judge(task).verdict is Verdict.DONE


def said(code: int, msg: str, **data: Any) -> dict[str, Any]:
    return {"code": code, "msg": msg, "data": data or None}


@pytest.mark.parametrize(
    ("answer", "state", "links"),
    [
        (said(200, "success", resultUrl=V), SUCCESS, (V,)),
        (said(500, "1080P is processing"), GENERATING, ()),
        (said(200, "success", taskId=ID, resultUrls=None, imageUrls=None), GENERATING, ()),
        (said(422, "4k is processing. It should be ready in 5-10 minutes.", taskId=ID), GENERATING, ()),
        (said(422, "The video has been generated successfully", resultUrls=[V], imageUrls=[P]), SUCCESS, (V, P)),
        (said(500, "generation failed"), FAILED, ()),
        ({}, GENERATING, ()),
    ],
)
def test_a_larger_copy_of_a_video_is_told_by_the_answer(answer: Any, state: TaskState, links: tuple[str, ...]) -> None:
    task = read_upscaling(answer, f"{ID}#1", "veo-4k")
    assert task is not None
    assert (task.state, task.result_urls, task.parent_task_id, task.kind) == (state, links, ID, "veo-4k")


@pytest.mark.parametrize(("source", "index"), [(ID, 0), (ID, 1), ("veo_task_x", 12)])
def test_the_id_of_a_copy_tells_the_video(source: str, index: int) -> None:
    assert parse_copy_id(format_copy_id(source, index)) == (source, index)


@pytest.mark.parametrize("text", [f"{ID}#", f"{ID}#x", f"{ID}#-1", f"{ID}#٣", f"{ID}#{'9' * 5000}"])
def test_a_place_that_is_none_is_the_first(text: str) -> None:
    assert parse_copy_id(text) == (ID, 0)


def test_an_answer_is_a_result_at_once() -> None:
    task = read_answer({"taskId": ID, "result": "warm, slow", "creditsConsumed": 0.4}, ID)
    assert (task.state, task.kind, task.result["result"]) == ("success", "answer", "warm, slow")
    assert task.credits == 0.4
    assert read_answer(["no", "object"], ID).credits is None


NAMES = (
    *("successFlag", "status", "state", "response", "resultJson", "midiData", "paramJson", "param", "errorCode"),
    *("errorMessage", "completeTime", "taskId", "code", "msg", "data", "output"),
)
WORDS: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, 2, 3, "0", "1", "2", "3", "SUCCESS", "CALLBACK_EXCEPTION", "FIRST_SUCCESS", "success", "PENDING"]
)
ANY_SONGS = st.fixed_dictionaries(
    {}, optional={"sunoData": JSON | st.lists(st.just(SONG) | st.just(UNFINISHED) | JSON), "data": JSON, "taskId": JSON}
)
RECORDS = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(NAMES, JSON | WORDS), "response": JSON | ANY_SONGS | ANY_SONGS.map(json.dumps)}
)


@given(JSON | RECORDS, st.sampled_from(list(FAMILIES)))
def test_whatever_stands_in_a_record_it_is_read(data: Any, family: Any) -> None:
    task = FAMILIES[family].read(data, ID)
    if task is not None:
        judge(task)
        assert len(task.result_urls) == len(task.result_types)
        json.dumps(task.result, allow_nan=False)
        hash(task)
