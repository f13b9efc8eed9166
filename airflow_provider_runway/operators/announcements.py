"""What an operator that makes a video says of it before it waits; see :mod:`.utils.announcements` for who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.operators.video_job import Deferral, Facts, Submitted, VideoJob
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.utils.announcements import (
    announce,
    expected_at,
    facts_of_request,
    in_dollars,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.operators.lifecycle import VideoLifecycle

Announce = Callable[["Submitted | Deferral"], None]


@contextmanager
def announcing(context: Context, job: Callable[[], VideoJob], lifecycle: VideoLifecycle) -> Iterator[Announce]:
    """Give what announces a video that is submitted or queues; one that fails before that is announced in the end.

    :param context: The task's context.
    :param job: How it is waited for.
    :param lifecycle: What submits it.
    """
    said = False

    def say(submitted: Submitted | Deferral) -> None:
        nonlocal said
        said = True
        with suppress(Exception):  # saying it never fails a task
            announce(context, **_facts(job(), lifecycle.request, submitted))

    try:
        yield say
    except Exception:
        if not said:
            with suppress(Exception):
                announce(context, **_facts(job(), lifecycle.request, lifecycle.paid))
        raise


def _facts(job: VideoJob, request: Request | None, submitted: Submitted | Deferral | str | None) -> dict[str, Any]:
    known = None if request is None else Facts.of(job, request)
    price = None if known is None else known.price
    facts: dict[str, Any] = {
        **facts_of_request(request),
        "kind": job.kind,
        "conn_id": job.runway_conn_id,
        "parent_task_id": job.parent_task_id,
        "save_to": job.save_to,
        "credits": price,
        "dollars": in_dollars(price),
    }
    if isinstance(submitted, Submitted):
        submission = submitted.submission
        facts["task_id"], facts["submitted_at"] = submission.task_id, submission.submitted_at
        facts["expected_at"] = expected_at(submission.submitted_at, known.profile if known else job.kind)
    elif isinstance(submitted, Deferral):
        facts["queue"] = _queue(submitted)
    else:
        facts["task_id"] = submitted
    return facts


def _queue(deferral: Deferral) -> dict[str, Any] | None:
    """Why a submission queues, since when, until when at least, and at what pace."""
    from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger

    if not isinstance(deferral.trigger, RunwayAdmissionTrigger):
        return None
    request = deferral.trigger.request
    return {
        "reason": request.reason,
        "since": _iso(request.queued_at),
        "until": _iso(request.not_before) if request.not_before else None,
        "limit": request.limit,
    }


def _iso(moment: float) -> str:
    return to_iso(datetime.fromtimestamp(moment, timezone.utc))
