"""Operator parameters before and after templating: what can be checked when, and what templates turn them into."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.tasks import whole_number

_TEMPLATE_MARKS = ("{{", "{%", "{#")


def is_literal(value: object) -> bool:
    """Whether a value is final while the DAG is parsed: no template, no output of another task or of a function."""
    if isinstance(value, str):
        return not any(mark in value for mark in _TEMPLATE_MARKS)
    return value is not SET_DURING_EXECUTION and not hasattr(value, "resolve")


def check_literal(check: Callable[..., None], *values: object) -> None:
    """Run a check while the DAG is parsed, if all its values are final then."""
    if all(map(is_literal, values)):
        check(*values)


def optional(value: Any) -> Any:
    """An optional parameter after templating: an empty text, and ``None`` rendered as a text, mean none."""
    return None if value in ("", "None") else value


def address(value: Any) -> Any:
    """A path object as the text that leads to the same file; anything else as :func:`optional` has it."""
    conn_id = getattr(value, "conn_id", None)
    text = str(value) if hasattr(value, "protocol") else optional(value)
    if not conn_id or f"{conn_id}@" in text:
        return text
    scheme, _, rest = text.partition("://")
    return f"{scheme}://{conn_id}@{rest}"


def number(value: Any) -> Any:
    """A number that templating has made a text of; anything else stays as it is, to be refused by name."""
    whole = whole_number(value)
    return value if whole is None else whole


def check_folder(save_to: object) -> None:
    """A path that names a folder, as all that comes of a job needs; or none."""
    if optional(save_to) is not None and not str(save_to).endswith("/"):
        rule = "must be a folder, with a / at its end: how many files a job makes, and of which type, shows only then"
        raise InvalidRequestError("save_to", save_to, rule)


def check_no_thumbnail(thumbnail: bool) -> None:
    """A job's files have no thumbnail beside them."""
    if thumbnail:
        raise InvalidRequestError("thumbnail", thumbnail, "must be False for a job: there is none beside its files")


def check_seconds(name: str, value: float | timedelta) -> timedelta:
    """A duration above zero, given in seconds or as a timedelta."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < _LONGEST:
        return timedelta(seconds=value)
    if isinstance(value, timedelta) and 0 < value.total_seconds() < _LONGEST:
        return value
    raise InvalidRequestError(name, value, "must be a time above zero, in seconds or as a timedelta")


_LONGEST = timedelta(days=60).total_seconds()
