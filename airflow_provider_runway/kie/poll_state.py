"""Watching a task: what to do after each look, with the time passed in.

:class:`PollState` adds to the decision about a record (:func:`airflow_provider_runway.kie.judging.judge`) what needs
memory: how often looks failed in a row, how long a record was missing, when to look again and when to stop.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    ConnectionSettingsError,
    InvalidRequestError,
    MaintenanceError,
    MissingVideoError,
    PollingFailedError,
    RateLimitedError,
    RunwayError,
    TaskNotFoundError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.judging import Verdict, judge
from airflow_provider_runway.kie.retry_rules import RATE_LIMIT_PAUSE, doublings, named_pause
from airflow_provider_runway.kie.schedule import JITTER, Schedule
from airflow_provider_runway.kie.seconds import sane_poll_interval
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.kie.texts import shorten


@dataclass(frozen=True, slots=True)
class PollRules:
    """How patiently a task is watched.

    :param poll_interval: Seconds, the shortest pause between two looks; see :func:`sane_poll_interval`.
    :param max_faults: Looks in a row that may go wrong; one more gives up.
    :param max_missing: Looks in a row that may find no record of the task.
    :param missing_grace: Seconds that a record may stay missing, however many looks that is: for a video that is
        paid it is worth to be patient.
    :param max_linkless: Looks in a row that may find success without a video.
    :param linkless_grace: Seconds that success may stay without a video.
    :param longest_pause: Seconds, the longest pause that faults can grow to.
    :param jitter: A number in [0, 1) for each pause, which is lengthened by up to a fifth.
    """

    poll_interval: float = 10.0
    max_faults: int = 5
    max_missing: int = 3
    missing_grace: float = 120.0
    max_linkless: int = 5
    linkless_grace: float = 60.0
    longest_pause: float = 120.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "poll_interval", sane_poll_interval(self.poll_interval))


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Look again after this many seconds. ``news`` is set when the state has changed since the last look."""

    pause: float
    news: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The video is there."""

    task: VideoTask


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The watch is over without a video."""

    error: RunwayError


Step = PollAgain | Finished | GaveUp
# Codes in place of a record by which KIE may say that the task has ended without one: it timed out, or failed.
_PERHAPS_THE_END = frozenset({408, 501})
_REMEMBERED = ("faults", "refusals", "missing", "missing_since", "linkless", "linkless_since")


