"""How this provider's errors reach Airflow: with its retries where they can help, and without where they cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_runway.kie.errors import RunwayError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

# What stands in a message that has its advice already.
_PAGE = "errors.md"
_UNPAID = re.compile(r"[Nn]othing was (sent|paid)")
_PAID = re.compile(r" is paid")


@contextmanager
def as_airflow_failure(
    operator: BaseOperator | None = None, advise: Callable[[RunwayError], str] | None = None
) -> Iterator[None]:
    """Turn an error that no retry can help into Airflow's ``AirflowFailException``, which skips the retries.

    A retryable one passes as it is, so that ``retries`` and a ``retry_policy`` see its type.

    :param operator: The operator that runs, to whose log the advice goes as its last line.
    :param advise: Given the error, says what is paid and what to do.
    """
    try:
        yield
    except RunwayError as error:
        if operator is not None and advise is not None:
            _add(error, advise(error), operator)
        if error.retryable:
            raise
        _fail_for_good(error)


def _add(error: RunwayError, advice: str, operator: BaseOperator) -> None:
    from airflow_provider_runway.operators.callbacks import say_last

    said = str(error)
    if _PAGE not in said:
        money, _, rest = advice.partition(" paid. ")
        known = _UNPAID if money == "Nothing was" else _PAID
        error.add(rest if known.search(said) else advice)
    say_last(operator, f"{type(error).__name__}: {advice}")


def _fail_for_good(error: RunwayError) -> NoReturn:
    """Raise with the error as the cause, without the traceback of that: where it came up is of no use to anybody."""
    from airflow.sdk.exceptions import AirflowFailException

    error.__cause__, error.__suppress_context__ = None, True
    raise AirflowFailException(f"{type(error).__name__}: {error}") from error.with_traceback(None)
