"""The poll state of a task: what to do after each poll, with the time passed in.

:class:`PollState` adds to the decision about a record (:func:`airflow_provider_runway.kie.judging.judge`) what needs
memory: how often polls failed in a row, how long a record was missing, when to poll again and when to stop.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field, fields, replace
from typing import Any

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
    """How many polls may fail, and how long the pauses between polls are.

    :param poll_interval: Seconds, the shortest pause between two polls; see :func:`sane_poll_interval`.
    :param max_faults: Polls in a row that may go wrong; one more gives up.
    :param max_missing: Polls in a row that may find no record of the task.
    :param missing_grace: Seconds that a record may stay missing, however many polls that is.
    :param known_grace: The same for a task that KIE itself has named: it is paid, and may only seem to be lost.
    :param max_linkless: Polls in a row that may find success without a video.
    :param linkless_grace: Seconds that success may stay without a video.
    :param longest_pause: Seconds, the longest pause that faults can grow to.
    :param jitter: A number in [0, 1) for each pause, which is lengthened by up to a fifth.
    """

    poll_interval: float = 10.0
    max_faults: int = 5
    max_missing: int = 3
    missing_grace: float = 120.0
    known_grace: float = 900.0
    max_linkless: int = 5
    linkless_grace: float = 60.0
    longest_pause: float = 120.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "poll_interval", sane_poll_interval(self.poll_interval))


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Poll again after this many seconds. ``change`` is the new state, if it has changed since the last poll."""

    pause: float
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The video is there."""

    task: VideoTask


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The wait is over without a video."""

    error: RunwayError


Step = PollAgain | Finished | GaveUp


@dataclass(frozen=True, slots=True)
class PollFailures:
    """How polls have gone wrong lately, in a row: what a wait that goes on in another process has to know.

    :param faults: Polls that brought no answer, or an error.
    :param refusals: Polls that KIE refused for now.
    :param missing: Polls that found no record of the task.
    :param missing_since: When the first of these was.
    :param linkless: Polls that found success without a video.
    :param linkless_since: When the first of these was.
    """

    faults: int = 0
    refusals: int = 0
    missing: int = 0
    missing_since: float = 0.0
    linkless: int = 0
    linkless_since: float = 0.0

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> PollFailures:
        """Read what :meth:`to_json` has made, perhaps in another version."""
        return cls(**{each.name: stored.get(each.name, 0) for each in fields(cls)})

    def to_json(self) -> dict[str, float]:
        """What can be stored."""
        return asdict(self)


NO_FAILURES = PollFailures()
# Codes in place of a record by which KIE may say that the task has ended without one: it timed out, or failed.
_PERHAPS_THE_END = frozenset({408, 501})


