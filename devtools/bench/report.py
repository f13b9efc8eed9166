"""What was measured as tables, with what the project wants of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devtools.bench.contenders import BARE, HTTP_SENSOR, LABELS, OURS
from devtools.bench.import_time import LIMIT_MS
from devtools.bench.import_time import OURS as OUR_IMPORTS
from devtools.bench.results import Results
from devtools.bench.scale import bearable_gap
from devtools.bench.storm import CHANCE
from devtools.bench.summary import cpu_ratio, median_of
from devtools.bench.waiting import Waiting

# Milliseconds after which Airflow's triggerer warns that something blocks its loop.
_AIRFLOW_WARNS = 200.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    :param name: What was measured.
    :param reached: The value, as text.
    :param wanted: What it is to be, as text.
    :param good: Whether it is.
    """

    name: str
    reached: str
    wanted: str
    good: bool


def figures(results: Results) -> list[Figure]:
    """The table of what is wanted, for the parts that were measured."""
    of_waits = [*_waiting(results), *_scale(results), *_storm(results)]
    return [*of_waits, *_imports(results), *_downloads(results), *_join(results)]


def _at_most(name: str, value: float, limit: float, text: str = "{:.2f}") -> Figure:
    return Figure(name, text.format(value), f"at most {text.format(limit)}", value <= limit)


def _waiting(results: Results) -> Iterator[Figure]:
    ours = results.waiting.get(OURS.name)
    if not ours:
        return
    median = median_of(ours)
    for other, limit in ((BARE.name, 1.2), (HTTP_SENSOR.name, 0.35)):
        if theirs := results.waiting.get(other):
            yield _at_most(f"CPU per poll, by {LABELS[other]}", cpu_ratio(ours, theirs), limit)
    # A socket that is opened because for once one more was needed is no habit.
    connections = median.connections_per_poll
    yield Figure("TCP connections per poll", f"{connections:.2f}", "0.00", connections < 0.005)
    yield _at_most("memory per wait", median.kib_per_wait, 10, "{:.1f} KiB")
    yield _at_most("worst stall less gc, first wait", median.first_stall_ms, 100, "{:.0f} ms")
    yield _at_most("worst stall less gc, starting", median.start_stall_ms, 100, "{:.0f} ms")
    yield _at_most("worst stall less gc, waiting", median.stall_ms, 60, "{:.0f} ms")
    yield _at_most("sockets", median.sockets, 20, "{:.0f}")
    yield _all_waited("no wait ended or was missed", median)


def _scale(results: Results) -> Iterator[Figure]:
    if len(results.scale) < 2:
        return
    most = max(results.scale)
    large = results.scale[most]
    small = results.scale.get(1000, results.scale[min(results.scale)])
    name = f"{most:,} waits"
    yield _at_most(
        f"{name}: CPU per poll, by that of {small.waits:,}", large.cpu_ms_per_poll / small.cpu_ms_per_poll, 1.25
    )
    yield _at_most(
        f"{name}: longest time without a poll",
        large.longest_gap_s,
        bearable_gap(large, results.scale_interval),
        "{:.1f} s",
    )
    yield _at_most(
        f"{name}: worst stall less gc", max(large.start_stall_ms, large.stall_ms), _AIRFLOW_WARNS, "{:.0f} ms"
    )
    yield _all_waited(f"{name}: none ended or was missed", large)


def _all_waited(name: str, waiting: Waiting) -> Figure:
    wrong = waiting.ended + waiting.waits - waiting.polled
    return Figure(name, f"{wrong} did" if wrong else "none did", "none", not wrong)


def _storm(results: Results) -> Iterator[Figure]:
    if storm := results.storms.get(OURS.name):
        for error, rate in storm.by_error.items():
            yield _at_most(f"requests while every answer is {error}, by healthy", rate / storm.healthy, CHANCE)


def _imports(results: Results) -> Iterator[Figure]:
    if OUR_IMPORTS in results.imports:
        yield _at_most("importing operators and sensor", results.imports[OUR_IMPORTS].ms, LIMIT_MS, "{:.0f} ms")


def _downloads(results: Results) -> Iterator[Figure]:
    for scheme, download in results.downloads.items():
        name = f"saving {download.size / 2**30:.3g} GiB, {scheme}"
        good = download.ratio >= 0.5
        yield Figure(f"{name}: throughput, by curl's", f"{download.ratio:.2f}", "at least 0.50", good)
        yield _at_most(f"{name}: growth", download.growth_mib, 40, "{:.0f} MiB")


