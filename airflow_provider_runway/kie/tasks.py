"""A KIE record, in whatever shape and condition it arrives, read into one immutable value.

A record is judged by its state alone: KIE's own examples show failure codes on tasks that succeeded.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from airflow_provider_runway.kie.job_results import LinkType, parse_object, read_link, read_outcome, read_unforeseen
from airflow_provider_runway.kie.kinds import VIDEO_KINDS, Kind
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.task_ids import format_task_id
from airflow_provider_runway.kie.texts import read_message


class TaskState(str, Enum):
    """Where a task stands. ``UNKNOWN`` is any word that KIE does not document: the task is taken to go on."""

    QUEUED = "queued"
    GENERATING = "generating"
    SUCCESS = "success"
    FAILED = "failed"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTask:
    """What one poll says of a task.

    :param task_id: KIE's id; ``jobs:`` stands before that of a task of the unified API.
    :param kind: ``"runway"`` (generate and extend), ``"aleph"``, ``"job"`` (any model of the unified API) or one of
        the other families.
    :param state: Where it stands.
    :param raw_state: KIE's own word for it, for logs.
    :param parent_task_id: The task it extends, if it does.
    :param video_url: The video, once there; the link lives 14 days at most.
    :param result_urls: All files that came of a task of the unified API or of another family, ``video_url`` among them.
    :param result_types: What each of them is: ``"video"``, ``"audio"``, ``"image"``, ``"subtitle"`` or ``"data"``.
    :param result: What came of a task that makes no single video, as KIE tells it, where that is more than links.
    :param result_is_early: Whether the links of a ``result`` that has none may still be to come.
    :param is_unforeseen: Whether the result stood where no page of KIE's says that one does.
    :param image_url: Its thumbnail.
    :param video_id: KIE's id of the video itself.
    :param fail_code: KIE's failure code; means something only in state ``FAILED``.
    :param fail_message: KIE's failure text; means something only in state ``FAILED``.
    :param expired: The video is gone; the record is still there.
    :param completed_at: When it ended, in UTC, where the record tells.
    :param credits: What it has cost, where the record tells.
    :param created_at: When KIE took it, in UTC, where the record tells.
    :param asked: What was asked for, by KIE's names, as far as the record tells; the model and the callback's address
        stand beside the model's own fields.
    """

    task_id: str
    kind: Kind
    state: TaskState
    raw_state: str = ""
    parent_task_id: str | None = None
    video_url: str | None = None
    result_urls: tuple[str, ...] = ()
    result_types: tuple[LinkType, ...] = ()
    result: Any = field(default=None, hash=False)
    result_is_early: bool = False
    is_unforeseen: bool = False
    image_url: str | None = None
    video_id: str | None = None
    fail_code: int | None = None
    fail_message: str | None = None
    expired: bool = False
    completed_at: datetime | None = None
    credits: float | None = None
    created_at: datetime | None = None
    asked: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @property
    def is_one_video(self) -> bool:
        """Whether what comes of it is one video, and not any number of files."""
        return self.kind in VIDEO_KINDS


# Reads the ``data`` of an answer, whatever stands there; the record is filed under the id that was asked for. ``None``
# where there is no record (yet).
Reader = Callable[[object, str], "VideoTask | None"]

_STATES = {
    "wait": TaskState.QUEUED,
    "waiting": TaskState.QUEUED,
    "queueing": TaskState.QUEUED,
    "queuing": TaskState.QUEUED,
    "generating": TaskState.GENERATING,
    "success": TaskState.SUCCESS,
    "fail": TaskState.FAILED,
}


def read_runway_record(data: object, task_id: str) -> VideoTask | None:
    """Read the ``data`` of ``/api/v1/runway/record-detail``; see :data:`Reader`."""
    if not isinstance(data, Mapping) or not data:
        return None
    raw_state = read_message(data.get("state")) or ""
    info = data.get("videoInfo")
    video = info if isinstance(info, Mapping) else {}
    parent = read_message(data.get("parentTaskId"))
    return VideoTask(
        task_id=task_id,
        kind="runway",
        state=_STATES.get(raw_state.strip().lower(), TaskState.UNKNOWN),
        raw_state=raw_state,
        parent_task_id=parent,
        video_url=read_link(video.get("videoUrl")),
        image_url=read_link(video.get("imageUrl")),
        video_id=read_message(video.get("videoId")),
        fail_code=whole_number(data.get("failCode")),
        fail_message=read_message(data.get("failMsg")),
        expired=whole_number(data.get("expireFlag")) == 1,
        asked={**parse_object(data.get("generateParam")), **({"taskId": parent} if parent else {})},
    )


def read_aleph_record(data: object, task_id: str) -> VideoTask | None:
    """Read the ``data`` of ``/api/v1/aleph/record-info``, where flag 0 means "in progress" as well as "failed"."""
    if not isinstance(data, Mapping) or not data:
        return None
    flag = whole_number(data.get("successFlag"))
    code = whole_number(data.get("errorCode"))
    message = read_message(data.get("errorMessage"))
    blamed = message or data.get("errorCode") not in _NO_ERROR
    response = data.get("response")
    media = response if isinstance(response, Mapping) else {}
    if flag == 1:
        state = TaskState.SUCCESS
    elif flag in {2, 3} or blamed or (flag == 0 and data.get("completeTime")):
        state = TaskState.FAILED
    else:
        state = TaskState.GENERATING if flag == 0 else TaskState.UNKNOWN
    return VideoTask(
        task_id=task_id,
        kind="aleph",
        state=state,
        raw_state=f"successFlag {reprlib.repr(data.get('successFlag'))}",
        video_url=read_link(media.get("resultVideoUrl")),
        image_url=read_link(media.get("resultImageUrl")),
        fail_code=code,
        fail_message=message,
        completed_at=read_moment(data.get("completeTime")),
        created_at=read_moment(data.get("createTime")),
        asked=parse_object(data.get("paramJson")),
    )


def read_job_record(data: object, task_id: str, kind: Kind) -> VideoTask | None:
    """Read the ``data`` of ``/api/v1/jobs/recordInfo``, the same for every kind of task; see :data:`Reader`."""
    if not isinstance(data, Mapping) or not data:
        return None
    raw_state = read_message(data.get("state")) or ""
    state = _STATES.get(raw_state.strip().lower(), TaskState.UNKNOWN)
    if not raw_state.strip():
        raw_state = f"successFlag {reprlib.repr(data.get('successFlag'))}"
        state = _FLAGS.get(str(whole_number(data.get("successFlag"))), TaskState.UNKNOWN)
    outcome = read_outcome(data.get("resultJson"), data.get("response"))
    is_unforeseen = kind == "job" and state is TaskState.SUCCESS and not outcome.is_something
    outcome = read_unforeseen(data) if is_unforeseen else outcome
    param = parse_object(data.get("param"))
    asked = parse_object(param.get("input"))
    beside = {"model": data.get("model") or param.get("model"), "callBackUrl": param.get("callBackUrl")}
    parent = read_message(asked.get("task_id")) if data.get("model") == EXTENSION_MODEL else None
    return VideoTask(
        task_id=task_id,
        kind=kind,
        state=state,
        raw_state=raw_state,
        parent_task_id=format_task_id(parent, "jobs") if parent else None,
        video_url=outcome.video,
        result_urls=outcome.links,
        result_types=outcome.types,
        result=outcome.result if kind == "job" else None,
        result_is_early=outcome.is_early and kind == "job",
        is_unforeseen=is_unforeseen and outcome.is_something,
        image_url=outcome.picture,
        fail_code=whole_number(data.get("failCode")),
        fail_message=read_message(data.get("failMsg")),
        completed_at=read_moment(data.get("completeTime")),
        credits=read_credits(data.get("creditsConsumed")),
        created_at=read_moment(data.get("createTime")),
        asked={**asked, **beside},
    )


# The unified API's name for extending a video: what it calls the source is the parent.
EXTENSION_MODEL = "runway/extend-ai-video"
# What the flag of the unified API says where no state does.
_FLAGS = {"1": TaskState.SUCCESS, "2": TaskState.FAILED, "3": TaskState.FAILED}


# What KIE writes where nothing went wrong.
_NO_ERROR = (None, 0, "0", "", 200, "200")


def read_moment(value: object) -> datetime | None:
    """A moment, in UTC, out of epoch milliseconds; ``None`` out of anything else and of what KIE cannot mean."""
    milliseconds = whole_number(value)
    if milliseconds is None or not _EARLIEST <= milliseconds < _LATEST:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def read_credits(value: object) -> float | None:
    """Credits that a task has cost, out of a number or a numeric text; ``None`` out of anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        credits_ = float(value)
    except (ValueError, OverflowError):
        return None
    return credits_ if 0 <= credits_ < _MOST_CREDITS else None


# No task costs so much.
_MOST_CREDITS = 1e9
# Of 2020 and of 2100.
_EARLIEST, _LATEST = 1_577_836_800_000, 4_102_444_800_000
