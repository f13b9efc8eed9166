"""Having Airflow call back in this process when a try is over, beside the callbacks that users have set.

They are added to the operator that runs, which is a copy of the one in the DAG: nothing of it is serialised, and a
scheduler or DAG processor knows of none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

Callback = Callable[["Context"], None]


def on_success(operator: BaseOperator, callback: Callback) -> None:
    """Call back once this try's success was reported, before the user's own callbacks."""
    operator.on_success_callback = [callback, *_listed(operator.on_success_callback)]


def say_last(operator: BaseOperator, text: str) -> None:
    """Have a line stand last in the task's log if this try fails: below the traceback, after the user's callbacks.

    :param operator: The operator that runs.
    :param text: The line.
    """

    def say(context: Context) -> None:
        del context
        # Airflow has opened a group by now, which the UI shows folded.
        operator.log.info("::endgroup::")
        operator.log.error("%s", text)

    operator.on_failure_callback = [*_listed(operator.on_failure_callback), say]
    operator.on_retry_callback = [*_listed(operator.on_retry_callback), say]


def _listed(callbacks: Any) -> list[Any]:
    return [callbacks] if callable(callbacks) else list(callbacks or ())