def _join(results: Results) -> Iterator[Figure]:
    if (join := results.join) is not None:
        yield _at_most(f"joining {join.clips} clips of 10 s: the film, by ffmpeg's own command", join.ratio, 1.5)
        theirs = join.ffmpeg_s + join.rest_s
        yield _at_most("the same with pictures and checksum, by commands for each", join.ours_s / theirs, 1)
        yield _at_most(f"joining to a film of {join.hour_mib:.0f} MiB: growth", join.growth_mib, 50, "{:.0f} MiB")


def figures_table(results: Results) -> str:
    """The table of what is wanted, in Markdown."""
    rows = [[each.name, each.reached, each.wanted, "yes" if each.good else "NO"] for each in figures(results)]
    return _table(["figure", "reached", "wanted", "ok"], rows)


def tables(results: Results) -> str:
    """All that was measured, in Markdown."""
    parts = []
    if results.waiting:
        medians = [(LABELS[name], median_of(runs)) for name, runs in results.waiting.items()]
        parts.append(f"{medians[0][1].waits:,} waits, poll interval {results.interval:g} s:\n\n{_costs(medians)}")
    if results.scale:
        sizes = [(f"{waits:,} waits", run) for waits, run in results.scale.items()]
        parts.append(f"{LABELS[OURS.name]}, poll interval {results.scale_interval:g} s:\n\n{_costs(sizes)}")
    if results.storms:
        head = ["requests/s while every answer is", *("running", "401", "422", "429", "500")]
        rows = [
            [f"{LABELS[name]}, {storm.waits}", *(f"{rate:.1f}" for rate in (storm.healthy, *storm.by_error.values()))]
            for name, storm in results.storms.items()
        ]
        parts.append(_table(head, rows))
    if results.imports:
        rows = [[module, f"{time.ms:.0f}", str(time.modules)] for module, time in results.imports.items()]
        parts.append(_table(["import, beyond airflow.sdk", "ms", "modules"], rows))
    if results.downloads:
        head = ["saving", "size MiB", "ours s", "curl s", "curl unsynced s", "ratio", "growth MiB"]
        rows = [
            [
                scheme,
                f"{each.size / 2**20:.0f}",
                f"{each.ours_s:.2f}",
                f"{each.curl_s:.2f}",
                f"{each.curl_alone_s:.2f}",
                f"{each.ratio:.2f}",
                f"{each.growth_mib:.1f}",
            ]
            for scheme, each in results.downloads.items()
        ]
        parts.append(_table(head, rows))
    if (join := results.join) is not None:
        head = ["joining", "size MiB", "film s", "ffmpeg s", "ffmpeg unsynced s", "ratio", "whole task s", "rest s"]
        seconds = (join.film_s, join.ffmpeg_s, join.ffmpeg_alone_s, join.ratio, join.ours_s, join.rest_s)
        row = [f"{join.clips} clips of 10 s", f"{join.size / 2**20:.0f}", *(f"{each:.2f}" for each in seconds)]
        parts.append(_table([*head, "growth MiB"], [[*row, f"{join.growth_mib:.1f}"]]))
    return "\n\n".join(parts)


_COSTS = (
    ("CPU ms/poll", "cpu_ms_per_poll", "{:.2f}"),
    ("TCP/poll", "connections_per_poll", "{:.2f}"),
    ("KiB/wait", "kib_per_wait", "{:.1f}"),
    ("first stall ms", "first_stall_ms", "{:.0f}"),
    ("start stall ms", "start_stall_ms", "{:.0f}"),
    ("stall ms", "stall_ms", "{:.0f}"),
    ("p99 ms", "usual_stall_ms", "{:.0f}"),
    ("with gc ms", "whole_stall_ms", "{:.0f}"),
    ("gc ms", "collection_ms", "{:.0f}"),
    ("sockets", "sockets", "{:d}"),
    ("polls/s", "polls_per_second", "{:.0f}"),
    ("first polls s", "first_polls_s", "{:.1f}"),
    ("gap s", "longest_gap_s", "{:.1f}"),
)


def _costs(named: Sequence[tuple[str, Waiting]]) -> str:
    rows = [[name, *(text.format(getattr(waiting, field)) for _, field, text in _COSTS)] for name, waiting in named]
    return _table(["", *(head for head, _, _ in _COSTS)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(_cells(line, widths)) + " |" for line in lines)


def _cells(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for column, (text, width) in enumerate(zip(line, widths, strict=True)):
        yield text.ljust(width) if column == 0 else text.rjust(width)