@dataclass(slots=True, eq=False)
class PollState:
    """The poll state of one task. Tell it what each poll brought; it says what to do.

    :param task_id: The task.
    :param deadline: When to stop, on the same clock as the ``now`` of the methods.
    :param rules: How many failed polls are borne, and after what pauses.
    :param schedule: When such tasks are polled; it learns from this one. ``None``: after even pauses.
    :param submitted: When the task was submitted, on the same clock; ``None`` if that is not known.
    :param settled: Whether an earlier wait has given the links of a result their time.
    :param is_called: Whether KIE calls when the task has ended: polls are for lost calls alone.
    """

    task_id: str
    _: KW_ONLY
    deadline: float
    rules: PollRules = field(default_factory=PollRules)
    schedule: Schedule | None = None
    submitted: float | None = None
    settled: bool = False
    is_called: bool = False
    # What KIE has last said of the task.
    state: str | None = field(default=None, init=False)
    failures: PollFailures = field(default=NO_FAILURES, init=False)
    # The age up to which the video is known not to have been ready.
    _since: float | None = field(default=None, init=False)

    def begin(self, now: float) -> float:
        """Seconds until the first poll: none where the deadline has passed, or the age of the task is not known."""
        if self.schedule is None or (age := self._age(now)) is None:
            return 0.0
        if age <= self.rules.poll_interval:
            self._since = 0.0
        first = self.schedule.first_pause_beside_calls if self.is_called else self.schedule.first_pause
        pause = first(age, self.rules.poll_interval, self.rules.jitter())
        return max(0.0, min(pause, self.deadline - now))

    def hurry(self, poll_interval: float) -> None:
        """Another subscription has come, which wants shorter pauses."""
        if sane_poll_interval(poll_interval) < self.rules.poll_interval:
            self.rules = replace(self.rules, poll_interval=poll_interval)

    def woken(self, now: float) -> None:
        """Whoever waited for it has gone on, as a rule because KIE has called: it became ready just now."""
        if self.schedule is not None and (age := self._age(now)) is not None and self.is_called:
            self.schedule.learn(max(0.0, age - self.rules.poll_interval), age)

    def head_start(self, now: float) -> float:
        """Seconds by which a poll that is due now goes ahead of those of other videos, where all cannot go at once."""
        if self.schedule is None:
            return 0.0
        return self.schedule.head_start(self._since, self._age(now), self.rules.poll_interval)

    def saw(self, task: VideoTask, now: float) -> Step:
        """A poll brought a record."""
        decision = judge(task)
        done = decision.verdict is Verdict.DONE
        self._learn(now, ready=done)
        if done and (self.settled or not decision.is_early):
            return Finished(task)
        if decision.error is not None:
            return GaveUp(decision.error)
        self.failures = self._linkless_failures(now) if task.state is TaskState.SUCCESS else NO_FAILURES
        waited = now - self.failures.linkless_since
        if self.failures.linkless > self.rules.max_linkless and waited >= self.rules.linkless_grace:
            return Finished(task) if done else GaveUp(_missing_video(task, waited))
        return self._again(now, self._usual_pause(now), self._change(task))

    def missed(self, error: TaskNotFoundError, now: float) -> Step:
        """A poll found no record: a new task may not be visible yet."""
        before = self.failures
        since = before.missing_since if before.missing else now
        self.failures = replace(before, faults=0, refusals=0, missing=before.missing + 1, missing_since=since)
        is_unknown = self.submitted is None and self.state is None
        grace = self.rules.missing_grace if is_unknown else self.rules.known_grace
        if self.failures.missing > self.rules.max_missing and now - since >= grace:
            return GaveUp(error)
        return self._again(now, self._usual_pause(now) * min(0.75 + 0.25 * self.failures.missing, 2.0))

    def failed(self, error: RunwayError, now: float, *, mended: bool = False) -> Step:
        """A poll went wrong. That says nothing about the task, which goes on.

        :param error: How.
        :param now: The time.
        :param mended: What no other poll would change has been changed since: it counts like a fault that passes.
        """
        if isinstance(error, TaskNotFoundError):
            return self.missed(error, now)
        if isinstance(error, (AuthenticationError, ConnectionSettingsError, InvalidRequestError)) and not mended:
            return GaveUp(error)
        if isinstance(error, (RateLimitedError, MaintenanceError)):
            # It says that KIE takes no polls just now, and nothing of the task or the way to KIE.
            before = self.failures.refusals
            self.failures = replace(self.failures, refusals=before + 1)
        else:
            before = self.failures.faults
            self.failures = replace(self.failures, faults=before + 1)
            if self.failures.faults > self.rules.max_faults:
                return GaveUp(self._polling_failed(error))
        first = self.rules.poll_interval
        if isinstance(error, RateLimitedError) and error.retry_after is None:
            first = max(first, RATE_LIMIT_PAUSE)
        grown = max(first, min(first * doublings(before), self.rules.longest_pause))
        return self._again(now, self._jittered(max(grown, named_pause(error))))

    def _linkless_failures(self, now: float) -> PollFailures:
        before = self.failures
        since = before.linkless_since if before.linkless else now
        return PollFailures(linkless=before.linkless + 1, linkless_since=since)

    def _polling_failed(self, error: RunwayError) -> PollingFailedError:
        if error.code in _PERHAPS_THE_END:
            text = "That may be the end of the task, whose credits come back then: see the account's logs."
        elif self.state is None and self.submitted is None:
            text = "No poll has found a record of it."
        else:
            text = "The task is paid and goes on at KIE.AI."
        return PollingFailedError(
            f"{self.failures.faults} polls in a row of task {self.task_id} went wrong, the last one with: {error}",
            detail=text,
            task_id=self.task_id,
            retry_after=error.retry_after,
            said_by=error,
        )

    def _age(self, now: float) -> float | None:
        return None if self.submitted is None else now - self.submitted

    def _learn(self, now: float, *, ready: bool) -> None:
        if self.schedule is not None and (age := self._age(now)) is not None:
            # A first poll that waits for lost calls does not tell how long the video had been ready.
            if ready and self._since is not None and (self._since > 0 or not self.is_called):
                self.schedule.learn(self._since, age)
            self._since = age

    def _usual_pause(self, now: float) -> float:
        if self.schedule is None:
            return self._jittered(self.rules.poll_interval)
        beside_calls = self.is_called and not (self.failures.missing or self.failures.linkless)
        pause = self.schedule.next_pause_beside_calls if beside_calls else self.schedule.next_pause
        return pause(self._age(now), self.rules.poll_interval, self.rules.jitter())

    def _jittered(self, pause: float) -> float:
        return pause * (1.0 + JITTER * self.rules.jitter())

    def _again(self, now: float, pause: float, change: str | None = None) -> Step:
        if (left := self.deadline - now) <= 0:
            return GaveUp(timed_out(self.task_id, self.state, submitted=self.submitted is not None))
        return PollAgain(min(pause, left), change)

    def _change(self, task: VideoTask) -> str | None:
        said = shorten(task.raw_state, 40) or "no state" if task.state is TaskState.UNKNOWN else task.state.value
        if said == self.state:
            return None
        self.state = said
        return f"{said} (a state that KIE.AI does not document)" if task.state is TaskState.UNKNOWN else said


def timed_out(task_id: str, state: str | None, *, submitted: bool = False) -> WaitTimeoutError:
    """The error of a wait that has reached its deadline.

    :param task_id: The task.
    :param state: The state that was seen last; ``None`` if no poll has brought a record.
    :param submitted: Whether it is known all the same that there is such a task.
    """
    last = f" (last seen: {state})" if state else ""
    detail = "It is paid and goes on being made at KIE.AI."
    if not state and not submitted:
        last = ": no poll has found a record of it"
        detail = "If it was submitted, it is paid and goes on being made at KIE.AI."
    return WaitTimeoutError(f"Task {task_id} was not ready in time{last}.", detail=detail, task_id=task_id)


def _missing_video(task: VideoTask, waited: float) -> MissingVideoError:
    return MissingVideoError(
        f"KIE.AI says task {task.task_id} succeeded but has given no video for {waited:.0f} s.",
        detail="It is paid.",
        task_id=task.task_id,
    )
