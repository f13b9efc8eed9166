"""What goes into the lifecycle of a video, and what comes out of it for the operator to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.prices import estimate, price_key
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.operators.submission import Submission
from airflow_provider_runway.triggers.events import PollRequest, VideoEvent
from airflow_provider_runway.utils.config import read_prices

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

AmbiguousSubmit = Literal["fail", "resubmit", "resubmit_if_silent"]
# Calls that wake a task before its video is ready: there is one, unless somebody plays with them.
MOST_CALLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoJob:
    """What one task is to have made, and how it waits; the parameters of the operators, after templating.

    :param renew_request: Makes the request anew right before it is sent, where the one at hand lacks what is not kept
        between tries, and so is good for waiting only.
    :param repeats: Whether the request stands for that of an earlier try, whatever it says by now.
    :param timeout: Seconds, the longest wait of one try.
    :param max_credits: Credits that a submission may cost at most; ``None`` for no such bound.
    """

    kind: Kind
    runway_conn_id: str
    parent_task_id: str | None = None
    save_to: str | None = None
    thumbnail: bool = False
    metadata: bool = False
    wait_for_completion: bool = True
    deferrable: bool = True
    poll_interval: float = 10.0
    timeout: float = 1800.0
    on_ambiguous_submit: AmbiguousSubmit = "fail"
    renew_request: Callable[[], Request] | None = None
    repeats: bool = False
    max_credits: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a deferral keeps of a job that is paid, as JSON: by the way back, its templates may give something else.

    :param fingerprint: Of the request.
    :param profile: What sort of video it is, as in the price list.
    :param kind: Of the KIE task.
    :param price: Credits that it was expected to cost; ``None`` if that is not known.
    :param save_to: Where it is stored, if it is.
    :param parent_task_id: The task that it extends, if it does.
    :param nonce: By what KIE's call finds its submission, if KIE was asked to call.
    :param calls: How many calls have come, and the task had not ended for all that.
    """

    fingerprint: str
    profile: str
    kind: Kind
    price: float | None = None
    save_to: str | None = None
    parent_task_id: str | None = None
    nonce: str | None = None
    calls: int = 0

    @classmethod
    def kept(cls, facts: Mapping[str, Any] | None, job: VideoJob, request: Request | None) -> Facts:
        """Read what a deferral has kept: what another release kept besides is ignored, what it did not is as now.

        :param facts: What was kept; ``None`` where nothing is, as in ``dag.test()``.
        :param job: The job as it is now.
        :param request: What was asked for, if that can still be told.
        """
        if facts is None and request is not None:
            return cls.of(job, request)
        known = {name: facts[name] for name in cls.__slots__ if name in facts} if facts else {}
        now = {
            "fingerprint": "",
            "profile": job.kind,
            "kind": job.kind,
            "save_to": job.save_to,
            "parent_task_id": job.parent_task_id,
        }
        return cls(**{**now, **known})

    @classmethod
    def of(cls, job: VideoJob, request: Request) -> Facts:
        """What is known before the submission."""
        price: float | None = None
        with suppress(InvalidRequestError):  # nonsense in the option, which is refused before anything is paid
            price = estimate(request, read_prices())
        return cls(
            fingerprint=fingerprint(request),
            profile=price_key(request),
            kind=job.kind,
            price=price,
            save_to=job.save_to,
            parent_task_id=job.parent_task_id,
        )

    def after(self, ended: VideoEvent) -> Facts:
        """What is known once a wait has ended: a call counts, whatever comes of it."""
        return replace(self, calls=self.calls + 1) if ended.state == "called" else self

    def poll_request(
        self, job: VideoJob, task_id: str, deadline: float, submitted_at: float | None, seen: str | None = None
    ) -> PollRequest:
        """What a trigger is to poll.

        :param job: How it is waited for.
        :param task_id: KIE's id.
        :param deadline: Epoch seconds at which the wait ends.
        :param submitted_at: Epoch seconds; ``None`` if that is not known.
        :param seen: The state that a poll has shown, which matters where nothing else says that there is the task.
        """
        return PollRequest(
            runway_conn_id=job.runway_conn_id,
            runway_task_id=task_id,
            kind=self.kind,
            poll_interval=job.poll_interval,
            deadline=deadline,
            submitted_at=submitted_at,
            profile=self.profile,
            nonce=self.nonce if self.calls < MOST_CALLS else None,
            calls=self.calls or None,
            seen=seen if submitted_at is None else None,
        )


@dataclass(frozen=True, slots=True)
class Deferral:
    """What an operator is to defer with: Airflow's own arguments."""

    trigger: BaseTrigger
    method_name: str
    timeout: timedelta
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """By their names."""
        names = ("trigger", "method_name", "timeout")
        return {**{name: getattr(self, name) for name in names}, "kwargs": dict(self.kwargs)}


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission that is paid, by this try or an earlier one, and what a poll has shown of its task since.

    :param state: The KIE task's state; ``None`` if it was not polled, or has no record yet.
    :param finished: Its record, if it has finished.
    """

    submission: Submission
    state: str | None = None
    finished: VideoTask | None = None
