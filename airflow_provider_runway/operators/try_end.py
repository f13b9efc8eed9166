"""How a try of a task that submits ends where it fails: worth a retry, or final."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    ConnectionSettingsError,
    GenerationFailedError,
    RejectedError,
    RunwayError,
    ServiceError,
)
from airflow_provider_runway.kie.failures import FailureReason, failure_reason
from airflow_provider_runway.operators.advice import Payment, advise, end_unexpectedly
from airflow_provider_runway.utils.announcements import announce_failure
from airflow_provider_runway.utils.failures import as_airflow_failure, has_retry
from airflow_provider_runway.utils.versions import AirflowFailException, AirflowSkipException, AirflowTaskTimeout

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.operators.lifecycle import VideoLifecycle
    from airflow_provider_runway.operators.options import VideoOptions
    from airflow_provider_runway.utils.failures import Advice


@contextmanager
def saying_what_is_paid(
    operator: VideoOptions, lifecycle: VideoLifecycle, payment: Callable[[], Payment], context: Context
) -> Iterator[None]:
    """Have whatever goes wrong say what is paid and what to do.

    A KIE task that is paid is worth another try, if that finds it: where no record is kept, this one is final. Where
    nothing is paid, it leaves word of that for the next.

    :param operator: The operator that runs.
    :param lifecycle: What it has come to.
    :param payment: Tells what is paid.
    :param context: The task's context, to push why it fails.
    """
    with as_airflow_failure(operator, lambda error: advise(error, payment()), context):
        try:
            yield
        except RunwayError as error:
            judged = _judged(error, lifecycle)
            if operator.on_refusal == "skip" and _is_refused(judged) and not (judged.retryable and has_retry(context)):
                raise _skip(operator, judged, advise(judged, payment()), context) from judged
            if judged is error:
                raise
            raise judged from error.__cause__
        except (Exception, AirflowTaskTimeout) as error:
            advice = end_unexpectedly(operator, context, error, payment())
            if lifecycle.pays_nothing:
                lifecycle.state.leave_word()
            elif not lifecycle.earlier.are_recorded:
                raise AirflowFailException(f"{type(error).__name__}: {error}. {advice}") from error
            raise


def _is_refused(error: RunwayError) -> bool:
    """Whether moderation has refused the video, when it was submitted or later."""
    if isinstance(error, GenerationFailedError):
        return error.reason == FailureReason.MODERATION
    return isinstance(error, RejectedError) and failure_reason(error.service_message) is FailureReason.MODERATION


def _skip(operator: VideoOptions, error: RunwayError, advice: Advice, context: Context) -> AirflowSkipException:
    """Tell of a refusal as of a failure, and skip."""
    announce_failure(context, error, paid=advice.paid, is_paid=advice.is_paid, advice=advice.to_do)
    operator.log.warning("%s: %s %s", type(error).__name__, error.summary, advice)
    return AirflowSkipException(f"{error.summary} This task is skipped, as on_refusal='skip' asks.")


def _judged(error: RunwayError, lifecycle: VideoLifecycle) -> RunwayError:
    """The error, with the verdict on a retry that suits what is paid."""
    if isinstance(error, AmbiguousSubmissionError):
        return error
    if lifecycle.pays_nothing or isinstance(error, GenerationFailedError):
        lifecycle.state.leave_word()
        return error
    may_pass = error.retryable or isinstance(error, (ServiceError, ConnectionSettingsError))
    retryable = may_pass and lifecycle.earlier.are_recorded
    return error if error.retryable is retryable else error.replace(retryable=retryable)
