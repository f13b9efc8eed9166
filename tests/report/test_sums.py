from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.report.sums import Report, Sums, report_of

from .support import FAILURE, NOW, SINCE, card


def sums(*cards: dict[str, Any], stored: tuple[str, ...] = ()) -> Sums:
    return report_of(cards, (), stored, SINCE, NOW).total


def test_what_is_made_saved_failed_in_doubt_and_waiting_is_counted_by_dag() -> None:
    report = report_of(
        [
            card(saved_to="s3://bucket/a.mp4"),
            card(),
            card("failed"),
            card("failed", failure={**FAILURE, "paid": None, "reason": "ambiguous_submission"}, kie_task_id=None),
            card("queued"),
            card("generating"),
            card(dag_id="hares", credits=110),
        ],
        (),
        (),
        SINCE,
        NOW,
    )

    assert report.dags == {
        "clips": Sums(made=2, saved=1, failed=1, in_doubt=1, waiting=2, credits=36, credits_in_doubt=12),
        "hares": Sums(made=1, credits=110),
    }
    assert report.total == Sums(made=3, saved=1, failed=1, in_doubt=1, waiting=2, credits=146, credits_in_doubt=12)
    assert report.total.dollars == 0.73
    assert report.reasons == {"ambiguous_submission": 1, "moderation": 1}
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("paid", "kie_task_id", "cost", "in_doubt"),
    [
        (True, "kie-1", 12, 0),  # such as one that could not be stored
        (False, "kie-1", 0, 0),  # KIE has failed it
        (False, None, 0, 0),
        (None, "kie-1", 12, 0),  # killed while it waited
        (None, None, 0, 12),  # nobody knows
    ],
)
def test_a_failed_video_has_cost_what_its_task_says(
    paid: bool | None, kie_task_id: str | None, cost: float, in_doubt: float
) -> None:
    found = sums(card("failed", failure={**FAILURE, "paid": paid}, kie_task_id=kie_task_id))

    assert (found.credits, found.credits_in_doubt) == (cost, in_doubt)
    assert (found.failed, found.in_doubt) == ((0, 1) if in_doubt else (1, 0))


def test_a_prompt_that_is_refused_and_skipped_is_neither_made_nor_failed() -> None:
    report = report_of([card("refused", "skipped", failure=FAILURE), card()], (), (), SINCE, NOW)

    assert report.total == Sums(made=1, refused=1, credits=12)
    assert report.reasons == {"moderation": 1}


@pytest.mark.parametrize(("paid", "cost"), [(True, 12), (False, 0)])
def test_a_task_that_is_tried_again_waits(paid: bool, cost: float) -> None:
    assert sums(card("failed", "up_for_retry", failure={**FAILURE, "paid": paid})) == Sums(waiting=1, credits=cost)


def test_a_video_that_queues_has_cost_nothing_yet_and_one_that_is_being_made_has() -> None:
    assert sums(card("queued")) == Sums(waiting=1)
    assert sums(card("generating")) == Sums(waiting=1, credits=12)


def test_a_video_of_unknown_price_is_counted_as_one() -> None:
    assert sums(card(credits=None), card()) == Sums(made=2, credits=12, unpriced=1)
    assert sums(card("failed", credits=None, failure={**FAILURE, "paid": False})) == Sums(failed=1)


SENSOR = {"operator": "RunwayVideoSensor", "task_id": "wait"}


def test_a_video_that_is_only_submitted_is_what_a_sensor_has_seen_of_it() -> None:
    submitted = card("submitted", kie_task_id="kie-x")

    assert sums(submitted) == Sums(waiting=1, credits=12)
    assert sums(submitted, card(kie_task_id="kie-x", **SENSOR)) == Sums(made=1, credits=12)
    assert sums(submitted, card("failed", kie_task_id="kie-x", **SENSOR)) == Sums(failed=1)


def test_a_video_that_another_task_has_stored_is_saved_and_paid_once() -> None:
    transfer = card(operator="RunwayToObjectStorageOperator", task_id="store", kie_task_id="kie-x", saved_to="/v.mp4")

    assert sums(card(kie_task_id="kie-x"), transfer) == Sums(made=1, saved=1, credits=12)
    assert sums(card(kie_task_id="kie-y"), stored=("kie-y",)) == Sums(made=1, saved=1, credits=12)


def test_a_card_that_comes_twice_counts_once() -> None:
    again = card()

    assert sums(again, {**again}) == Sums(made=1, credits=12)


def test_a_night_without_videos_has_a_report_as_well() -> None:
    report = Report(since=SINCE, until=NOW)

    assert report.total == Sums()
    assert report.to_json()["dags"] == []
