"""Which Airflow this is, and what it has under another name than others."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

__all__ = [
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "airflow_version",
    "command_line",
    "conf",
    "keyword_arguments",
]


def airflow_version() -> tuple[int, int]:
    """The first two numbers of its version, such as (3, 3)."""
    from airflow import __version__

    major, minor, *_ = __version__.split(".")
    return int(major), int(minor)


def command_line(*words: str) -> str:
    """A command of this provider's, as it can be pasted into a shell; ``airflow runway`` is there from 3.2 on.

    :param words: What follows ``airflow runway``.
    """
    has_commands = airflow_version() >= (3, 2)
    program = ("airflow", "runway") if has_commands else ("python", "-m", "airflow_provider_runway.cli")
    return shlex.join([*program, *words])


def keyword_arguments(
    function: Callable[..., Any], given: Collection[Any], known: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Which of the known keyword arguments a function takes, as ``@task`` passes the context.

    :param function: The function.
    :param given: Its positional arguments.
    :param known: The keyword arguments that there are.
    """
    if TYPE_CHECKING or airflow_version() >= (3, 2):
        from airflow.sdk.bases.decorator import determine_kwargs
    else:
        from airflow.utils.operator_helpers import determine_kwargs

    return determine_kwargs(function, given, known)


if TYPE_CHECKING or airflow_version() >= (3, 2):
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import (
        AirflowFailException,
        AirflowNotFoundException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTimeout,
    )
else:
    from airflow.configuration import conf
    from airflow.exceptions import (
        AirflowFailException,
        AirflowNotFoundException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTimeout,
    )
