"""Suno: what its endpoints take, and what they answer at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from airflow_provider_runway.sandbox.endpoints.content import aligned_words, audio_ids, stems_count
from airflow_provider_runway.sandbox.endpoints.fields import INVALID
from airflow_provider_runway.sandbox.endpoints.rules import (
    FLAG,
    REQUIRED,
    REQUIRED_FLAG,
    REQUIRED_URL,
    WEIGHT,
    Rule,
    Rules,
    check,
)
from airflow_provider_runway.sandbox.endpoints.submission import Submission
from airflow_provider_runway.sandbox.messages import Refusal, Reply, answer, encode
from airflow_provider_runway.sandbox.tasks import Failure, Task
from airflow_provider_runway.sandbox.video.lengths import seconds_of_song

MODELS = ("V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5", "V6", "V6_MINI", "V6_WILD")
_SONG_PRICE = 12.0
_SOUND_PRICE = 2.5
_SMALL_PRICE = 0.4
_MP4_PRICE = 2.0
_SEPARATION_PRICES = {"separate_vocal": 10.0, "split_stem": 50.0}
_NO_SOURCE = Failure("The original song does not exist.", 400)
_NO_RECORD = "Record does not exist"

_MODEL = Rule(required=True, allowed=MODELS)
_OPTIONS: Rules = {
    "prompt": Rule(most=5000),
    "style": Rule(most=1000),
    "title": Rule(most=100),
    "negativeTags": Rule(),
    "vocalGender": Rule(allowed=("m", "f")),
    "styleWeight": WEIGHT,
    "weirdnessConstraint": WEIGHT,
    "audioWeight": WEIGHT,
    "personaId": Rule(),
    "personaModel": Rule(allowed=("style_persona", "voice_persona")),
    "duration": Rule(int, least=10, most=360),
    "customMode": FLAG,
    "instrumental": FLAG,
    "model": Rule(allowed=MODELS),
    "uploadUrl": Rule(url=True),
}
_CREATE: Rules = {"customMode": REQUIRED_FLAG, "instrumental": REQUIRED_FLAG, "model": _MODEL}
_EXTEND: Rules = {"defaultParamFlag": REQUIRED_FLAG, "model": _MODEL, "continueAt": Rule(int, least=0)}
_OF_A_SONG: Rules = {"taskId": REQUIRED, "audioId": REQUIRED}
_RULES: Mapping[str, Rules] = {
    "generate": _CREATE,
    "generate/extend": {**_EXTEND, "audioId": REQUIRED},
    "generate/upload-cover": {**_CREATE, "uploadUrl": REQUIRED_URL},
    "generate/upload-extend": {**_EXTEND, "uploadUrl": REQUIRED_URL, "instrumental": REQUIRED_FLAG},
    "generate/add-instrumental": {
        "uploadUrl": REQUIRED_URL,
        **dict.fromkeys(("title", "tags", "negativeTags"), REQUIRED),
    },
    "generate/add-vocals": {
        "uploadUrl": REQUIRED_URL,
        **dict.fromkeys(("prompt", "title", "style", "negativeTags"), REQUIRED),
    },
    "generate/mashup": {
        "uploadUrlList": Rule(list, required=True, least=2, most=2, url=True),
        "customMode": REQUIRED_FLAG,
        "model": _MODEL,
        **dict.fromkeys(("style", "title"), REQUIRED),
    },
    "generate/replace-section": {
        **_OF_A_SONG,
        **dict.fromkeys(("prompt", "tags", "title", "fullLyrics"), REQUIRED),
        **dict.fromkeys(("infillStartS", "infillEndS"), Rule(int, required=True, least=0, most=3600)),
    },
    "generate/sounds": {
        "prompt": Rule(required=True, most=500),
        "model": Rule(required=True, allowed=("V5", "V5_5")),
        "soundLoop": FLAG,
        "soundTempo": Rule(int, least=1, most=300),
        "soundKey": Rule(),
        "grabLyrics": FLAG,
    },
}
_WITHOUT_CALLBACK = ("generate/replace-section", "generate/sounds")
_SECTION_SECONDS = range(6, 61)


def _song(submission: Submission, path: str) -> Reply:
    """Two songs. Whether the song that they are made of exists turns out later, as recorded."""
    given = submission.values
    if path not in _WITHOUT_CALLBACK:
        _need_callback(given)
    check(given, {**_OPTIONS, **_RULES[path]})
    _check_mode(given, path)
    listed = given.get("uploadUrlList")  # of any type, where this endpoint knows no such field
    named = [given.get("uploadUrl"), *(listed if isinstance(listed, list) else ())]
    uploads = [each for each in named if isinstance(each, str)]
    source = _song_of(submission, given.get("audioId")) if "audioId" in _RULES[path] else None
    return submission.make(
        path,
        model=given.get("model") or MODELS[-1],
        prompt=given.get("prompt") or "",
        cost=_SOUND_PRICE if path.endswith("/sounds") else _SONG_PRICE,
        seconds=seconds_of_song(given.get("duration")),
        parent_id=given.get("audioId") or "",
        inputs=tuple(uploads),
        late=True,
        failure=_NO_SOURCE if "audioId" in _RULES[path] and source is None else None,
        extension="mp3",
        outputs=2,
    )


def _check_mode(given: Mapping[str, Any], path: str) -> None:
    """What else is needed depends on the mode."""
    needed: tuple[str, ...] = ()
    if given.get("customMode") or given.get("defaultParamFlag"):
        needed = ("style", "title")
        if not given.get("instrumental") and path != "generate/upload-extend":
            needed += ("prompt",)
        if given.get("defaultParamFlag"):
            needed += ("continueAt",)
    elif path in ("generate", "generate/upload-cover"):
        needed = ("prompt",)
    if missing := next((name for name in needed if given.get(name) in (None, "")), None):
        raise Refusal(INVALID, f"{missing} is required")
    if (
        path == "generate/replace-section"
        and round(given["infillEndS"] - given["infillStartS"]) not in _SECTION_SECONDS
    ):
        raise Refusal(INVALID, "infillEndS must be 6 to 60 seconds after infillStartS")


SONGS: Mapping[str, Callable[[Submission], Reply]] = {path: partial(_song, path=path) for path in _RULES}


def lyrics(submission: Submission) -> Reply:
    """Words for a song."""
    given = submission.values
    check(given, {"prompt": Rule(required=True, most=200)})
    return submission.make(
        "lyrics", model="lyrics", prompt=given["prompt"], cost=_SMALL_PRICE, extension="txt", outputs=0
    )


def wav(submission: Submission) -> Reply:
    """A song as WAV."""
    return _from_song(submission, "wav/generate", cost=_SMALL_PRICE, extension="wav")


def mp4(submission: Submission) -> Reply:
    """A video to a song."""
    return _from_song(submission, "mp4/generate", cost=_MP4_PRICE, extension="mp4")


def vocals(submission: Submission) -> Reply:
    """The parts of a song, charged again with each call."""
    kind = submission.values.get("type") or "separate_vocal"
    check(submission.values, {"type": Rule(allowed=tuple(_SEPARATION_PRICES))})
    cost = _SEPARATION_PRICES[kind]
    return _from_song(submission, "vocal-removal/generate", cost=cost, extension="mp3", outputs=stems_count(kind))


def midi(submission: Submission) -> Reply:
    """The notes of a song that has been taken apart."""
    given = submission.values
    _need_callback(given)
    check(given, {"taskId": REQUIRED})
    source = submission.sandbox.finished(given["taskId"], submission.request.at)
    if source is None or source.api != "suno-vocals":
        raise Refusal(INVALID, _NO_RECORD)
    return submission.make(
        "midi/generate",
        model="midi",
        prompt=source.prompt,
        cost=0,
        parent_id=source.id,
        extension="mid",
        outputs=0,
    )


def cover(submission: Submission) -> Reply:
    """Two pictures for a song, made once."""
    given, sandbox = submission.values, submission.sandbox
    check(given, {"taskId": REQUIRED})
    source = _finished(submission)
    made = next(
        (task for task in sandbox.tasks.values() if task.api == "suno-cover" and task.parent_id == source.id), None
    )
    if made is not None:
        body = {"code": 400, "msg": "The cover has already been generated", "data": {"taskId": made.id}}
        status = 400 if sandbox.settings.http_errors else 200
        return Reply(encode(body), status, code=400, task_id=made.id)
    return submission.make(
        "suno/cover/generate",
        model="cover",
        prompt=source.prompt,
        cost=0,
        ratio="1:1",
        parent_id=source.id,
        extension="png",
        outputs=2,
    )


def style(submission: Submission) -> Reply:
    """A style in more words; answered at once."""
    given = submission.values
    check(given, {"content": REQUIRED})
    submission.sandbox.charge(submission.request, _SMALL_PRICE, given["content"])
    left = submission.sandbox.balance
    return answer(
        {
            "taskId": uuid.uuid4().hex,
            "param": encode(dict(given)).decode("utf-8", "replace"),
            "result": f"{given['content']}, with warm analog synths, a steady beat and a wide, airy mix",
            "creditsConsumed": _SMALL_PRICE,
            "creditsRemaining": round(left, 2),
            "successFlag": "成功",
            "errorCode": None,
            "errorMessage": "",
            "createTime": int(submission.request.at * 1000),
        }
    )


def timestamped_lyrics(submission: Submission) -> Reply:
    """When each word of a song is sung; answered at once."""
    source = _finished_song(submission)
    words = aligned_words(source.prompt, source.clip.seconds)
    return answer({"alignedWords": words, "waveformData": [0, 0.5, 1, 0.5], "hootCer": 0.1, "isStreamed": False})


def persona(submission: Submission) -> Reply:
    """A singer to be had again; answered at once."""
    given = submission.values
    check(given, {"name": REQUIRED, "description": REQUIRED})
    _finished_song(submission)
    return answer({"personaId": uuid.uuid4().hex, "name": given["name"], "description": given["description"]})


def _from_song(submission: Submission, path: str, *, cost: float, extension: str, outputs: int = 1) -> Reply:
    """Something made of a song, which has to be there at once, as recorded."""
    _need_callback(submission.values)
    source = _finished_song(submission)
    return submission.make(
        path,
        model=path.partition("/")[0],
        prompt=source.prompt,
        cost=cost,
        seconds=source.clip.seconds,
        parent_id=source.id,
        extension=extension,
        outputs=outputs,
    )


def _finished(submission: Submission) -> Task:
    source = submission.sandbox.finished(submission.values["taskId"], submission.request.at)
    if source is None or source.api != "suno":
        raise Refusal(INVALID, _NO_RECORD)
    return source


def _finished_song(submission: Submission) -> Task:
    check(submission.values, _OF_A_SONG)
    source = _finished(submission)
    if submission.values["audioId"] not in audio_ids(source):
        raise Refusal(INVALID, _NO_RECORD)
    return source


def _song_of(submission: Submission, audio_id: object) -> Task | None:
    """The finished task that has made a song."""
    now = submission.request.at
    made = (task for task in submission.sandbox.tasks.values() if task.api == "suno")
    found = next((task for task in made if audio_id in audio_ids(task)), None)
    return submission.sandbox.finished(found.id, now) if found else None


def _need_callback(given: Mapping[str, Any]) -> None:
    if not given.get("callBackUrl"):
        raise Refusal(INVALID, "Please enter callBackUrl.")
