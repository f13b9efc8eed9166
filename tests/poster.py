"""A service that publishes videos, played on this machine, with the faults of a test."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests_toolbelt import MultipartDecoder
from typing_extensions import Self

_BLOCK = 1_048_576


@dataclass(frozen=True)
class Post:
    """A request that was taken.

    :param video: its bytes, if they are few.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    fields: list[tuple[str, str]] = field(default_factory=list)
    file_name: str | None = None
    video: bytes = b""
    sha256: str = ""
    size: int = 0


Fault = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """What the service does with a request."""

    protocol_version = "HTTP/1.1"
    poster: Poster

    def do_POST(self) -> None:
        fault = self.poster.faults.popleft() if self.poster.faults else publish
        try:
            fault(self)
        except ConnectionError:  # the other side has gone: nothing was taken
            self.hang_up()

    do_PUT = do_POST  # noqa: N815 - the base class's way

    def do_GET(self) -> None:
        self.poster.asked.append(self.path)
        if self.poster.answers:
            return self.poster.answers.popleft()(self)
        (wanted,) = parse_qs(urlsplit(self.path).query).get("external_id", [""])
        found = [
            {"id": number} for number, post in enumerate(self.poster.posts, 1) if ("external_id", wanted) in post.fields
        ]
        self.answer(200, found)
        return None

    def receive(self, most: int | None = None) -> Post:
        """Read the body to its end, or as many bytes of it."""
        length = int(self.headers["Content-Length"])
        left, content, checksum = min(length, most or length), bytearray(), hashlib.sha256()
        while left and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            checksum.update(block)
            if length < 8 * _BLOCK:
                content += block
        if left and not most:
            raise ConnectionAbortedError
        post = Post(self.command, self.path, dict(self.headers), [], None, bytes(content), checksum.hexdigest(), length)
        if not self.headers["Content-Type"].startswith("multipart/") or not content or most:
            return post
        fields, file_name = [], None
        for part in MultipartDecoder(bytes(content), self.headers["Content-Type"]).parts:
            says = part.headers[b"Content-Disposition"].decode()
            if "filename=" in says:
                file_name = says.partition('filename="')[2].rstrip('"')
                video = part.content
            else:
                fields.append((says.partition('name="')[2].rstrip('"'), part.text))
        return Post(
            self.command, self.path, dict(self.headers), fields, file_name, video, hashlib.sha256(video).hexdigest(),
            len(video),
        )  # fmt: skip

    def answer(self, status: int, said: Any = None, **headers: str) -> None:
        content = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def publish(handler: Handler) -> None:
    """Take it, and say so."""
    handler.poster.posts.append(handler.receive())
    handler.answer(201, {"id": len(handler.poster.posts), "url": "https://post.example/1"})


def lose_the_reply(handler: Handler) -> None:
    """Take it, and hang up."""
    handler.poster.posts.append(handler.receive())
    handler.hang_up()


def lose_the_request(handler: Handler) -> None:
    """Read it to its end, take it not, and hang up."""
    handler.receive()
    handler.hang_up()


def hang_up_midway(handler: Handler) -> None:
    """Hang up before all of it has arrived."""
    handler.receive(most=1000)
    handler.hang_up()


def answering(status: int, said: Any = None, **headers: str) -> Fault:
    """Take it not, and answer."""

    def fault(handler: Handler) -> None:
        handler.receive()
        handler.answer(status, said, **headers)

    return fault


def refuse_at_once(handler: Handler) -> None:
    """Answer without reading, and hang up."""
    handler.answer(413, {"error": "too large"}, Connection="close")
    handler.hang_up()


def drip_before_the_answer(handler: Handler) -> None:
    """Take it, and ask for patience, a byte a moment, without end."""
    handler.poster.posts.append(handler.receive())
    handler.wfile.write(b"HTTP/1.1 100 Continue\r\nX-Long: ")
    _drip(handler)


def drip_the_headers(handler: Handler) -> None:
    """Take it, say so, and send a header a byte a moment, without end."""
    handler.poster.posts.append(handler.receive())
    handler.wfile.write(b"HTTP/1.1 201 Created\r\nX-Long: ")
    _drip(handler)


def drip_the_body(handler: Handler) -> None:
    """Take it, say so, and let the answer's body drip without end."""
    handler.poster.posts.append(handler.receive())
    handler.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n")
    _drip(handler)


def _drip(handler: Handler) -> None:
    while not handler.poster.is_over.is_set():
        try:
            handler.wfile.write(b"x")
        except OSError:
            break
        time.sleep(0.02)
    handler.hang_up()


@dataclass
class Poster:
    """Listens on a free port of this machine within a `with` block.

    :param posts: what was published, the oldest first.
    :param faults: what it does with the next requests, in place of publishing.
    :param asked: the paths that it was asked.
    :param answers: what it does with the next questions.
    :param certificate: a file with its certificate and key; without one it speaks no TLS.
    """

    posts: list[Post] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    answers: deque[Fault] = field(default_factory=deque)
    is_over: threading.Event = field(default_factory=threading.Event)
    certificate: Path | None = None

    def __enter__(self) -> Self:
        handler = type("Bound", (Handler,), {"poster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if self.certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self.certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_port}"

    def connection_json(self, **facts: Any) -> str:
        """The Airflow connection to it."""
        return json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": self._server.server_port, **facts})
