"""Which stored video is meant: by a result, or by a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.operators.parameters import is_nothing
from airflow_provider_runway.operators.paths import address, check_place, is_path

# What results call the place of the video: those of videos, and those of films.
_PLACES = ("saved_to", "path")


def stored_video(video: Any) -> tuple[str, str | None]:
    """Where a video is stored, and the KIE task that made it, if the result tells.

    :param video: What an operator of this provider has returned, or a path.
    :raises InvalidRequestError: If it is neither, or says of no stored video.
    """
    if hasattr(video, "to_json") and not isinstance(video, Mapping):
        video = video.to_json()
    if isinstance(video, Mapping):
        place = next((video[name] for name in _PLACES if not is_nothing(video.get(name))), None)
        if place is None:
            rule = "must say where the video is stored: give save_to to the task that makes it"
            raise InvalidRequestError("video", sorted(map(str, video)), rule)
        task_id = video.get("task_id")
        return _checked(place), task_id if isinstance(task_id, str) and task_id else None
    if isinstance(video, (list, tuple)) and not is_path(video):
        raise InvalidRequestError("video", video, "must be one video: expand the task over several")
    return _checked(video), None


def _checked(place: Any) -> str:
    check_place("video", place)
    text: str = address(place)
    if text.lower().startswith(("http://", "https://")):
        raise InvalidRequestError("video", text.partition("?")[0], "must be stored: a link may end any day")
    return text
