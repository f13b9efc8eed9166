"""Records of the dedicated endpoints of Veo, 4o Image, Flux Kontext and Suno, each by its own words for its states.

The same flag means something else from family to family (2 is "failed" for Veo and "generating" for a Suno cover), so
none of them shares a table of states with another. A word or flag that is not in it means that the task goes on, unless
it means an end in every family.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_runway.kie.job_results import (
    JobOutcome,
    LinkType,
    parse_object,
    read_link,
    read_outcome,
    read_unforeseen,
    storable,
)
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.tasks import TaskState, VideoTask, read_credits, read_moment
from airflow_provider_runway.kie.texts import read_message

_QUEUED, _GENERATING = TaskState.QUEUED, TaskState.GENERATING
_SUCCESS, _FAILED = TaskState.SUCCESS, TaskState.FAILED

VEO_FLAGS = FLUX_FLAGS = MIDI_FLAGS = {"0": _GENERATING, "1": _SUCCESS, "2": _FAILED, "3": _FAILED}
COVER_FLAGS = {"0": _QUEUED, "1": _SUCCESS, "2": _GENERATING, "3": _FAILED}
IMAGE_WORDS = {
    "GENERATING": _GENERATING,
    "SUCCESS": _SUCCESS,
    "CREATE_TASK_FAILED": _FAILED,
    "GENERATE_FAILED": _FAILED,
}
SUNO_WORDS = {
    "PENDING": _QUEUED,
    "TEXT_SUCCESS": _GENERATING,
    "FIRST_SUCCESS": _GENERATING,
    "SUCCESS": _SUCCESS,
    "CREATE_TASK_FAILED": _FAILED,
    "GENERATE_AUDIO_FAILED": _FAILED,
    "GENERATE_LYRICS_FAILED": _FAILED,
    "GENERATE_WAV_FAILED": _FAILED,
    "GENERATE_MP4_FAILED": _FAILED,
    "SENSITIVE_WORD_ERROR": _FAILED,
}
_STATE_FIELDS = ("successFlag", "status", "state")
_ENDS = {
    "1": _SUCCESS,
    "3": _FAILED,
    **{word: state for word, state in (SUNO_WORDS | IMAGE_WORDS).items() if state in {_SUCCESS, _FAILED}},
}
# Codes by which KIE says that something could not be made, and that the credits come back.
FAILURE_CODES = (501, 531)
# KIE could not deliver its callback, which says nothing of the task: what has come of it decides.
_UNDELIVERED = "CALLBACK_EXCEPTION"
_IDS = ("taskId", "task_id")
# Songs that come of one task; sounds and sections are single.
_SONGS = 2


@dataclass(frozen=True, slots=True)
class FamilyReader:
    """Who reads the records of one kind of task; see :data:`airflow_provider_runway.kie.tasks.Reader`.

    :param kind: The kind.
    :param state_field: Where the state stands.
    :param states: What its words or flags mean.
    :param usual: What its links are of which nothing else tells.
    :param result_field: Where the result stands.
    :param keeps_object: Whether what stands beside the links is part of the result.
    :param repeats: Fields of the result that only repeat what stands beside them, or what was sent.
    """

    kind: Kind
    state_field: str
    states: Mapping[str, TaskState]
    usual: LinkType
    result_field: str = "response"
    keeps_object: bool = False
    repeats: tuple[str, ...] = ()

    def __call__(self, data: object, task_id: str) -> VideoTask | None:
        """Read the ``data`` of an answer; ``None`` where there is no record (yet)."""
        if not isinstance(data, Mapping) or not data:
            return None
        flag, word = _state(data.get(self.state_field))
        outcome, is_unforeseen = self._outcome(data), False
        state = self.states.get(word) or (TaskState.UNKNOWN if word == _UNDELIVERED else self._end_elsewhere(data))
        if word == _UNDELIVERED:
            state = _SUCCESS if self._has_come(data, outcome) else _GENERATING
        if state is _SUCCESS and not outcome.is_something:
            elsewhere = data if self.result_field == "response" else {**data, "result": data.get("response")}
            outcome = read_unforeseen(elsewhere, self.usual)
            is_unforeseen = outcome.is_something
        message = read_message(data.get("errorMessage"))
        if state is _FAILED and flag is None and word not in (message or ""):
            message = f"{word}: {message}" if message else word
        asked = _asked(data)
        return VideoTask(
            task_id=task_id,
            kind=self.kind,
            state=state,
            raw_state=word if flag is None else f"{self.state_field} {flag}",
            parent_task_id=next(filter(None, (read_message(asked.get(name)) for name in _IDS)), None),
            video_url=outcome.video,
            result_urls=outcome.links,
            result_types=outcome.types,
            result=outcome.result,
            result_is_early=outcome.is_early or self._has_gaps(data, is_told=word != _UNDELIVERED),
            is_unforeseen=is_unforeseen or (state is _SUCCESS and word not in {*self.states, _UNDELIVERED}),
            image_url=outcome.picture,
            fail_code=whole_number(data.get("errorCode")),
            fail_message=message,
            completed_at=read_moment(data.get("completeTime")),
            credits=read_credits(data.get("creditsConsumed")),
            created_at=read_moment(data.get("createTime")),
            asked=asked,
        )

    def _end_elsewhere(self, data: Mapping[str, Any]) -> TaskState:
        """How a task has ended whose state is none of its family's: by a word that means the same in all of them."""
        said = (_state(data.get(name))[1] for name in (self.state_field, *_STATE_FIELDS))
        return next((_ENDS[word] for word in said if word in _ENDS), TaskState.UNKNOWN)

    def _outcome(self, data: Mapping[str, Any]) -> JobOutcome:
        whole = data.get(self.result_field)
        fields = {name: value for name, value in parse_object(whole).items() if name not in _IDS}
        if not fields:
            return read_outcome(None, None if isinstance(whole, Mapping) else whole, self.usual)
        all_of_it = read_outcome(None, fields, self.usual)
        outcome = read_outcome(
            None, {name: value for name, value in fields.items() if name not in self.repeats}, self.usual
        )
        outcome = outcome if outcome.links else all_of_it
        return replace(outcome, result=all_of_it.result if self.keeps_object or not outcome.links else None)

    def _has_come(self, data: Mapping[str, Any], outcome: JobOutcome) -> bool:
        """Whether there is something to take of a task whose state says nothing."""
        return any(_songs(data)) if self.kind == "suno" else outcome.is_something and not outcome.is_early

    def _has_gaps(self, data: Mapping[str, Any], *, is_told: bool) -> bool:
        """Whether songs may still be to come beside those that are there."""
        songs = list(_songs(data)) if self.kind == "suno" else []
        return bool(songs) and (not all(songs) or not (is_told or len(songs) >= _SONGS))


