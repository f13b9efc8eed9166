"""Several runs made into one figure."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from devtools.bench.waiting import Waiting


def median_of(runs: Sequence[Waiting]) -> Waiting:
    """The median of each figure; of waits that ended the most, of errors the first."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Waiting):
        seen = [getattr(run, field.name) for run in runs]
        if field.name == "error":
            values[field.name] = next((error for error in seen if error is not None), None)
        elif field.name == "ended":
            values[field.name] = max(seen)
        else:
            median = statistics.median(seen)
            values[field.name] = round(median) if isinstance(seen[0], int) else median
    return Waiting(**values)


def cpu_ratio(ours: Sequence[Waiting], theirs: Sequence[Waiting]) -> float:
    """The median of how many times the CPU of another's poll ours takes, each time from runs next to each other.

    :param ours: Our runs, in their order.
    :param theirs: The other's; where there are fewer, our last ones have none to be compared with.
    """
    return statistics.median(
        our.cpu_ms_per_poll / their.cpu_ms_per_poll for our, their in zip(ours, theirs, strict=False)
    )
