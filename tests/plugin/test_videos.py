"""The list of videos, asked for over HTTP with a viewer's login."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from .database import NOW, Database


def cards(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("api/videos", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["videos"]
    return found


def tasks(client: TestClient, **query: Any) -> list[str]:
    return [card["task_id"] for card in cards(client, **query)]


def test_a_finished_video_is_a_card(database: Database, viewer: TestClient) -> None:
    database.video()

    [card] = cards(viewer)

    assert (
        card.items()
        >= {
            "dag_id": "clips",
            "run_id": "manual__1",
            "task_id": "video",
            "map_index": -1,
            "operator": "RunwayGenerateOperator",
            "task_state": "success",
            "state": "finished",
            "prompt": "A fox in the snow",
            "model": "runway",
            "duration": 5,
            "quality": "720p",
            "kie_task_id": "kie-1",
            "video_url": "https://media.example/kie-1.mp4",
            "image_url": "https://media.example/kie-1.jpg",
            "media_url": None,
            "media_note": None,
            "credits": 12,
            "dollars": 0.06,
            "failure": None,
            "queue": None,
            "conn_id": "runway_default",
        }.items()
    )
    assert card["expires_at"] == (NOW + timedelta(days=14)).isoformat()
