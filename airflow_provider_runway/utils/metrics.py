"""Figures for Airflow's own metrics: StatsD, Datadog or OpenTelemetry, whichever ``[metrics]`` turns on.

They cost next to nothing where none is, and none of them ever fails a task.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from importlib import import_module
from socket import gethostname
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_runway.storage.publishing import SavedFile

log = logging.getLogger(__name__)

_PREFIX = "runway."
# What a triggerer or an API server has loaded, and a worker has not.
_SERVICES = {"airflow.jobs.triggerer_job_runner", "airflow.api_fastapi.app"}
# Where Airflow has them, version by version. What runs in one of those is set up by the one, what runs in a worker by
# the other.
_OF_TASKS = ("airflow.sdk.observability.stats", "airflow.observability.stats", "airflow.stats")
_OF_SERVICES = ("airflow.observability.stats", "airflow.stats")
_SWITCHES = ("statsd_on", "statsd_datadog_enabled", "otel_on")
_UNFIT = re.compile(r"[^a-zA-Z0-9_-]+")


def count(name: str, amount: float = 1, *, by: object = None, **tags: object) -> None:
    """Count something.

    :param name: What, behind ``runway.``.
    :param amount: How many; a fraction is rounded.
    :param by: What the name ends with, where it is counted by something: plain StatsD has no tags.
    :param tags: What else it is told by.
    """
    name = name if by is None else f"{name}.{_fit(by)}"
    _send(lambda stats, known: stats.incr(_PREFIX + name, round(amount), tags=known), tags)


def gauge(name: str, value: float, **tags: object) -> None:
    """Say how much there is of something on this machine now."""
    _send(lambda stats, known: stats.gauge(_PREFIX + name, value, tags=known), {**tags, "host": gethostname()})


def took(name: str, seconds: float, **tags: object) -> None:
    """Say how long something took."""
    _send(lambda stats, known: stats.timing(_PREFIX + name, timedelta(seconds=seconds), tags=known), tags)


def count_saved(files: Iterable[SavedFile], conn_id: str) -> None:
    """Count what was stored anew: files and their bytes."""
    new = [file.size for file in files if file.downloaded]
    if new:
        count("saved_files", len(new), conn_id=conn_id)
        count("saved_bytes", sum(new), conn_id=conn_id)


def _send(say: Callable[[Any, dict[str, str]], None], tags: dict[str, object]) -> None:
    try:
        if _is_on():
            say(_stats(), {name: _fit(value) for name, value in tags.items() if value is not None})
    except Exception as error:  # noqa: BLE001 - no figure is worth a task
        log.debug("A figure could not be sent (%s).", type(error).__name__)


@cache
def _is_on() -> bool:
    """Whether anything takes them: Airflow reads a list of its own with the first of them, even if nothing does."""
    from airflow_provider_runway.utils.versions import conf

    return any(conf.getboolean("metrics", name, fallback=False) for name in _SWITCHES)


def _stats() -> Any:
    for name in _OF_SERVICES if _SERVICES & sys.modules.keys() else _OF_TASKS:
        try:
            return import_module(name).Stats
        except ImportError:
            continue
    raise ImportError("this Airflow has no metrics")


def _fit(value: object) -> str:
    """A text that every one of those systems takes as a part of a name."""
    return _UNFIT.sub("_", str(value))[:100] or "_"
