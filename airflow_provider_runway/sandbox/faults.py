"""Faults as values: what goes wrong, and which requests it strikes.

Actions, by the side they work on::

    any request     Refuse  Delay  CutBefore  CutAfter  Garbage  Redirect
    submissions     NoTaskId  Fail  CallBack
    polls           States  NoUrl  Missing  Expire  (Fail)
    media           CutMedia  WrongLength  (Expire)
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Purpose = Literal["submit", "record", "credit", "media", "upload", "download_url", "models", "chat", "any"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
CallHow = Literal["late", "twice", "never", "early", "forged"]
GarbageKind = Literal["html", "truncated", "empty", "shape", "null"]


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an error code.

    :param code: the code in the body, such as 429 or 500.
    :param msg: the message; by default the usual one of the code.
    :param http_status: the HTTP status; None: as the setting ``http_errors`` has it.
    :param retry_after: seconds to announce in a ``Retry-After`` header; KIE.AI itself sends none.
    :param accepted: the request has been carried out all the same, as when a gateway gives up on a slow
        server: a submission is charged.
    """

    code: int = 500
    msg: str | None = None
    http_status: int | None = None
    retry_after: float | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Answer late; whatever else is due happens after the pause.

    :param seconds: the pause.
    """

    seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds: {self.seconds!r} is not a pause")


@dataclass(frozen=True, slots=True)
class CutBefore:
    """Close the connection without an answer; nothing is carried out."""


@dataclass(frozen=True, slots=True)
class CutAfter:
    """Carry the request out (a submission is charged), then close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Answer what is not an answer.

    :param kind: ``"html"``: a page; ``"truncated"``: JSON that breaks off; ``"empty"``: no body; ``"shape"``:
        JSON of another service; ``"null"``: code 200 with ``data: null``.
    :param http_status: the HTTP status that comes with it.
    :param accepted: whether the request has been carried out: whether a submission is charged.
    """

    kind: GarbageKind = "html"
    http_status: int = 200
    accepted: bool = True

    def __post_init__(self) -> None:
        if self.kind not in get_args(GarbageKind):
            raise ValueError(f"kind: {self.kind!r} is none of {', '.join(get_args(GarbageKind))}")


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with a redirection.

    :param location: where to, as it goes into the header.
    :param http_status: 301, 302, 303, 307 or 308.
    """

    location: str
    http_status: int = 302


@dataclass(frozen=True, slots=True)
class NoTaskId:
    """Accept a submission, and charge it, but answer code 200 without a task id."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Let the task fail; its credits come back when it does.

    Striking a submission, the task fails when it would have been ready; striking a poll of a running task
    (``on="record"``), it fails at that moment.

    :param msg: the failure message, such as ``"The AI moderator caught your prompt"``.
    :param code: the failure code; None: the usual one of the task's API.
    """

    msg: str = "Generation failed, please try again later"
    code: int | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """Call back otherwise than once, when the task has ended.

    :param how: ``"late"``: so many ``seconds`` after the end; ``"twice"``: two calls at once; ``"never"``; ``"early"``:
        at the submission, as if it had ended, and not again; ``"forged"``: at the submission as well, for another task
        and signed with another key.
    """

    how: CallHow
    seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.how not in get_args(CallHow):
            raise ValueError(f"how: {self.how!r} is none of {', '.join(get_args(CallHow))}")
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds: {self.seconds!r} is not a pause")


