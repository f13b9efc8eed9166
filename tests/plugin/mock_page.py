"""The page's own endpoints, played: made-up videos, and the states that are hard to make in a real Airflow."""

from __future__ import annotations

import io
import json
import mimetypes
import threading
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from airflow_provider_runway.sandbox.video.clip import Clip, Segment
from airflow_provider_runway.sandbox.video.film import film, poster

STATIC: Final = files("airflow_provider_runway.plugin") / "static"
# What Airflow allows its frames.
SANDBOX: Final = "allow-scripts allow-same-origin allow-forms allow-downloads"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src 'self' https:; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)

Card = dict[str, Any]


def iso(**ago: float) -> str:
    """A moment that is so long ago; negative for one to come."""
    return (datetime.now(timezone.utc) - timedelta(**ago)).isoformat(timespec="seconds")


def card(number: int, **known: Any) -> Card:
    """A finished video, but for what is given."""
    return {
        "dag_id": "daily_videos",
        "run_id": f"manual__2026-11-{1 + number % 28:02}T{number // 28:02}:00:00+00:00",
        "task_id": "make_video",
        "map_index": -1,
        "try_number": 1,
        "operator": "RunwayGenerateOperator",
        "task_state": "success",
        "state": "finished",
        "prompt": f"Lisbon wakes up, filmed from a slow tram, take {number}",
        "model": "runway",
        "kind": "runway",
        "duration": 5,
        "quality": "720p",
        "aspect_ratio": "16:9",
        "seconds": 5,
        "kie_task_id": f"task-{number}",
        "parent_task_id": None,
        "submitted_at": iso(hours=number, minutes=2),
        "expected_at": None,
        "completed_at": iso(hours=number),
        "expires_at": iso(days=-14, hours=number),
        "queue": None,
        "credits": 12,
        "dollars": 0.06,
        "video_url": "https://media.invalid/video.mp4",
        "image_url": "media/poster.jpg",
        "media_url": "media/video.mp4",
        "medium": "video",
        "files": [],
        "saved_to": None,
        "media_note": None,
        "failure": None,
        "conn_id": "runway_default",
        **known,
    }


def waiting(number: int, **known: Any) -> Card:
    """A video that is being made."""
    unknown = dict.fromkeys(("completed_at", "expires_at", "video_url", "image_url", "media_url", "seconds"))
    times = {"submitted_at": iso(seconds=40), "expected_at": iso(seconds=-50)}
    return card(number, **{**unknown, "state": "generating", "task_state": "deferred", **times, **known})


def failed(number: int, reason: str, message: str, *, paid: bool | None, advice: str, **known: Any) -> Card:
    """A video that failed."""
    failure = {
        "reason": reason,
        "message": message,
        "task_id": f"task-{number}",
        "paid": paid,
        "advice": advice,
        "page": "https://example.com/errors.html",
        "payment": None,
    }
    gone = dict.fromkeys(("expires_at", "video_url", "image_url", "media_url", "seconds"))
    return card(number, **{**gone, "state": "failed", "task_state": "failed", "failure": failure, **known})