class PollState:
    """The memory of one wait. Tell it what each look brought; it says what to do.

    :param task_id: The task watched.
    :param deadline: When to stop, on the same clock as the ``now`` of the other calls.
    :param rules: How patiently.
    :param schedule: When such videos are looked at; it learns from this one. ``None``: after even pauses.
    :param submitted: When the task was submitted, on the same clock; ``None`` if that is not known.
    """

    __slots__ = (
        "_faults",
        "_linkless",
        "_linkless_since",
        "_missing",
        "_missing_since",
        "_refusals",
        "_schedule",
        "_since",
        "_submitted",
        "deadline",
        "rules",
        "state",
        "task_id",
    )

    def __init__(
        self,
        task_id: str,
        *,
        deadline: float,
        rules: PollRules | None = None,
        schedule: Schedule | None = None,
        submitted: float | None = None,
    ) -> None:
        self.task_id = task_id
        self.deadline = deadline
        self.rules = rules or PollRules()
        self.state: str | None = None
        self._schedule = schedule
        self._submitted = submitted
        # The age up to which the video is known not to have ended.
        self._since: float | None = None
        self._faults = 0
        self._refusals = 0
        self._missing = 0
        self._missing_since = 0.0
        self._linkless = 0
        self._linkless_since = 0.0

    def begin(self, now: float) -> float:
        """Seconds until the first look: none where the deadline has passed, or the age of the task is not known."""
        age = self._age(now)
        if self._schedule is None or age is None:
            return 0.0
        if age <= self.rules.poll_interval:
            self._since = 0.0
        pause = self._schedule.first_pause(age, self.rules.poll_interval, self.rules.jitter())
        return max(0.0, min(pause, self.deadline - now))

    @property
    def memory(self) -> dict[str, float]:
        """What a watch that goes on in another process has to know: how looks have gone wrong lately, as JSON."""
        return {name: getattr(self, f"_{name}") for name in _REMEMBERED}

    def recall(self, memory: Mapping[str, float]) -> None:
        """Go on from what another process remembered, on the same clock."""
        for name in _REMEMBERED:
            setattr(self, f"_{name}", memory.get(name, 0))

    def hurry(self, poll_interval: float) -> None:
        """Somebody else waits too, who wants shorter pauses."""
        if sane_poll_interval(poll_interval) < self.rules.poll_interval:
            self.rules = replace(self.rules, poll_interval=poll_interval)

    def head_start(self, now: float) -> float:
        """Seconds by which a look that is due now goes ahead of those of other videos, where all cannot go at once."""
        if self._schedule is None:
            return 0.0
        return self._schedule.head_start(self._since, self._age(now), self.rules.poll_interval)

    def saw(self, task: VideoTask, now: float) -> Step:
        """A look brought a record."""
        self._faults = self._refusals = self._missing = 0
        decision = judge(task)
        self._learn(now, ready=decision.verdict is Verdict.DONE)
        if decision.verdict is Verdict.DONE:
            return Finished(task)
        if decision.error is not None:
            return GaveUp(decision.error)
        if task.state is TaskState.SUCCESS:
            if self._linkless == 0:
                self._linkless_since = now
            self._linkless += 1
            waited = now - self._linkless_since
            if self._linkless > self.rules.max_linkless and waited >= self.rules.linkless_grace:
                return GaveUp(_missing_video(task, waited))
        else:
            self._linkless = 0
        return self._again(now, self._usual_pause(now), self._news(task))

    def missed(self, error: TaskNotFoundError, now: float) -> Step:
        """A look found no record: a new task may not be visible yet."""
        self._faults = self._refusals = 0
        if self._missing == 0:
            self._missing_since = now
        self._missing += 1
        if self._missing > self.rules.max_missing and now - self._missing_since >= self.rules.missing_grace:
            return GaveUp(error)
        return self._again(now, self._usual_pause(now) * min(0.75 + 0.25 * self._missing, 2.0))

    def failed(self, error: RunwayError, now: float, *, mended: bool = False) -> Step:
        """A look went wrong. That says nothing about the task, which goes on.

        :param error: How.
        :param now: The time.
        :param mended: What no other look would change has been changed since: it counts like a fault that passes.
        """
        if isinstance(error, TaskNotFoundError):
            return self.missed(error, now)
        if isinstance(error, (AuthenticationError, ConnectionSettingsError, InvalidRequestError)) and not mended:
            return GaveUp(error)
        if isinstance(error, (RateLimitedError, MaintenanceError)):
            # It says that KIE does not look just now, and nothing of the task or the way to KIE.
            before = self._refusals
            self._refusals += 1
        else:
            before = self._faults
            self._faults += 1
            if self._faults > self.rules.max_faults:
                return GaveUp(self._polling_failed(error))
        first = self.rules.poll_interval
        if isinstance(error, RateLimitedError) and error.retry_after is None:
            first = max(first, RATE_LIMIT_PAUSE)
        grown = max(first, min(first * doublings(before), self.rules.longest_pause))
        return self._again(now, self._jittered(max(grown, named_pause(error))))

    def timed_out(self) -> WaitTimeoutError:
        """The error of a wait that has reached its deadline."""
        return timed_out(self.task_id, self.state, submitted=self._submitted is not None)

    def _polling_failed(self, error: RunwayError) -> PollingFailedError:
        if error.code in _PERHAPS_THE_END:
            text = "That may be the end of the task, whose credits come back then: look at the account's logs."
        elif self.state is None and self._submitted is None:
            text = "No look has found a record of it."
        else:
            text = "The task is paid and goes on at KIE.AI."
        return PollingFailedError(
            f"{self._faults} looks in a row at task {self.task_id} went wrong, the last one with: {error} {text}",
            code=error.code,
            http_status=error.http_status,
            task_id=self.task_id,
            service_message=error.service_message,
            retry_after=error.retry_after,
        )

    def _age(self, now: float) -> float | None:
        return None if self._submitted is None else now - self._submitted

    def _learn(self, now: float, *, ready: bool) -> None:
        age = self._age(now)
        if self._schedule is not None and age is not None:
            if ready and self._since is not None:
                self._schedule.learn(self._since, age)
            self._since = age

    def _usual_pause(self, now: float) -> float:
        if self._schedule is None:
            return self._jittered(self.rules.poll_interval)
        return self._schedule.next_pause(self._age(now), self.rules.poll_interval, self.rules.jitter())

    def _jittered(self, pause: float) -> float:
        return pause * (1.0 + JITTER * self.rules.jitter())

    def _again(self, now: float, pause: float, news: str | None = None) -> Step:
        left = self.deadline - now
        if left <= 0:
            return GaveUp(self.timed_out())
        return PollAgain(min(pause, left), news)

    def _news(self, task: VideoTask) -> str | None:
        said = shorten(task.raw_state, 40) or "no state" if task.state is TaskState.UNKNOWN else task.state.value
        if said == self.state:
            return None
        self.state = said
        return f"{said} (a state that KIE.AI does not document)" if task.state is TaskState.UNKNOWN else said


def timed_out(task_id: str, state: str | None, *, submitted: bool = False) -> WaitTimeoutError:
    """The error of a wait that has reached its deadline.

    :param task_id: The task.
    :param state: The state that was seen last; ``None`` if no look has brought a record.
    :param submitted: Whether it is known all the same that there is such a task.
    """
    last = f" (last seen: {state})" if state else ""
    text = f"Task {task_id} was not ready in time{last}. It is paid and goes on being made at KIE.AI."
    if not state and not submitted:
        text = (
            f"Task {task_id} was not ready in time: no look has found a record of it. If it was submitted, it is paid "
            "and goes on being made at KIE.AI."
        )
    return WaitTimeoutError(text, task_id=task_id)


def _missing_video(task: VideoTask, waited: float) -> MissingVideoError:
    return MissingVideoError(
        f"KIE.AI says task {task.task_id} succeeded but has given no video for {waited:.0f} s. It is paid.",
        task_id=task.task_id,
    )
