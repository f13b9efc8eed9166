"""All that one run has measured, and the JSON it is kept in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devtools.bench.download import Download
from devtools.bench.film import Join
from devtools.bench.import_time import ImportTime
from devtools.bench.machine import machine
from devtools.bench.storm import Storm
from devtools.bench.summary import median_of
from devtools.bench.waiting import Waiting

_PACKAGES = (
    "apache-airflow",
    "apache-airflow-providers-http",
    "apache-airflow-providers-dbt-cloud",
    "apache-airflow-providers-databricks",
    "aiohttp",
    "httpx",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was measured. A part that was not is empty.

    :param interval: Seconds, the poll interval of the waits compared.
    :param waiting: By contender, its runs in their order.
    :param scale_interval: Seconds, the poll interval of ours at different sizes.
    :param scale: By number of waits.
    :param storms: By contender.
    :param imports: By module.
    :param downloads: By ``"http"`` and ``"https"``.
    :param join: Clips joined to a film.
    """

    interval: float
    waiting: Mapping[str, Sequence[Waiting]]
    scale_interval: float
    scale: Mapping[int, Waiting] = field(default_factory=dict)
    storms: Mapping[str, Storm] = field(default_factory=dict)
    imports: Mapping[str, ImportTime] = field(default_factory=dict)
    downloads: Mapping[str, Download] = field(default_factory=dict)
    join: Join | None = None


def as_json(results: Results) -> dict[str, Any]:
    """The results, with what they were measured on."""
    return {
        "on": machine(_PACKAGES),
        "waiting": {
            "poll_interval": results.interval,
            "contenders": {
                name: {"median": _plain(median_of(runs)), "runs": [_plain(run) for run in runs]}
                for name, runs in results.waiting.items()
            },
        },
        "scale": {
            "poll_interval": results.scale_interval,
            "waits": {str(waits): _plain(run) for waits, run in results.scale.items()},
        },
        "storms": {name: _plain(storm) for name, storm in results.storms.items()},
        "imports": {module: _rounded(time._asdict()) for module, time in results.imports.items()},
        "downloads": {scheme: _plain(each) for scheme, each in results.downloads.items()},
        "join": _plain(results.join) if results.join is not None else None,
    }


def _plain(value: Any) -> Any:
    return _rounded(dataclasses.asdict(value))


def _rounded(value: Any) -> Any:
    """Numbers without digits that say nothing."""
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    return round(value, 4) if isinstance(value, float) else value
