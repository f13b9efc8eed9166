"""What is made of the measurements: medians, ratios, the table. No time is measured here."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from devtools.bench.documentation import fill_in
from devtools.bench.download import Download
from devtools.bench.film import Join
from devtools.bench.import_time import OURS as IMPORTS
from devtools.bench.import_time import ImportTime
from devtools.bench.report import figures, figures_table, tables
from devtools.bench.results import Results, as_json
from devtools.bench.scale import bearable_gap
from devtools.bench.storm import Storm
from devtools.bench.summary import cpu_ratio, median_of
from devtools.bench.waiting import Waiting

GOOD = Waiting(
    waits=1000,
    polls=2000,
    polls_per_second=250.0,
    cpu_ms_per_poll=0.2,
    connections_per_poll=0.0,
    kib_per_wait=8.0,
    first_stall_ms=20.0,
    start_stall_ms=30.0,
    stall_ms=10.0,
    usual_stall_ms=2.0,
    whole_stall_ms=40.0,
    collection_ms=20.0,
    sockets=8,
    first_polls_s=4.0,
    longest_gap_s=5.0,
    polled=1000,
    ended=0,
    error=None,
)

JOIN = Join(
    clips=10,
    size=50 << 20,
    film_s=0.3,
    ours_s=0.5,
    ffmpeg_s=0.25,
    ffmpeg_alone_s=0.2,
    rest_s=0.4,
    ratio=1.2,
    hour_mib=500.0,
    growth_mib=10.0,
)
DOWNLOAD = Download(size=1 << 30, ours_s=1.0, curl_s=0.5, curl_alone_s=0.3, growth_mib=3.0)


def at(cpu: float) -> Waiting:
    return dataclasses.replace(GOOD, cpu_ms_per_poll=cpu)


def results(**changes: object) -> Results:
    good = Results(
        interval=4.0,
        waiting={"bare": [at(0.2)], "runway": [at(0.2)], "http_sensor": [at(1.0)]},
        scale_interval=5.0,
        scale={1000: GOOD, 10_000: dataclasses.replace(GOOD, waits=10_000, polled=10_000)},
        storms={"runway": Storm(waits=10, healthy=10.0, by_error={401: 1.0, 422: 10.0, 429: 2.0, 500: 5.0})},
        imports={IMPORTS: ImportTime(17.0, 11)},
        join=JOIN,
    )
    return dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def missed(changed: Results) -> list[str]:
    return [figure.name for figure in figures(changed) if not figure.good]


def test_all_is_well_with_good_figures() -> None:
    assert missed(results()) == []


def test_the_median_takes_each_figure_for_itself() -> None:
    runs = [
        dataclasses.replace(GOOD, stall_ms=5.0, sockets=8),
        dataclasses.replace(GOOD, stall_ms=50.0, sockets=9, ended=2, error="gone"),
        dataclasses.replace(GOOD, stall_ms=7.0, sockets=20),
    ]
    median = median_of(runs)
    assert (median.stall_ms, median.sockets) == (7.0, 9)
    assert (median.ended, median.error) == (2, "gone"), "no wait that ended may vanish in a median"


def test_the_ratio_compares_runs_next_to_each_other() -> None:
    quiet_then_busy = [at(0.2), at(0.6), at(0.2)]
    assert cpu_ratio(quiet_then_busy, [at(0.4), at(1.2), at(0.4)]) == pytest.approx(0.5)
    assert cpu_ratio(quiet_then_busy, [at(0.4)]) == pytest.approx(0.5), "a peer may have been measured less often"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"waiting": {"bare": [at(0.2)], "runway": [at(0.25)]}}, "CPU per poll, by bare aiohttp session"),
        ({"waiting": {"runway": [at(0.2)], "http_sensor": [at(0.5)]}}, "CPU per poll, by HttpSensorTrigger"),
        (
            {"waiting": {"runway": [dataclasses.replace(GOOD, connections_per_poll=0.01)]}},
            "TCP connections per poll",
        ),
        ({"waiting": {"runway": [dataclasses.replace(GOOD, polled=999)]}}, "no wait ended or was missed"),
        (
            {"scale": {1000: GOOD, 5000: dataclasses.replace(at(0.3), waits=5000, polled=5000)}},
            "5,000 waits: CPU per poll, by that of 1,000",
        ),
        (
            {"storms": {"runway": Storm(waits=10, healthy=10.0, by_error={429: 10.6})}},
            "requests while every answer is 429, by healthy",
        ),
        ({"imports": {IMPORTS: ImportTime(21.0, 11)}}, "importing operators and sensor"),
        (
            {"downloads": {"http": dataclasses.replace(DOWNLOAD, curl_s=0.49)}},
            "saving 1 GiB, http: throughput, by curl's",
        ),
        ({"downloads": {"http": dataclasses.replace(DOWNLOAD, growth_mib=41)}}, "saving 1 GiB, http: growth"),
        (
            {"join": dataclasses.replace(JOIN, ratio=1.6)},
            "joining 10 clips of 10 s: the film, by ffmpeg's own command",
        ),
        (
            {"join": dataclasses.replace(JOIN, ours_s=0.7)},
            "the same with pictures and checksum, by commands for each",
        ),
        ({"join": dataclasses.replace(JOIN, growth_mib=51)}, "joining to a film of 500 MiB: growth"),
    ],
)
def test_a_figure_out_of_bounds_is_named(changed: dict[str, object], name: str) -> None:
    assert missed(results(**changed)) == [name]


def test_a_wait_may_go_without_a_poll_as_long_as_pauses_can_be() -> None:
    assert bearable_gap(GOOD, 10.0) == pytest.approx(37.5)


def test_a_wait_may_go_longer_where_a_limit_gives_everyone_less() -> None:
    throttled = dataclasses.replace(GOOD, waits=10_000, polls_per_second=100.0)
    assert bearable_gap(throttled, 10.0) == pytest.approx(200.0)


def test_tables_name_what_was_measured_and_are_aligned() -> None:
    text = tables(results())
    assert "1,000 waits, poll interval 4 s" in text
    assert "| bare aiohttp session" in text
    lines = figures_table(results()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split("|")[1].strip() == "figure"


def test_a_part_that_was_not_measured_is_left_out() -> None:
    nothing = results(waiting={}, scale={}, storms={}, imports={}, join=None)
    assert figures(nothing) == []
    assert "RunwayVideoTrigger" not in tables(nothing)


def test_results_are_json_with_every_run_and_its_median() -> None:
    kept = json.loads(json.dumps(as_json(results(waiting={"runway": [at(0.1), at(0.3), at(0.2)]}))))
    runway = kept["waiting"]["contenders"]["runway"]
    assert [run["cpu_ms_per_poll"] for run in runway["runs"]] == [0.1, 0.3, 0.2]
    assert runway["median"]["cpu_ms_per_poll"] == 0.2
    assert kept["scale"]["waits"]["10000"]["polled"] == 10_000
    assert kept["on"]["cores"] >= 1


def test_tables_take_the_place_of_earlier_ones(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    fill_in(page, {"figures": "new"})
    fill_in(page, {"figures": "newer"})
    assert page.read_text() == "before\n<!-- figures -->\nnewer\n<!-- /figures -->\nafter\n"


def test_a_page_without_a_place_for_a_table_is_not_passed_over(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(ValueError, match="figures"):
        fill_in(page, {"figures": "new"})


def test_the_documentation_has_a_place_for_each_table() -> None:
    text = (Path(__file__).parents[3] / "docs/performance.md").read_text()
    for name in ("figures", "tables"):
        assert text.count(f"<!-- {name} -->") == text.count(f"<!-- /{name} -->") == 1
