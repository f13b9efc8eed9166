"""What Airflow stores of the triggers, and what they fire: one type each, as JSON only where Airflow keeps it.

The keyword arguments of a stored trigger outlive an upgrade: names and meanings stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_runway.kie.errors import MissingVideoError, PollingFailedError, RunwayError, TaskNotFoundError
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT
from airflow_provider_runway.kie.rules import check_kind, check_moment, check_task_id
from airflow_provider_runway.kie.tasks import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRequest:
    """What a :class:`.RunwayVideoTrigger` asks of the shared poller. The fields are the trigger's parameters.

    :raises InvalidRequestError: If a moment is no finite number.
    """

    runway_conn_id: str
    runway_task_id: str
    kind: Kind = "runway"
    poll_interval: float = 10.0
    deadline: float
    submitted_at: float | None = None
    profile: str | None = None
    nonce: str | None = None
    calls: int | None = None
    seen: str | None = None

    def __post_init__(self) -> None:
        check_moment("deadline", self.deadline)
        if self.submitted_at is not None:
            check_moment("submitted_at", self.submitted_at)

    @property
    def expects_call(self) -> bool:
        """Whether KIE is to call when the task has ended, and has not yet."""
        return self.nonce is not None and not self.calls

    def check_task(self) -> None:
        """Refuse a task that cannot be polled, before it meets the requests of others.

        :raises InvalidRequestError: If the id or the kind is none.
        """
        check_task_id("runway_task_id", self.runway_task_id)
        check_kind(self.kind)

    def to_kwargs(self) -> dict[str, Any]:
        """The trigger's keyword arguments, without what is not known."""
        return {name: value for name, value in asdict(self).items() if value is not None or name not in _OPTIONAL}


_OPTIONAL = frozenset({"submitted_at", "profile", "nonce", "calls", "seen"})


@dataclass(frozen=True, slots=True)
class VideoEvent:
    """How the wait of a :class:`.RunwayVideoTrigger` has ended. It holds no URL: whoever resumes polls the task.

    :param task_id: The task.
    :param state: ``"success"``, ``"failed"``, ``"gone"`` (expired, or unknown to KIE), ``"timeout"``, ``"fault"``
        (the polls went wrong) or ``"called"`` (KIE has called back; nothing was polled).
    :param error: For ``"gone"`` and ``"fault"``, what was wrong, in one line.
    :param detail: What else there is to say of it.
    """

    task_id: str
    state: str
    error: str | None = None
    detail: str | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> VideoEvent:
        """Read what Airflow brings back."""
        return cls(str(event["task_id"]), event["state"], event.get("error"), event.get("detail"))

    def to_event(self) -> dict[str, Any]:
        """What Airflow stores: ``error`` and ``detail`` only where there are any."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def as_error(self, state: str | None = None) -> RunwayError:
        """The error that an event of state ``"gone"`` or ``"fault"`` tells of.

        :param state: The KIE task's state at a poll since then, which brought no video.
        """
        if self.state == "gone":
            said = self.error or f"KIE.AI has no record of task {self.task_id}"
            return TaskNotFoundError(said, detail=self.detail, task_id=self.task_id)
        kind = MissingVideoError if state == TaskState.SUCCESS else PollingFailedError
        return kind(self.error or "The trigger gave up.", detail=self.detail, task_id=self.task_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequest:
    """What a :class:`.RunwayAdmissionTrigger` asks of the admission queue. The fields are the trigger's parameters."""

    runway_conn_id: str
    queued_at: float
    refusals: int = 0
    not_before: float = 0.0
    holds_all: bool = False
    late: bool = False
    limit: int = SUBMISSION_LIMIT
    reason: str = "pace"

    def to_kwargs(self) -> dict[str, Any]:
        """The trigger's keyword arguments."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionEvent:
    """What a :class:`.RunwayAdmissionTrigger` fires: the submission may be sent.

    :param moment: Epoch seconds, when it may be sent.
    :param queued_at: Epoch seconds at which it was first wanted.
    :param refusals: How often KIE has refused it for now.
    """

    moment: float
    queued_at: float
    refusals: int

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> AdmissionEvent:
        """Read what Airflow brings back."""
        return cls(moment=float(event["moment"]), queued_at=float(event["queued_at"]), refusals=int(event["refusals"]))

    def to_event(self) -> dict[str, Any]:
        """What Airflow stores."""
        return asdict(self)
