from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.scale.figures import Measured, delays, imposed, keep, middle_and_p95, table
from devtools.scale.paid_once import MOST_POSTS, check_calm

RUN = Measured(
    videos=500,
    killed={"triggerer": 3, "task": 6},
    paid_once=500,
    settled=1,
    retried=7,
    seconds=600.0,
    submitting=275.0,
    posts=1.02,
    polls=6.5,
    resumed_median=9.0,
    resumed_p95=31.0,
    sockets=12,
    triggerer_sockets=8,
    triggerer_mib=310.0,
    database_connections=44,
)


def test_a_task_counts_as_resumed_when_it_first_runs_again_after_its_video_was_ready() -> None:
    finished = {0: 100.0, 1: 100.0, 2: 100.0}
    resumed = {0: [40.0, 70.0, 104.0, 130.0], 1: [90.0]}

    assert delays(finished, resumed) == [4.0]


@pytest.mark.parametrize(
    ("values", "expected"), [([], (0.0, 0.0)), ([3.0], (3.0, 3.0)), (list(map(float, range(101))), (50.0, 95.0))]
)
def test_the_median_and_what_95_in_100_do_not_exceed(values: list[float], expected: tuple[float, float]) -> None:
    assert middle_and_p95(values) == pytest.approx(expected)


def test_the_limit_imposes_ten_seconds_for_twenty_videos() -> None:
    assert imposed(500) == 250.0


def test_runs_stand_side_by_side_in_the_table() -> None:
    lines = table({"with kills": RUN, "without kills": replace(RUN, killed={}, posts=1.0)}).splitlines()

    assert lines[0] == "|  | with kills | without kills |"
    assert lines[1] == "| --- | --- | --- |"
    assert "| processes killed | 3 triggerer, 6 task | none |" in lines
    assert "| videos a minute | 50 | 50 |" in lines
    assert "| time to submit all, by what the limit alone imposes | 1.10 | 1.10 |" in lines
    assert "| POSTs a video | 1.020 | 1.000 |" in lines


def test_a_run_replaces_an_earlier_one_of_its_name_and_leaves_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"

    keep(file, "with kills", RUN, {"cores": 2})
    keep(file, "without kills", replace(RUN, killed={}), {"cores": 2})
    kept = keep(file, "with kills", replace(RUN, polls=7.0), {"cores": 4})

    assert kept == {"with kills": replace(RUN, polls=7.0), "without kills": replace(RUN, killed={})}
    assert json.loads(file.read_text())["on"] == {"cores": 4}


def test_without_kills_no_retry_and_hardly_a_refusal_is_borne() -> None:
    calm = replace(RUN, retried=0, posts=MOST_POSTS)

    assert check_calm(calm).holds
    assert check_calm(replace(calm, retried=1)).broken == ("1 tasks took more than one try",)
    assert check_calm(replace(calm, posts=1.2)).broken == ("1.200 POSTs a video",)