def _asked(data: Mapping[str, Any]) -> dict[str, Any]:
    called = data.get("callbackUrl") or data.get("callBackUrl")
    asked = parse_object(data.get("paramJson") or data.get("param"))
    return {**asked, **({"callBackUrl": called} if called else {})}


def _state(said: object) -> tuple[int | None, str]:
    """A state as a flag, if it is one, and as the word to look up."""
    flag = whole_number(said)
    if flag is not None:
        return flag, str(flag)
    word = read_message(said) or ("" if said is None else reprlib.repr(said))
    return None, word.strip().upper()


def _songs(data: Mapping[str, Any]) -> Iterator[bool]:
    """Of each song, whether it can be fetched whole."""
    songs = parse_object(data.get("response"))
    listed = songs.get("sunoData") or songs.get("suno_data") or songs.get("data")
    for song in listed if isinstance(listed, (list, tuple)) else ():
        if isinstance(song, Mapping):
            yield bool(read_link(song.get("audioUrl")) or read_link(song.get("audio_url")))


def parse_copy_id(text: str) -> tuple[str, int]:
    """The Veo task and the place of the video in it, out of the id of a larger copy of that video."""
    source, _, index = text.partition("#")
    return source, int(index) if index.isascii() and index.isdecimal() and len(index) < _LONGEST_INDEX else 0


def format_copy_id(source: str, index: int) -> str:
    """The id of a larger copy of a Veo video: that of the Veo task, with ``#1`` behind it for its second video."""
    return f"{source}#{index}" if index else source


_LONGEST_INDEX = 6


def read_upscaling(data: object, task_id: str, kind: Kind) -> VideoTask | None:
    """Read what KIE says of a copy of a Veo video in 1080p or 4K, ready or not: there is no record of such a task.

    :param data: What :func:`airflow_provider_runway.kie.envelope.read_progress` returns.
    :param task_id: See :func:`format_copy_id`.
    :param kind: ``"veo-1080p"`` or ``"veo-4k"``.
    """
    if not isinstance(data, Mapping):
        return None
    fields = parse_object(data.get("data"))
    outcome = read_outcome(None, {name: value for name, value in fields.items() if name not in _IDS}, "video")
    said = read_message(data.get("msg")) or ""
    code = whole_number(data.get("code"))
    has_failed = code in FAILURE_CODES or any(word in said.lower() for word in _HAS_FAILED)
    state = _SUCCESS if outcome.links else _FAILED if has_failed else _GENERATING
    return VideoTask(
        task_id=task_id,
        kind=kind,
        state=state,
        raw_state=said or f"code {data.get('code')}",
        parent_task_id=parse_copy_id(task_id)[0],
        video_url=outcome.video,
        result_urls=outcome.links,
        result_types=outcome.types,
        result=outcome.result if not outcome.links else None,
        image_url=outcome.picture,
        fail_code=code,
        fail_message=said or None,
    )


_HAS_FAILED = ("failed", "failure")


def read_answer(data: object, task_id: str) -> VideoTask:
    """What KIE gives at once, as a task that has succeeded: all of it is the result.

    :param data: The ``data`` of the answer.
    :param task_id: What it is to be called.
    """
    outcome = read_outcome(None, data)
    return VideoTask(
        task_id=task_id,
        kind="answer",
        state=_SUCCESS,
        raw_state="answered",
        video_url=outcome.video,
        result_urls=outcome.links,
        result_types=outcome.types,
        result=storable(data),
        image_url=outcome.picture,
        credits=read_credits(data.get("creditsConsumed")) if isinstance(data, Mapping) else None,
    )
