"""A task as the sandbox keeps it: what was asked, and when it turns into what."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.video.clip import Clip

ApiGroup = Literal[
    "runway",
    "aleph",
    "jobs",
    "veo",
    "4o-image",
    "flux-kontext",
    "suno",
    "suno-lyrics",
    "suno-wav",
    "suno-vocals",
    "suno-mp4",
    "suno-midi",
    "suno-cover",
]

SOUNDS = ("mp3", "wav")
_QUEUED_AT = 0.1
_GENERATING_AT = 0.25


class Phase(IntEnum):
    """How far a task is; the words for it differ by API."""

    WAITING = 0
    QUEUED = 1
    GENERATING = 2
    SUCCEEDED = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task fails."""

    msg: str
    code: int


@dataclass(slots=True)
class Task:
    """One task. Its phase is computed from the time whenever it is asked for; nothing runs in between.

    :param api: the API that made it, the only one whose record endpoint knows it.
    :param body: the request as it came.
    :param clip: the video to draw; of a picture, what its first frame shows.
    :param cost: credits charged at submission.
    :param visible_at: from when its record is found.
    :param finish_at: when it succeeds, or fails if it has a ``failure``.
    :param expires_at: until when its media can be fetched.
    :param call: how it is called back, if otherwise than once at its end.
    :param call_delay: seconds from its end until it is called back.
    :param outputs: how many files it results in.
    :param undelivered: its callback could not be delivered.
    :param polls: when its record was asked for lately.
    """

    id: str
    api: ApiGroup
    operation: str
    model: str
    body: dict[str, Any]
    prompt: str
    body_hash: str
    key: str
    clip: Clip
    cost: float
    created_at: float
    visible_at: float
    finish_at: float
    expires_at: float
    base_url: str
    parent_id: str = ""
    image_url: str = ""
    callback_url: str = ""
    extension: str = "mp4"
    outputs: int = 1
    failure: Failure | None = None
    call: str = ""
    call_delay: float = 0.0
    refunded: bool = False
    undelivered: bool = False
    polls: deque[float] = field(default_factory=deque)

    @property
    def video_id(self) -> str:
        """The id of the result, another than the task's."""
        return f"video-{self.id[-12:]}"

    def phase(self, now: float) -> Phase:
        """How far it is at a time."""
        if now >= self.finish_at:
            return Phase.FAILED if self.failure else Phase.SUCCEEDED
        share = (now - self.created_at) / (self.finish_at - self.created_at)
        if share < _QUEUED_AT:
            return Phase.WAITING
        return Phase.QUEUED if share < _GENERATING_AT else Phase.GENERATING

    def starts(self, phase: Phase) -> float:
        """When a phase begins; the end is when it ends."""
        share = {Phase.WAITING: 0.0, Phase.QUEUED: _QUEUED_AT, Phase.GENERATING: _GENERATING_AT}.get(phase, 1.0)
        return self.created_at + share * (self.finish_at - self.created_at)

    def expired(self, now: float) -> bool:
        """Whether its media are gone."""
        return now >= self.expires_at

    def files(self) -> list[str]:
        """The names of its results below ``/media/``."""
        names = [self.id, *(f"{self.id}-{number}" for number in range(2, self.outputs + 1))]
        return [f"{name}.{self.extension}" for name in names[: self.outputs]]

    def shown_in(self, name: str) -> Clip:
        """What one of its files shows, or lets be heard: every song is another one.

        Of what Veo has made longer the first file is the new stretch alone.
        """
        number = self.files().index(name) + 1 if name in self.files() else 1
        *before, last = self.clip.segments
        if self.operation == "veo/extend" and number == 1:
            return replace(self.clip, segments=(last,))
        if self.extension in SOUNDS and number > 1:
            return replace(self.clip, segments=(*before, replace(last, seed=f"{last.seed}-{number}")))
        return self.clip

    def urls(self, base_url: str) -> tuple[list[str], str]:
        """The URLs of its results, and that of the first picture."""
        return [f"{base_url}/media/{name}" for name in self.files()], f"{base_url}/media/{self.id}.png"


class Upload(NamedTuple):
    """An uploaded file.

    :param expires_at: until when it is served, in seconds since the epoch.
    """

    data: bytes
    content_type: str
    expires_at: float


_SAME = (
    *("api", "operation", "model", "prompt", "parent_id", "cost", "refunded"),
    *("created_at", "finish_at", "expires_at", "body_hash"),
)


@dataclass(frozen=True, slots=True)
class SandboxTask:
    """A task of the sandbox, as it stands at the moment of asking.

    :param api: the family whose endpoint has its record: ``"runway"``, ``"aleph"``, ``"jobs"``, ``"veo"``,
        ``"4o-image"``, ``"flux-kontext"``, ``"suno"``, ``"suno-lyrics"``, ``"suno-wav"`` ...
    :param operation: ``"generate"``, ``"extend"``, ``"aleph"`` or ``"job"``; of the other families the endpoint that
        made it, such as ``"veo/extend"``.
    :param phase: ``"waiting"``, ``"queued"``, ``"generating"``, ``"succeeded"`` or ``"failed"``.
    :param cost: credits charged.
    :param created_at: seconds since the epoch, as are ``finish_at`` and ``expires_at``.
    :param seconds: length of the video or sound.
    :param fail_msg: why it fails, or is going to; empty if it does not.
    """

    task_id: str
    api: str
    operation: str
    model: str
    phase: str
    prompt: str
    parent_id: str
    cost: float
    refunded: bool
    created_at: float
    finish_at: float
    expires_at: float
    seconds: float
    width: int
    height: int
    body_hash: str
    fail_msg: str
    fail_code: int | None
    media_urls: tuple[str, ...]

    @classmethod
    def of(cls, task: Task, now: float, base_url: str) -> SandboxTask:
        """A task as ``GET /_sandbox/tasks`` lists it."""
        width, height = task.clip.size()
        return cls(
            task_id=task.id,
            phase=task.phase(now).name.lower(),
            seconds=task.clip.seconds,
            width=width,
            height=height,
            fail_msg=task.failure.msg if task.failure else "",
            fail_code=task.failure.code if task.failure else None,
            media_urls=tuple(task.urls(base_url)[0]),
            **{name: getattr(task, name) for name in _SAME},
        )


def task_id_of(path: str) -> str:
    """The task that a media path belongs to."""
    return path.rpartition("/")[2].partition(".")[0].partition("-")[0]


def crowded(times: deque[float], now: float, *, limit: int, seconds: float) -> bool:
    """Whether ``limit`` of these times lie within the last ``seconds``; older ones are dropped."""
    while times and times[0] <= now - seconds:
        times.popleft()
    return len(times) >= limit
