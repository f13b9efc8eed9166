"""Suno: what its endpoints say of their tasks, in as many vocabularies as there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_runway.sandbox.endpoints.content import (
    in_snake_case,
    instruments,
    lyrics,
    songs,
    stem_list,
    stems,
)
from airflow_provider_runway.sandbox.endpoints.flagged import common
from airflow_provider_runway.sandbox.endpoints.view import Family, View, envelope
from airflow_provider_runway.sandbox.tasks import ApiGroup, Phase

_UNDELIVERED = "CALLBACK_EXCEPTION"
_STAGES = {Phase.QUEUED: "text", Phase.GENERATING: "first", Phase.SUCCEEDED: "complete", Phase.FAILED: "error"}
_SONG_SINCE = Phase.QUEUED


def _status(view: View) -> object:
    """The state, by a word of its own where a text was objected to."""
    return "SENSITIVE_WORD_ERROR" if view.failure and "sensitive" in view.failure.msg.lower() else view.state


def _song(view: View) -> dict[str, Any]:
    task = view.task
    told = _SONG_SINCE <= view.phase <= Phase.SUCCEEDED
    return {
        **common(view, param="param"),
        "parentMusicId": task.parent_id,
        "response": {"taskId": task.id, "sunoData": songs(view)} if told else None,
        "status": _status(view),
        "type": task.operation.rpartition("/")[2],
        "operationType": task.operation.rpartition("/")[2],
    }


def _song_callback(view: View) -> dict[str, Any]:
    stage = _STAGES[view.phase]
    made = in_snake_case(songs(view)) if not view.failure else None
    data = {"callbackType": stage, "task_id": view.task.id, "data": made}
    return envelope(view, data, "All generated successfully.", failed=531)


def _lyrics(view: View) -> dict[str, Any]:
    task = view.task
    return {
        **common(view, param="param"),
        "response": {"taskId": task.id, "data": lyrics(task)} if view.succeeded else None,
        "status": _status(view),
        "type": "LYRICS",
    }


def _lyrics_callback(view: View) -> dict[str, Any]:
    """A failure is called complete here, too."""
    made = in_snake_case(lyrics(view.task)) if view.succeeded else None
    data = {"callbackType": "complete", "task_id": view.task.id, "data": made}
    return envelope(view, data, "All generated successfully.")


def _side_job(view: View, response: dict[str, Any]) -> dict[str, Any]:
    """A text for the flag; an ``errorCode`` of 200 where all is well."""
    record = {
        **common(view, param="param"),
        "musicId": view.task.body.get("audioId"),
        "callbackUrl": view.task.callback_url,
        "musicIndex": 0,
        "successFlag": view.state,
        "response": response if view.succeeded else None,
    }
    return {**record, "errorCode": 200, "errorMessage": ""} if view.succeeded else record


def _wav(view: View) -> dict[str, Any]:
    return _side_job(view, {"audioWavUrl": view.url})


def _wav_callback(view: View) -> dict[str, Any]:
    data = {"task_id": view.task.id, "audioWavUrl": view.url} if view.succeeded else None
    return envelope(view, data, "success", failed=500)


def _mp4(view: View) -> dict[str, Any]:
    return _side_job(view, {"videoUrl": view.url})


def _mp4_callback(view: View) -> dict[str, Any]:
    data = {"task_id": view.task.id, "video_url": view.url} if view.succeeded else None
    return envelope(view, data, "MP4 generated successfully.", failed=500)


def _vocals(view: View) -> dict[str, Any]:
    links = {_camel(f"{name}_url"): url for name, url in stems(view).items()}
    return _side_job(view, {"originUrl": None, **links, "originData": stem_list(view) if view.urls else None})


def _vocals_callback(view: View) -> dict[str, Any]:
    info = {f"{name}_url": url for name, url in stems(view).items()} if view.succeeded else None
    data = {"task_id": view.task.id, "vocal_separation_info": info}
    return envelope(view, data, "vocal separation generated successfully.", failed=500)


def _midi(view: View) -> dict[str, Any]:
    """Notes in place of links, and not in a ``response``."""
    notes = {"state": "complete", "instruments": instruments(view.task)}
    return {
        **common(view),
        "audioId": view.task.body.get("audioId"),
        "successFlag": view.state,
        "midiData": notes if view.succeeded else None,
    }


def _midi_callback(view: View) -> dict[str, Any]:
    """Some of the numbers are texts here."""
    data: dict[str, Any] = {"taskId": view.task.id}
    if view.succeeded:
        made = instruments(view.task)
        for each in made:
            each["notes"] = [{**note, "start": str(note["start"]), "end": str(note["end"])} for note in each["notes"]]
        data |= {"state": "complete", "instruments": made}
    return envelope(view, data, "success", failed=500)


def _cover(view: View) -> dict[str, Any]:
    record = {
        **common(view, param="param"),
        "parentTaskId": view.task.parent_id,
        "callbackUrl": view.task.callback_url,
        "successFlag": view.state,
        "response": {"images": view.urls} if view.succeeded else None,
    }
    return {**record, "errorCode": 200, "errorMessage": ""} if view.succeeded else record


def _cover_callback(view: View) -> dict[str, Any]:
    data = {"taskId": view.task.id, "images": view.urls} if view.succeeded else None
    return envelope(view, data, "success", failed=501)


def _camel(name: str) -> str:
    head, *others = name.split("_")
    return head + "".join(map(str.title, others))


def _words(failed: str) -> tuple[str, ...]:
    return ("PENDING", "PENDING", "PENDING", "SUCCESS", failed)


FAMILIES: Mapping[ApiGroup, Family] = {
    "suno": Family(
        path="/api/v1/generate/record-info",
        states=("PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "SUCCESS", "GENERATE_AUDIO_FAILED"),
        failure_code=531,
        record=_song,
        callback=_song_callback,
        undelivered=_UNDELIVERED,
        polls_per_second=3,
        told=(Phase.QUEUED, Phase.GENERATING),
    ),
    "suno-lyrics": Family(
        path="/api/v1/lyrics/record-info",
        states=_words("GENERATE_LYRICS_FAILED"),
        failure_code=400,
        record=_lyrics,
        callback=_lyrics_callback,
        undelivered=_UNDELIVERED,
    ),
    "suno-wav": Family(
        path="/api/v1/wav/record-info",
        states=_words("GENERATE_WAV_FAILED"),
        failure_code=500,
        record=_wav,
        callback=_wav_callback,
        undelivered=_UNDELIVERED,
    ),
    "suno-vocals": Family(
        path="/api/v1/vocal-removal/record-info",
        states=_words("GENERATE_AUDIO_FAILED"),
        failure_code=500,
        record=_vocals,
        callback=_vocals_callback,
        undelivered=_UNDELIVERED,
    ),
    "suno-mp4": Family(
        path="/api/v1/mp4/record-info",
        states=_words("GENERATE_MP4_FAILED"),
        failure_code=500,
        record=_mp4,
        callback=_mp4_callback,
        undelivered=_UNDELIVERED,
    ),
    "suno-midi": Family(
        path="/api/v1/midi/record-info",
        states=(0, 0, 0, 1, 3),
        failure_code=500,
        record=_midi,
        callback=_midi_callback,
    ),
    "suno-cover": Family(
        path="/api/v1/suno/cover/record-info",
        states=(0, 0, 2, 1, 3),
        failure_code=501,
        record=_cover,
        callback=_cover_callback,
    ),
}
