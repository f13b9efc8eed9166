"""When a submission goes through the admission queue, and where in it: pure decisions, and one question to Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import MaintenanceError, RateLimitedError
from airflow_provider_runway.kie.pacing import LEAD
from airflow_provider_runway.kie.retry_rules import doublings, refusal_pause
from airflow_provider_runway.triggers.events import AdmissionEvent, AdmissionRequest

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds after which a queued submission gives up. 24 hours let 170,000 submissions through.
LONGEST_QUEUEING = 86_400.0
_LONGEST_MAINTENANCE_PAUSE = 600.0
_UNDER_WAY = ["scheduled", "queued", "running", "deferred", "up_for_retry", "restarting"]


def after_refusal(
    refusal: RateLimitedError | MaintenanceError,
    admitted: AdmissionEvent | None,
    runway_conn_id: str,
    limit: int,
    now: float,
) -> AdmissionRequest:
    """Queue after KIE refused: with the whole pause it asks for, at the place of the first time.

    :param refusal: What KIE answered. A pause that it names, and maintenance, hold the others as well.
    :param admitted: How the queue let the submission through before, if it was there.
    :param runway_conn_id: The connection.
    :param limit: Submissions that its account may make in 10 seconds.
    :param now: Epoch seconds.
    """
    refusals = admitted.refusals if admitted else 0
    pause, holds_all, reason = refusal_pause(refusal), True, "maintenance"
    if isinstance(refusal, RateLimitedError):
        holds_all, reason = refusal.retry_after is not None, "429"
    else:
        pause = min(pause * doublings(refusals), _LONGEST_MAINTENANCE_PAUSE)
    return AdmissionRequest(
        runway_conn_id=runway_conn_id,
        queued_at=admitted.queued_at if admitted else now,
        refusals=refusals + 1,
        not_before=now + pause,
        holds_all=holds_all,
        late=admitted is not None and now - admitted.moment > LEAD,
        limit=limit,
        reason=reason,
    )


def may_exceed_the_limit(context: Context, limit: int, *, waits: bool) -> bool:
    """Whether so many tasks of the DAG are under way, in all its runs, that they could exceed the account's limit.

    If not, the turn of each has come, and it need not queue: a single video and a small batch go out at once, a larger
    one and a backfill queue before KIE refuses them. Where Airflow does not tell, they may exceed it.

    :param context: The task's context.
    :param limit: Submissions that the account may make in 10 seconds.
    :param waits: Whether a task that has submitted is under way for long enough to be counted: it waits for its video.
        If not, half as many are taken for enough.
    """
    ti = context["ti"]
    enough = limit if waits else limit // 2
    try:
        return ti.get_ti_count(dag_id=ti.dag_id, states=_UNDER_WAY) > enough
    except Exception:  # noqa: BLE001 - queueing is always right, only slower
        return True


def time_to_moment(admitted: AdmissionEvent, now: float) -> float:
    """Seconds until the moment that the queue gave; a clock that is off by more than the lead counts for nothing."""
    left = admitted.moment - now
    return left if 0 < left <= LEAD else 0.0