@dataclass(frozen=True, slots=True)
class States:
    """Say these states in successive polls of a task, instead of the true one.

    :param states: as they go into the record: out of order, unknown, in odd casing, None; for Aleph, success
        flags. Strikes each task as often as there are states, unless told otherwise.
    """

    states: tuple[str | int | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", tuple(self.states))
        if not self.states:
            raise ValueError("states: none given")


@dataclass(frozen=True, slots=True)
class NoUrl:
    """Say success without the video's URL; strikes only polls of a task that is ready."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Know nothing of the task, and say so as its API does.

    :param null: say so by code 200 with ``data: null`` in any case; of itself the unified API answers code 422.
    """

    null: bool = False


@dataclass(frozen=True, slots=True)
class Expire:
    """Let the media of a ready task expire now, for good."""


@dataclass(frozen=True, slots=True)
class CutMedia:
    """Close the connection in the midst of a file.

    :param after: bytes of the body that still arrive.
    """

    after: int = 1000


@dataclass(frozen=True, slots=True)
class WrongLength:
    """Announce a file of another length.

    :param by: above 0: so many bytes more are announced than come, then the connection closes; below 0: the
        file lacks so many bytes at its end, and its announced length agrees.
    """

    by: int = 1000


Action = Union[  # noqa: UP007 - get_args serves the registry below
    Refuse, Delay, CutBefore, CutAfter, Garbage, Redirect, NoTaskId, Fail, CallBack, States, NoUrl,
    Missing, Expire, CutMedia, WrongLength,
]  # fmt: skip

ACTIONS = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", each.__name__).lower(): each for each in get_args(Action)}
_NAMES = {action: name for name, action in ACTIONS.items()}
_HOME: dict[type, Purpose] = {
    **dict.fromkeys((NoTaskId, Fail, CallBack), "submit"),
    **dict.fromkeys((States, NoUrl, Missing, Expire), "record"),
    **dict.fromkeys((CutMedia, WrongLength, Redirect), "media"),
}


class Aim(TypedDict, total=False):
    """Which requests an action strikes: what a :class:`Fault` has beside it."""

    on: Purpose | None
    task_id: str | None
    prompt: str | None
    times: int | None
    times_per_task: int | None
    skip: int
    probability: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An action, and the requests that it strikes: those that match everything given.

    :param action: what goes wrong.
    :param on: the endpoints: ``"submit"``, ``"record"``, ``"credit"``, ``"media"``, ``"upload"``,
        ``"download_url"``, ``"models"``, ``"chat"`` or ``"any"``; by default those that the action is made for.
    :param task_id: only requests about this task.
    :param prompt: only requests about tasks whose prompt contains this.
    :param times: how often it strikes in all; None: always.
    :param times_per_task: how often it strikes each task; None: always.
    :param skip: how many matching requests it lets pass first.
    :param probability: the chance to strike a matching request, 0 to 1.
    :param seed: makes the chances repeat.
    :raises ValueError: a value is not allowed.
    """

    action: Action
    on: Purpose | None = None
    task_id: str | None = None
    prompt: str | None = None
    times: int | None = None
    times_per_task: int | None = None
    skip: int = 0
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if type(self.action) not in _NAMES:
            raise ValueError(f"action: {self.action!r} is no action")
        if self.on is None:
            object.__setattr__(self, "on", _HOME.get(type(self.action), "any"))
        if self.on not in PURPOSES:
            raise ValueError(f"on: {self.on!r} is none of {', '.join(PURPOSES)}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability: {self.probability!r} is not within 0 to 1")
        for name in ("times", "times_per_task", "skip"):
            count = getattr(self, name)
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
                raise ValueError(f"{name}: {count!r} is not a count")
        if isinstance(self.action, States) and self.times_per_task is None:
            object.__setattr__(self, "times_per_task", len(self.action.states))

    @property
    def name(self) -> str:
        """The action's name, as in JSON and in the ledger."""
        return _NAMES[type(self.action)]

    def to_json(self) -> dict[str, Any]:
        """As one flat object: the action's name and fields beside the fault's own."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "action"}
        return {"action": self.name, **asdict(self.action), **own}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fault:
        """The fault of such an object.

        :raises ValueError: it is none; the message says why.
        """
        given = dict(value)
        name = given.pop("action", None)
        action_type = ACTIONS.get(name) if isinstance(name, str) else None
        if action_type is None:
            raise ValueError(f"action: {name!r} is none of {', '.join(ACTIONS)}")
        inner = {each.name: given.pop(each.name) for each in fields(action_type) if each.name in given}
        try:
            return cls(action=action_type(**inner), **given)
        except TypeError as error:
            raise ValueError(str(error)) from error
