"""The submission record, which outlives a try, and what a new try makes of it.

It is kept in the folder ``[runway] records`` and in Airflow's task state store (3.3 and later), by the task instance
without its try number: a retry, a cleared task and each mapped index find their own. It holds no secret: the store is
shown in the UI.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, RunwayError, UnreadableRecordError
from airflow_provider_runway.kie.rules import is_task_id
from airflow_provider_runway.kie.tasks import read_credits
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.results import to_iso, utc_now

RECORD_KEY = "runway_submission"
_NONCE = re.compile("[0-9a-f]{32}")
# The KIE task with which the Airflow task has succeeded. It never takes the place of a record.
SUCCESS_KEY = "runway_success"
_VERSION = 1
# KIE keeps its own records for two months.
RETENTION = timedelta(days=60)


class Stage(str, Enum):
    """How far a submission has come."""

    INTENT = "intent"
    #: Nothing was sent after all, or KIE has refused it.
    UNSENT = "unsent"
    SUBMITTED = "submitted"
    FAILED = "failed"
    GONE = "gone"
    FINISHED = "finished"
    #: A person has left it behind.
    FORGOTTEN = "forgotten"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is known of a submission.

    :param stage: How far it has come.
    :param fingerprint: Of the request; see :func:`airflow_provider_runway.kie.fingerprints.fingerprint`.
    :param intended_at: When it was about to be sent, ISO 8601 in UTC.
    :param task_id: KIE's id, from stage ``SUBMITTED`` on.
    :param submitted_at: When KIE had taken it, ISO 8601 in UTC.
    :param saved_to: The ``save_to`` at which this Airflow task has stored a video before.
    :param saved: Checksums (SHA-256) of what it has stored there, the newest first, which a new one may replace.
    :param failures: How many submissions of this very request KIE has failed for a reason that bounds how often it is
        worth submitting.
    :param nonce: By what KIE's call finds it; ``None`` if KIE was not asked to call Airflow.
    :param credits: What it has cost, where KIE tells.
    """

    stage: Stage
    fingerprint: str
    intended_at: str
    task_id: str | None = None
    submitted_at: str | None = None
    saved_to: str | None = None
    saved: tuple[str, ...] = ()
    failures: int = 0
    nonce: str | None = None
    credits: float | None = None

    @classmethod
    def unrecorded(
        cls, task_id: str, submitted_at: str | None, fingerprint: str, nonce: str | None = None
    ) -> Submission:
        """A submission of this try that no submission record tells of, as none outlives a try."""
        return cls(
            stage=Stage.SUBMITTED,
            fingerprint=fingerprint,
            intended_at=submitted_at or to_iso(utc_now()),
            task_id=task_id,
            submitted_at=submitted_at,
            nonce=nonce,
        )

    @property
    def paid_task_id(self) -> str:
        """KIE's id of a task that is submitted."""
        if self.task_id is None:  # pragma: no cover - only submitted records are asked
            raise TypeError("this submission has no task id")
        return self.task_id

    @property
    def intended_epoch(self) -> float:
        """When it was about to be sent, in epoch seconds."""
        return datetime.fromisoformat(self.intended_at).timestamp()

    @property
    def submitted_epoch(self) -> float | None:
        """When KIE had taken it, in epoch seconds."""
        return None if self.submitted_at is None else datetime.fromisoformat(self.submitted_at).timestamp()

    def took_until(self, completed_at: datetime | None, *, is_exact: bool) -> str:
        """How long the video took, as far as is known, to follow upon "ready".

        :param completed_at: When it was ready.
        :param is_exact: Whether KIE says so, and it was not only seen then: waiting for a worker counts in that.
        """
        if completed_at is None or self.submitted_epoch is None:
            return ""
        took = max(completed_at.timestamp() - self.submitted_epoch, 0.0)
        return (
            f", {took:.0f} s after it was submitted"
            if is_exact
            else f", as was seen {took:.0f} s after it was submitted"
        )

    def is_of(self, intent: Submission) -> bool:
        """Whether it is the submission that this intent has announced."""
        return (self.fingerprint, self.intended_at) == (intent.fingerprint, intent.intended_at)

    def replaceable(self, save_to: str | None) -> tuple[str, ...]:
        """Checksums of files at a target that are this Airflow task's own."""
        return self.saved if self.saved_to == save_to else ()

    def to_json(self) -> dict[str, Any]:
        """The submission record as it is stored."""
        record = {"version": _VERSION, **asdict(self), "stage": self.stage.value, "saved": list(self.saved)}
        return {name: value for name, value in record.items() if value is not None or name not in _UNSAID}

    @classmethod
    def from_json(cls, value: object) -> Submission:
        """Read a stored submission record.

        :raises UnreadableRecordError: If it is not one: that is not the same as none.
        """
        try:
            if not isinstance(value, Mapping):
                raise TypeError(type(value).__name__)
            if value["version"] != _VERSION:
                raise ValueError(f"it has version {value['version']!r}, and this provider reads {_VERSION}")
            fields = {name: value[name] for name in cls.__slots__ if name not in _LATER}
            fields["saved"] = tuple(map(str, value.get("saved", ())))
            fields["failures"] = int(value.get("failures", 0))
            nonce = value.get("nonce")
            fields["nonce"] = nonce if isinstance(nonce, str) and _NONCE.fullmatch(nonce) else None
            fields["credits"] = read_credits(value.get("credits"))
            record = cls(**{**fields, "stage": Stage(fields["stage"])})
            if isinstance(record.task_id, str):  # a person may have pasted it
                record = replace(record, task_id=record.task_id.strip())
            named = isinstance(record.task_id, str) and is_task_id(record.task_id)
            if not named and (record.task_id is not None or record.stage not in _WITHOUT_ID):
                raise ValueError("no task id")
            datetime.fromisoformat(record.intended_at)
            if record.submitted_at is not None:
                datetime.fromisoformat(record.submitted_at)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UnreadableRecordError(
                f"The submission record of this task cannot be read ({type(error).__name__}: {error}).",
                detail="Nothing was sent now. An earlier try may have submitted.",
            ) from error
        return record


