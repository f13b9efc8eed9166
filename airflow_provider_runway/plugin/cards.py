"""What the page shows of one video: a card, made of what its task has pushed. Nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.plugin.listing import FAILED, REFUSED, Row
from airflow_provider_runway.plugin.seen import Seen, moment_of
from airflow_provider_runway.plugin.stored_files import stored_place
from airflow_provider_runway.results import VIDEO_LIFETIME, to_iso

MediaUrl = Callable[[Row, str, str], "str | None"]

_LONGEST = 4000
_MOST_FILES = 20
_TYPES = ("video", "audio", "image", "subtitle", "data")
NOT_PLAYED = "It is stored at {place}, which this page may not play from: [runway] media_roots does not name it."


def card_of(row: Row, now: datetime, media_url: MediaUrl, seen: Seen) -> dict[str, Any]:
    """The card of a video.

    :param row: The task instance, and what it has pushed.
    :param now: The time.
    :param media_url: Given the row, ``"0"``, the number of a further file or ``"thumbnail"``, and where that file was
        stored: the address at which it is played, or ``None`` if it may not be.
    :param seen: How long such videos have taken lately, and who queues before whom.
    """
    ti, said, result = row.ti, row.runway, row.result
    state = _state(row)
    submitted_at = moment_of(result.get("submitted_at")) or moment_of(said.get("submitted_at"))
    completed_at = moment_of(result.get("completed_at"))
    expires_at = moment_of(result.get("expires_at")) or (completed_at and completed_at + VIDEO_LIFETIME)
    lives = expires_at is None or expires_at > now
    saved_to, thumbnail = _text(stored_place(result, "0")), _text(stored_place(result, "thumbnail"))
    stored_at = media_url(row, "0", saved_to) if saved_to else None
    price = number(result.get("credits"), number(result.get("credits_estimate"), number(said.get("credits"))))
    return {
        **{name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index", "try_number", "operator")},
        "task_state": ti.state,
        "started_at": _iso(ti.start_date),
        "ended_at": _iso(ti.end_date),
        "state": state,
        **{
            name: _text(said.get(name)) for name in ("prompt", "model", "quality", "aspect_ratio", "save_to", "conn_id")
        },
        "kind": _text(said.get("kind")) or _text(result.get("kind")),
        "duration": number(said.get("duration")),
        "seconds": number(said.get("duration"), number(result.get("duration"))),
        "parameters": _parameters(said.get("parameters")),
        "kie_task_id": _text(result.get("task_id")) or _text(said.get("task_id")),
        "parent_task_id": _text(result.get("parent_task_id")) or _text(said.get("parent_task_id")),
        "submitted_at": _iso(submitted_at),
        "expected_at": _iso(seen.expected_at(said, submitted_at) or moment_of(said.get("expected_at"))),
        "completed_at": _iso(completed_at),
        "expires_at": _iso(expires_at),
        "queue": _queue(row, seen) if state == "queued" else None,
        "credits": price,
        "dollars": None if price is None else round(price * DOLLARS_PER_CREDIT, 6),
        "video_url": _link(result.get("video_url")) if lives else None,
        "image_url": (_link(result.get("image_url")) if lives else None)
        or (media_url(row, "thumbnail", thumbnail) if thumbnail else None),
        "media_url": stored_at,
        "medium": _medium(result),
        "files": _files(row, media_url, lives=lives),
        "saved_to": saved_to,
        "media_note": NOT_PLAYED.format(place=saved_to) if saved_to and stored_at is None else None,
        "failure": _failure(row),
    }


def _medium(result: Mapping[str, Any]) -> str:
    """What the file is that comes first: ``"video"``, as nearly always, or another of the types of a job's files."""
    links, types = (_list(result.get(name)) for name in ("result_urls", "result_types"))
    first = result.get("video_url")
    named = next((type_ for link, type_ in zip(links, types, strict=False) if link == first), "video")
    return named if named in _TYPES else "data"


def _files(row: Row, media_url: MediaUrl, *, lives: bool) -> list[dict[str, Any]]:
    """All files of a task that has made several: what each is, and where it can be had, if it can."""
    links, types, stored = (_list(row.result.get(name)) for name in ("result_urls", "result_types", "saved_files"))
    found = []
    for place, (link, type_) in enumerate(zip(links[:_MOST_FILES], types, strict=False)):
        saved_to = _text(stored[place]) if place < len(stored) else None
        copy = media_url(row, str(place + 1), saved_to) if saved_to else None
        url = copy or (_link(link) if lives else None)
        found.append({"type": type_ if type_ in _TYPES else "data", "url": url, "saved_to": saved_to})
    return found if len(found) > 1 else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_worth_a_card(row: Row) -> bool:
    """Whether there is anything to show: a task that somebody has marked as a success has made nothing."""
    return row.ti.state != "success" or bool(row.runway or row.result)


def media_path(row: Row, which: str) -> str:
    """Where a stored file of a video is played, below the address of the page."""
    ti = row.ti
    place = (ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index), which)
    return "/".join(["media", *(quote(each, safe="") for each in place)])


def _state(row: Row) -> str:
    """How far it is, in a word of KIE's where KIE has it."""
    if row.ti.state == "success":
        return "submitted" if row.result.get("state") == "submitted" else "finished"
    if row.ti.state == REFUSED:
        return "refused"
    if row.ti.state in FAILED:
        return "failed"
    return "generating" if row.runway.get("task_id") else "queued"


def _failure(row: Row) -> dict[str, Any] | None:
    if row.ti.state not in {*FAILED, REFUSED}:
        return None
    said = row.failure
    paid = said.get("paid")
    return {
        "reason": _text(said.get("reason")) or "unexpected",
        "message": _text(said.get("message")) or "The task has not said why; its log may tell.",
        "task_id": _text(said.get("task_id")),
        "paid": paid if isinstance(paid, bool) else None,
        **{name: _text(said.get(name)) for name in ("payment", "advice", "page")},
    }


def _queue(row: Row, seen: Seen) -> dict[str, Any] | None:
    said = row.runway.get("queue")
    if not isinstance(said, Mapping):
        return None
    return {
        "place": seen.places.get(row.ti.id),
        "reason": _text(said.get("reason")) or "pace",
        **{name: _iso(moment_of(said.get(name))) for name in ("since", "until")},
    }


def _parameters(said: Any) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        return {}
    plain = {
        _text(key): value if isinstance(value, bool) else number(value, _text(value)) for key, value in said.items()
    }
    return {key: value for key, value in plain.items() if key is not None and value is not None}


def _text(value: Any) -> Any:
    """A text of reasonable length that every encoding has; ``None`` where it is none."""
    return value[:_LONGEST].encode(errors="replace").decode() if isinstance(value, str) and value else None


def number(value: Any, otherwise: Any = None) -> Any:
    """A number of reasonable size, or something else where it is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and abs(value) < 1e15 else otherwise  # noqa: PLR2004


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else to_iso(moment)


def _link(value: Any) -> str | None:
    """A link, if that is what it is: nothing else gets into a page."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"https", "http"} and parts.netloc else None
