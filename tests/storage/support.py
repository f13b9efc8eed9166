"""A media host on a socket, which can misbehave in every way that bytes can; and what the tests save from it."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.publishing import SavedFile
from airflow_provider_runway.storage.save import save_video


def film(size: int) -> bytes:
    """The beginning of an MP4 file, and one box with all the rest."""
    beginning = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
    rest = size - len(beginning)
    return beginning + rest.to_bytes(4, "big") + b"mdat" + random.Random(7).randbytes(rest - 8)


@cache
def large_video() -> bytes:
    """More than any store is sent in one request."""
    return film(68_000_000)


VIDEO = film(300_000)
OTHER_VIDEO = VIDEO[:-1] + bytes([VIDEO[-1] ^ 1])
PICTURE = b"\x89PNG\r\n\x1a\n" + random.Random(8).randbytes(5_000)
PAGE = b"<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>" * 20

EAGER = RetryRules(tries=4, first_pause=0.0, jitter=lambda: 0.0)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that the host was sent."""

    number: int
    path: str
    headers: Mapping[str, str]

    @property
    def start(self) -> int:
        """Where the range that is asked for begins."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


@dataclass
class MediaHost:
    """What it answers: the bytes on the wire, after which the connection ends."""

    answer: Callable[[Ask], bytes]
    port: int = 0
    asks: list[Ask] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        return f"{self.url}/video.mp4?signature=s3cr3t"


@contextmanager
def media_host(answer: Callable[[Ask], bytes]) -> Iterator[MediaHost]:
    """A host for the length of a block."""
    host = MediaHost(answer)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host.port = server.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(server, host))
        thread.start()
        try:
            yield host
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, host: MediaHost) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            words = lines.readline().decode().split()
            if len(words) < 2:
                continue
            headers = {}
            while line := lines.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            ask = Ask(len(host.asks), words[1], headers)
            host.asks.append(ask)
            try:
                connection.sendall(host.answer(ask))
            except OSError:  # the client has heard enough
                continue


def reply(status: int, body: bytes = b"", **headers: str | int) -> bytes:
    """An answer on the wire; ``content_length=n`` announces something else than comes."""
    lines: dict[str, str] = {"Content-Length": str(len(body))}
    lines |= {name.replace("_", "-").title(): str(value) for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def video_reply(ask: Ask, content: bytes = VIDEO, *, upto: int | None = None, etag: str | None = '"v1"') -> bytes:
    """What a well-behaved host answers, cut off after ``upto`` bytes of the file."""
    headers: dict[str, str | int] = {"content_type": "video/mp4"}
    if etag:
        headers["etag"] = etag
    if ask.start and ask.headers.get("if-range") == etag:
        headers |= {"content_range": f"bytes {ask.start}-{len(content) - 1}/{len(content)}"}
        headers |= {"content_length": len(content) - ask.start}
        return reply(206, content[ask.start : upto], **headers)
    return reply(200, content[:upto], **headers | {"content_length": len(content)})


def eager(task_id: str = "task-1", **wishes: Any) -> Downloader:
    """A downloader that does not pause."""
    return Downloader(**{"task_id": task_id, "retry_rules": EAGER, "timeout": 5.0, **wishes})


def save(link: str, target: Any, **wishes: Any) -> SavedFile:
    """Save a video without pauses."""
    how = {name: wishes.pop(name) for name in ("overwrite", "thumbnail") if name in wishes}
    return save_video(link, target, eager(**wishes), **how)


class Shop(MemoryFileSystem):  # type: ignore[misc]
    """A store that, as S3's files do, shows on closing what was written, and that can be told to fail."""

    store: dict[str, Any] = {}  # noqa: RUF012 - as fsspec has it
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False
    put_fails_after: int | None = None
    loses: int = 0
    chunksize: int | None = None
    put_paths: list[str]

    def put_file(self, lpath: str, rpath: str, callback: Any = None, chunksize: int | None = None) -> None:
        self.chunksize = chunksize
        self.put_paths.append(rpath)
        content = Path(lpath).read_bytes()
        if self.put_fails_after is not None:
            self.pipe_file(rpath, content[: self.put_fails_after])
            raise ConnectionError("the store hung up")
        self.pipe_file(rpath, content[: len(content) - self.loses])
