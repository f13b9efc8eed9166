"""Cards of the page "Videos", as its server part makes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

NOW = datetime(2026, 11, 26, 7, tzinfo=timezone.utc)
SINCE = NOW - timedelta(hours=24)
_numbers = count(1)
FAILURE = {
    "reason": "moderation",
    "message": "KIE.AI failed it: not this.",
    "task_id": None,
    "paid": False,
    "payment": "Its credits come back.",
    "advice": "Change the prompt.",
    "page": None,
}


def card(state: str = "finished", task_state: str | None = None, **changes: Any) -> dict[str, Any]:
    """A card; of a video that is ready, if nothing else is said."""
    number = next(_numbers)
    states = {"finished": "success", "submitted": "success", "failed": "failed", "queued": "deferred"}
    return {
        "dag_id": "clips",
        "run_id": f"run-{number}",
        "task_id": "make",
        "map_index": -1,
        "operator": "RunwayGenerateOperator",
        "state": state,
        "task_state": task_state or states.get(state, "deferred"),
        "kind": "runway",
        "kie_task_id": None if state == "queued" else f"kie-{number}",
        "credits": 12,
        "saved_to": None,
        "video_url": "https://media.example/v.mp4" if state == "finished" else None,
        "started_at": (NOW - timedelta(hours=2)).isoformat(),
        "ended_at": (NOW - timedelta(hours=1)).isoformat(),
        "expires_at": (NOW + timedelta(days=13)).isoformat() if state == "finished" else None,
        "failure": {**FAILURE} if state == "failed" else None,
        **changes,
    }
