from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_runway.plugin.listing import Filters
from airflow_provider_runway.report.questions import WARNING, look
from airflow_provider_runway.report.sums import Report

from .support import FAILURE, NOW, SINCE, card


class Page:
    """Answers with these cards, and remembers what it was asked."""

    def __init__(self, waiting: Any = (), finished: Any = (), failed: Any = (), saved: Any = ()) -> None:
        self._cards = {"waiting": waiting, "finished": finished, "failed": failed, "saved": saved}
        self.asked: list[dict[str, Any]] = []

    def __call__(self, **filters: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(filters)
        yield from self._cards[filters["state"]]


def left(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def expiring(**cards: Any) -> list[Any]:
    return [each["kie_task_id"] for each in look(Page(**cards), SINCE, NOW).expiring]


def test_it_is_about_what_waits_and_what_has_ended_since() -> None:
    page = Page(waiting=[card(), card("queued")])

    report = look(page, SINCE, NOW, ["clips", "hares", "clips"])

    assert (report.total.made, report.total.waiting) == (1, 1)
    assert [(each["dag_id"], each["ended_since"]) for each in page.asked if "ended_since" in each] == [
        ("clips", SINCE),
        ("hares", SINCE),
    ]
    assert all(set(each) <= {field.name for field in fields(Filters)} for each in page.asked)


def test_a_video_that_is_deleted_soon_and_stored_nowhere_is_told_of() -> None:
    soon, later = card(kie_task_id="b", expires_at=left(2)), card(kie_task_id="a", expires_at=left(1))

    assert expiring(finished=[soon, later]) == ["a", "b"]


@pytest.mark.parametrize(
    "changes",
    [
        {"saved_to": "/videos/v.mp4"},
        {"expires_at": left(-0.1)},
        {"expires_at": left(WARNING.days + 0.1)},
        {"expires_at": None},
        {"video_url": None},
        {"kie_task_id": None},
    ],
    ids=str,
)
def test_one_that_is_stored_gone_or_lives_on_is_not(changes: dict[str, Any]) -> None:
    assert expiring(finished=[card(expires_at=left(1)), card(**{"expires_at": left(1), **changes})]) != []
    assert expiring(finished=[card(**{"expires_at": left(1), **changes})]) == []


def test_one_that_another_task_has_stored_is_not() -> None:
    old = card(kie_task_id="kie-x", expires_at=left(1))

    assert expiring(finished=[old], saved=[card(kie_task_id="kie-x", saved_to="/v.mp4")]) == []


@pytest.mark.parametrize(("paid", "told"), [(True, ["kie-x"]), (False, [])])
def test_a_paid_video_whose_task_has_failed_is_told_of_as_well(paid: bool, told: list[str]) -> None:
    old: dict[str, Any] = {"ended_at": (NOW - timedelta(days=12)).isoformat(), "failure": {**FAILURE, "paid": paid}}

    assert expiring(failed=[card("failed", kie_task_id="kie-x", **old)]) == told


def test_the_beginning_of_time_has_nothing_before_it() -> None:
    page = Page()
    look(page, datetime.min.replace(tzinfo=timezone.utc), NOW)

    assert page.asked[0]["ended_since"].year == 1970


def test_one_that_was_made_after_all_is_told_of_once() -> None:
    old: dict[str, Any] = {"ended_at": (NOW - timedelta(days=12)).isoformat(), "failure": {**FAILURE, "paid": True}}
    failed, made = card("failed", kie_task_id="x", **old), card(kie_task_id="x", expires_at=left(1))

    report: Report = look(Page(failed=[failed], finished=[made]), SINCE, NOW)

    assert [each["run_id"] for each in report.expiring] == [made["run_id"]]
    assert report.total.expiring == 1