@dataclass
class MockPage:
    """What the endpoints answer, to be changed while they do.

    :param status: what every endpoint answers instead, where it is not 200.
    :param asked: what was asked of them: path and parameters.
    :param prefix: the path that Airflow is served below.
    """

    cards: list[Card] = field(default_factory=list)
    days: list[dict[str, Any]] = field(default_factory=list)
    balances: list[dict[str, Any]] = field(default_factory=list)
    renewed: dict[str, Any] | None = None
    status: int = 200
    prefix: str = ""
    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def page(self) -> str:
        """The page's address."""
        return f"{self.url}{self.prefix}/runway/"

    def answer(self, path: str, asked: Mapping[str, str]) -> tuple[int, Any]:
        """Status and JSON of an endpoint."""
        self.asked.append((path, dict(asked)))
        if self.status != 200:
            return self.status, {"detail": "The mock was told to."}
        if path == "videos":
            return 200, self._videos(asked)
        if path == "totals":
            waits = [each for each in self.cards if each["state"] in {"queued", "submitted", "generating"}]
            sums = {name: sum(each[name] or 0 for each in waits) for name in ("credits", "dollars")}
            return 200, {"days": self.days, "waiting": {"videos": len(waits), **sums}}
        if path == "balances":
            return 200, self.balances
        if not path.endswith("/link"):
            return 404, {"detail": "Not Found"}
        return (200, self.renewed) if self.renewed else (409, {"detail": "KIE.AI no longer has this video."})

    def _videos(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = [each for each in self.cards if self._matches(each, asked)]
        start, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 50))
        more = str(start + limit) if start + limit < len(found) else None
        since = asked.get("since") or (iso(days=30) if "q" in asked else None)
        return {"videos": found[start : start + limit], "next": more, "since": since}

    @staticmethod
    def _matches(each: Card, asked: Mapping[str, str]) -> bool:
        waits = each["state"] in {"queued", "submitted", "generating"}
        ended = each["completed_at"] or ""
        states = {
            "": True,
            "waiting": waits or ended >= asked.get("ended_since", "9"),
            "saved": bool(each["saved_to"]),
        }
        state = asked.get("state", "")
        same = all(
            str(each[name]) == asked[name] for name in ("dag_id", "run_id", "task_id", "map_index") if name in asked
        )
        words = all(word in each["prompt"].lower() for word in asked.get("q", "").lower().split())
        return same and words and states.get(state, each["state"] == state)


@contextmanager
def serving(page: MockPage) -> Iterator[MockPage]:
    """Serve it on a port of its own, until the end of this context."""
    handler = type("Handler", (_Handler,), {"mock": page})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        page.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield page
        finally:
            server.shutdown()
            thread.join()


@lru_cache
def _media(name: str) -> bytes:
    """A small video, its picture, or a second of silence."""
    if name.endswith(".wav"):
        return _silence()
    clip = Clip("16:9", "720p", (Segment(name, "generate", "Lisbon wakes up", 3),))
    return film(clip, 0.3, 10) if name.endswith(".mp4") else poster(clip, 0.3)


def _silence() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000)
    return file.getvalue()


class _Handler(BaseHTTPRequestHandler):
    mock: MockPage
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = address.path.removeprefix(self.mock.prefix).removeprefix("/runway/")
        if path == "":
            self._send(200, "text/html", (STATIC / "index.html").read_bytes())
        elif path.startswith("static/") and (STATIC / path[7:]).is_file():
            self._send(200, mimetypes.guess_type(path)[0] or "", (STATIC / path[7:]).read_bytes())
        elif path.startswith("api/"):
            asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
            self._answer(path[4:], asked)
        elif path.startswith("media/") and "gone" not in path:
            self._send_part(mimetypes.guess_type(path)[0] or "", _media(path))
        elif path.startswith(("/plugin/", "/dags/")):
            inner = f"{self.mock.prefix}/runway/{'?' + address.query if path.startswith('/dags/') else ''}"
            frame = f'<!doctype html><title>Airflow</title><iframe sandbox="{SANDBOX}" src="{inner}" title="Videos"'
            self._send(200, "text/html", f'{frame} width="1200" height="800"></iframe>'.encode(), policy=None)
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        is_json = self.headers["Content-Type"] == "application/json"
        self._answer(self.path.rpartition("/api/")[2] if is_json else "refused", {})

    def _answer(self, path: str, asked: Mapping[str, str]) -> None:
        status, answer = self.mock.answer(path, asked)
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send_part(self, kind: str, body: bytes) -> None:
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes="):
            return self._send(200, kind, body)
        start, _, end = asked[6:].partition("-")
        first, last = int(start), int(end or len(body) - 1)
        extra = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "Accept-Ranges": "bytes"}
        return self._send(206, kind, body[first : last + 1], **extra)

    def _send(self, status: int, kind: str, body: bytes, *, policy: str | None = POLICY, **extra: str) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **extra}
        for name, value in {**headers, **({"Content-Security-Policy": policy} if policy else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
