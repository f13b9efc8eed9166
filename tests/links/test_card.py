from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_runway.links.card import card_path, card_url

VIDEO: dict[str, Any] = {"dag_id": "clips", "run_id": "manual__2026-11-26T08:00:00+00:00", "task_id": "group.video"}


def test_an_address_names_the_task_instance_whatever_is_in_its_names() -> None:
    odd = {"dag_id": "a&b", "run_id": "r+1 #?/", "task_id": "t\u00e9l\u00e9"}

    asked = parse_qs(urlsplit(card_url(**odd, map_index=2)).query)

    assert asked == {name: [value] for name, value in {**odd, "map_index": "2"}.items()}


@pytest.mark.parametrize("map_index", [-1, None])
def test_a_task_that_is_not_mapped_has_no_index(map_index: int | None) -> None:
    assert "map_index" not in card_url(**VIDEO, map_index=map_index)


@pytest.mark.parametrize("base", ["https://airflow.example.com/team/a", "https://airflow.example.com/team/a/"])
def test_an_address_is_below_the_path_that_airflow_is_served_at(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)

    assert card_url(**VIDEO).startswith("https://airflow.example.com/team/a/plugin/runway-videos?dag_id=clips&")
    assert card_path(**VIDEO).startswith("/team/a/plugin/runway-videos?dag_id=clips&")
