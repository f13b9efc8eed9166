"""How this provider's errors reach Airflow: with its retries where they can help, and without where they cannot."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from airflow_provider_runway.kie.errors import ConnectionSettingsError, RunwayError, ServiceError
from airflow_provider_runway.kie.web_pages import page

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

_UNPAID = re.compile(r"[Nn]othing was (sent|paid)")
_PAID = re.compile(r" is paid")
# A sentence as a clause of its own, which may end another one.
_CLAUSE = r"(?i)(?:^|[.;:] )%s(?:[.;,](?: |$)|$)"


class Advice(NamedTuple):
    """What follows from an error, as whole sentences.

    :param paid: What is paid; of a task that publishes, what is published.
    :param to_do: What to do.
    :param is_paid: Whether anything is paid; ``None`` where nobody knows.
    """

    paid: str
    to_do: str
    is_paid: bool | None

    def __str__(self) -> str:
        return f"{self.paid} {self.to_do} {_read_on()}"


@contextmanager
def as_airflow_failure(
    operator: BaseOperator, advise: Callable[[RunwayError], Advice], context: Context
) -> Iterator[None]:
    """Turn an error that no retry can help into Airflow's ``AirflowFailException``, which skips the retries.

    A retryable one passes as it is, so that ``retries`` and a ``retry_policy`` see its type.

    :param operator: The operator that runs, to whose log the advice goes as its last line.
    :param advise: Given the error, says what is paid and what to do.
    :param context: The task's context, to push why it fails.
    """
    try:
        yield
    except RunwayError as error:
        advised = with_advice(error, advise(error), operator, context)
        if advised.retryable:
            raise advised from error.__cause__
        fail_for_good(advised)


def with_advice(error: RunwayError, advice: Advice, operator: BaseOperator, context: Context) -> RunwayError:
    """An error whose message ends with what is paid and what to do; in short that is the log's last line, too.

    Why the task fails is also pushed, as XCom ``failure``.

    :param error: The error, whose message need not repeat itself.
    :param advice: What is paid and what to do.
    :param operator: The operator that runs.
    :param context: The task's context, to push why it fails.
    """
    from airflow_provider_runway.utils.announcements import announce_failure

    announce_failure(context, error, paid=advice.paid, is_paid=advice.is_paid, advice=advice.to_do)
    if isinstance(error, (ServiceError, ConnectionSettingsError)):
        error = error.replace(error.summary)  # the client has said what to do, and did not know the task
    known = _UNPAID if advice.paid.startswith("Nothing") else _PAID if advice.paid.endswith(" is paid.") else None
    is_said = known is not None and known.search(error.detail)
    parts = ("" if is_said else _unsaid(advice.paid, error.detail), _unsaid(advice.to_do, error.detail), _read_on())
    log_last(operator, f"{type(error).__name__}: {error.summary} {advice}")
    return error.replace(*error.args, " ".join(filter(None, parts)))


def _unsaid(text: str, said: str) -> str:
    """The sentences of a text that another one does not say, be it as a part of a sentence that stands for itself."""
    sentences = re.split(r"(?<=\.) ", text)
    return " ".join(each for each in sentences if not re.search(_CLAUSE % re.escape(each.rstrip(".")), said))


def _read_on() -> str:
    return f"See {page('errors.md')}."


def log_last(operator: BaseOperator, text: str) -> None:
    """Have a line stand last in the task's log if this try fails: below the traceback, after the user's callbacks.

    The callbacks are added to the operator that runs, which is a copy of the one in the DAG: nothing of it is
    serialised, and a scheduler or DAG processor knows of none.

    :param operator: The operator that runs.
    :param text: The line.
    """

    def write(context: Context) -> None:
        del context
        # Airflow has opened a group by now, which the UI shows folded.
        operator.log.info("::endgroup::")
        operator.log.error("%s", text)

    operator.on_failure_callback = [*as_list(operator.on_failure_callback), write]
    operator.on_retry_callback = [*as_list(operator.on_retry_callback), write]


def has_retry(context: Context) -> bool:
    """Whether a task has a retry left, if this try fails."""
    ti = context["ti"]
    return ti.try_number <= ti.max_tries


def as_list(callbacks: Any) -> list[Any]:
    """The callbacks of an operator, which may be none, one or several."""
    return [callbacks] if callable(callbacks) else list(callbacks or ())


def fail_for_good(error: RunwayError) -> NoReturn:
    """Raise with the error as the cause, without the traceback of that: where it came up is of no use to anybody."""
    from airflow_provider_runway.utils.versions import AirflowFailException

    bare = copy.copy(error)
    bare.__suppress_context__ = True
    raise AirflowFailException(f"{type(error).__name__}: {error}") from bare