# Fields that are left out where there is nothing to say.
_UNSAID = frozenset({"nonce", "credits"})
# Fields that older records lack.
_LATER = frozenset({"failures", "saved", "nonce", "credits"})
# Where nothing, or nothing more, comes of a submission: the next try submits.
OVER = frozenset({Stage.UNSENT, Stage.FAILED, Stage.GONE, Stage.FORGOTTEN})
_WITHOUT_ID = frozenset({Stage.INTENT, Stage.UNSENT, Stage.FORGOTTEN})


def failures_before(earlier: Submission | None, fingerprint: str) -> int:
    """How many submissions of a request have failed before, if that of the earlier try is of that request."""
    if earlier is None or earlier.stage is not Stage.FAILED or earlier.fingerprint != fingerprint:
        return 0
    return earlier.failures


@dataclass(frozen=True, slots=True)
class Submit:
    """Submit the request. ``note`` tells of an earlier submission that is left behind."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reattach:
    """An earlier try has submitted this very request: poll its task, pay nothing.

    :param is_reused: Whether the Airflow task has succeeded with it, and takes it once more.
    """

    submission: Submission
    is_reused: bool = False

    @property
    def note(self) -> str:
        """What is done, and why."""
        earlier = self.submission
        if self.is_reused:
            return (
                f"The task had succeeded with {earlier.task_id} and was cleared: its video is taken again, as "
                "on_clear='reuse' asks, and nothing is paid."
            )
        if earlier.stage is Stage.FINISHED:
            return (
                f"An earlier try was done with task {earlier.task_id}, and nothing tells that Airflow took its "
                "success: this one returns the same result and pays nothing. For a new one, delete this task's "
                f"submission record and clear the task: see {page('retries.md')}."
            )
        return (
            f"An earlier try submitted task {earlier.task_id}{_at(earlier.submitted_at)}: this one waits on it and "
            "pays nothing."
        )


def _at(moment: str | None) -> str:
    return f" at {moment}" if moment else ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not submit."""

    error: RunwayError


Plan = Submit | Reattach | Refuse


def plan(earlier: Submission | None, fingerprint: str, *, has_succeeded: bool, resubmit_ambiguous: bool) -> Plan:
    """Decide what a try does, from what earlier ones left behind.

    :param earlier: The submission record, if there is one.
    :param fingerprint: Of the request as it is now.
    :param has_succeeded: Whether Airflow has taken a success with its KIE task: so a person has cleared it.
    :param resubmit_ambiguous: Whether a submission whose outcome is unknown may be sent again.
    """
    if earlier is None or earlier.stage in OVER:
        return Submit()
    if earlier.stage is Stage.FINISHED and has_succeeded:
        return Submit(f"The task had succeeded with {earlier.task_id} and was cleared: a new video is made and paid.")
    if earlier.fingerprint != fingerprint:
        return Submit(_changed(earlier))
    if earlier.stage is Stage.INTENT:
        if resubmit_ambiguous:
            return Submit(
                f"An earlier try may have submitted this request at {earlier.intended_at}; it is submitted again, as "
                "on_ambiguous_submit asks. The video may be paid twice."
            )
        return Refuse(_orphaned(earlier))
    return Reattach(earlier)


def _changed(earlier: Submission) -> str:
    if earlier.stage is Stage.INTENT:
        return (
            f"The request has changed since an earlier try, which may have submitted another one at "
            f"{earlier.intended_at} (request {earlier.fingerprint}) that is then paid. The new one is submitted."
        )
    return (
        f"The request has changed since an earlier try, whose task {earlier.task_id} is paid and not used. "
        "The new one is submitted."
    )


def _orphaned(earlier: Submission) -> AmbiguousSubmissionError:
    return AmbiguousSubmissionError(
        f"An earlier try was about to submit this video at {earlier.intended_at} (request {earlier.fingerprint}) and "
        "nothing is known of the outcome.",
        detail="It is not submitted again. The log of that try may name its task.",
    )
