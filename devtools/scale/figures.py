"""What `make scale` has measured, as a table, and kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT, SUBMISSION_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run.

    :param videos: how many were made.
    :param killed: how many processes were killed, by what they are.
    :param paid_once: videos that are paid once and saved, in the end.
    :param settled: submissions that a kill had left in doubt, and a person settled.
    :param retried: tasks that took more than one try.
    :param seconds: what the run took.
    :param submitting: seconds from the first submission taken to the last.
    :param posts: submissions sent, a video.
    :param polls: status requests, a video.
    :param resumed_median: seconds from when a video was ready at the service to when its task ran again.
    :param resumed_p95: the same, of 95 in 100 at most.
    :param sockets: to the service at once, at most.
    :param triggerer_sockets: the same, of one triggerer.
    :param triggerer_mib: memory of one triggerer, at most.
    :param database_connections: to PostgreSQL at once, at most.
    """

    videos: int
    killed: Mapping[str, int]
    paid_once: int
    settled: int
    retried: int
    seconds: float
    submitting: float
    posts: float
    polls: float
    resumed_median: float
    resumed_p95: float
    sockets: int
    triggerer_sockets: int
    triggerer_mib: float
    database_connections: int


def delays(finished: Mapping[int, float], resumed: Mapping[int, Sequence[float]]) -> list[float]:
    """How long after a video was ready its task ran again, for each that did.

    :param finished: when, in seconds since the epoch, by map index.
    :param resumed: when each process of a task took it up.
    """
    return [
        min(after) - at
        for index, at in finished.items()
        if (after := [each for each in resumed.get(index, ()) if each >= at])
    ]


def middle_and_p95(values: Sequence[float]) -> tuple[float, float]:
    """The median, and what 95 in 100 do not exceed; nothing of nothing is 0."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    return median(values), quantiles(values, n=20, method="inclusive")[-1]


_ROWS: Final[Sequence[tuple[str, Callable[[Measured], str]]]] = (
    ("videos", lambda run: f"{run.videos}"),
    ("processes killed", lambda run: ", ".join(f"{count} {name}" for name, count in run.killed.items()) or "none"),
    ("paid once and saved", lambda run: f"{run.paid_once}"),
    ("submissions in doubt after a kill, settled by hand", lambda run: f"{run.settled}"),
    ("tasks that took more than one try", lambda run: f"{run.retried}"),
    ("videos a minute", lambda run: f"{60 * run.videos / run.seconds:.0f}"),
    ("time to submit all, by what the limit alone imposes", lambda run: f"{run.submitting / imposed(run.videos):.2f}"),
    ("POSTs a video", lambda run: f"{run.posts:.3f}"),
    ("status requests a video", lambda run: f"{run.polls:.1f}"),
    ("seconds from ready to resumed, median", lambda run: f"{run.resumed_median:.1f}"),
    ("the same, 95 in 100", lambda run: f"{run.resumed_p95:.1f}"),
    ("sockets to the service, a triggerer", lambda run: f"{run.triggerer_sockets}"),
    ("sockets to the service, all processes", lambda run: f"{run.sockets}"),
    ("memory of a triggerer, MiB", lambda run: f"{run.triggerer_mib:.0f}"),
    ("connections to PostgreSQL", lambda run: f"{run.database_connections}"),
)


def imposed(videos: int) -> float:
    """Seconds that the rate limit alone imposes from the first submission to the last."""
    return videos / SUBMISSION_LIMIT * SUBMISSION_WINDOW


def table(runs: Mapping[str, Measured]) -> str:
    """The runs side by side, in Markdown."""
    rows: list[Iterable[str]] = [["", *runs], ["---"] * (1 + len(runs))]
    rows += [[name, *(text(run) for run in runs.values())] for name, text in _ROWS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def keep(file: Path, name: str, run: Measured, machine: Mapping[str, Any]) -> dict[str, Measured]:
    """Put a run into the file of them all, in the place of an earlier one of that name; returns them all."""
    kept: dict[str, Any] = json.loads(file.read_text())["runs"] if file.exists() else {}
    kept[name] = asdict(run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"on": machine, "runs": kept}, indent=1) + "\n")
    return {each: Measured(**values) for each, values in sorted(kept.items())}
