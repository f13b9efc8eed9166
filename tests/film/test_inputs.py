from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from clips import clip, picture, tone
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_runway.exceptions import (
    DeadLinkError,
    FilmError,
    InvalidRequestError,
    RunwayError,
    UnreadableFileError,
)
from airflow_provider_runway.film.inputs import Inputs, allowed_folders
from airflow_provider_runway.film.sources import Media, Source, read_source
from airflow_provider_runway.kie.clock import CLOCK
from airflow_provider_runway.storage.local import LocalTarget

PAGE = b"<!doctype html><html>Not found</html>"


class Hook:
    """Gives other links."""

    clock = CLOCK

    def __init__(self, link: str = "") -> None:
        self.link = link
        self.asked: list[Any] = []

    def renew_link(self, *facts: Any) -> str:
        self.asked.append(facts)
        return self.link


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    folder = tmp_path / "work"
    folder.mkdir()
    return Inputs(folder, [str(tmp_path / "allowed"), str(clip().parent)], Hook, 1_000_000)


@pytest.fixture
def web() -> Iterator[str]:
    """A media host that knows one clip and one page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = {"/clip.mp4": clip().read_bytes(), "/page.mp4": PAGE, "/empty.mp4": b""}.get(self.path.split("?")[0])
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def source(value: Any, media: Media = "video") -> Source:
    return read_source("clip 3", "clips[2]", media, value)


def test_a_file_of_this_machine_is_not_copied(inputs: Inputs) -> None:
    brought = inputs.bring(source(str(clip())), "clip-003")

    assert brought.file == "clip-003.mp4"
    assert (inputs.folder / brought.file).readlink() == clip()
    status = clip().stat()
    assert brought.identity == f"file {clip()} {status.st_size} {status.st_mtime_ns}"


@pytest.mark.parametrize(
    "through", ["{folder}/elsewhere/a.mp4", "{folder}/allowed/../elsewhere/a.mp4", "{folder}/allowed/link.mp4"]
)
def test_a_file_elsewhere_on_this_machine_is_refused_wherever_links_lead(
    inputs: Inputs, tmp_path: Path, through: str
) -> None:
    for name in ("allowed", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere" / "a.mp4").write_bytes(clip().read_bytes())
    (tmp_path / "allowed" / "link.mp4").symlink_to(tmp_path / "elsewhere" / "a.mp4")

    with pytest.raises(
        InvalidRequestError, match=r"clips\[2\] must be a file below the folders of \[runway\] media_roots"
    ):
        inputs.bring(source(through.format(folder=tmp_path)), "clip-003")


def test_what_lies_beside_the_film_may_be_read_but_not_all_of_the_machine() -> None:
    roots = ("/srv/videos", "s3://bucket/videos", "file:///srv/more")

    assert allowed_folders(roots, LocalTarget("/films/night/film.mp4")) == ["/srv/videos", "/srv/more", "/films/night"]
    assert allowed_folders((), LocalTarget("/film.mp4")) == []


def test_a_file_of_an_object_store_is_copied_with_its_checksum(inputs: Inputs) -> None:
    attach(protocol="memory", fs=MemoryFileSystem())
    path = ObjectStoragePath("memory://bucket/a.mp4")
    path.write_bytes(clip().read_bytes())

    brought = inputs.bring(source(path), "clip-003")

    assert (inputs.folder / brought.file).read_bytes() == clip().read_bytes()
    assert brought.identity == f"sha256 {hashlib.sha256(clip().read_bytes()).hexdigest()}"
    assert inputs.identify(source(path), "clip-003") == brought.identity


def test_a_link_is_fetched(inputs: Inputs, web: str) -> None:
    brought = inputs.bring(source(f"{web}/clip.mp4?signature=secret"), "clip-003")

    assert (inputs.folder / brought.file).read_bytes() == clip().read_bytes()


def test_a_result_whose_file_cannot_be_read_is_fetched_from_its_link(inputs: Inputs, web: str) -> None:
    result = {"task_id": "t-1", "kind": "runway", "video_url": f"{web}/clip.mp4", "saved_to": "file:///elsewhere/a.mp4"}

    brought = inputs.bring(source(result), "clip-003")

    assert (inputs.folder / brought.file).read_bytes() == clip().read_bytes()
    assert brought.identity == "runway t-1 0"


def test_a_file_that_breaks_off_while_it_is_read_is_fetched_from_its_link(inputs: Inputs, web: str) -> None:
    class Cut(MemoryFileSystem):  # type: ignore[misc] # a library without types
        """A store that goes away."""

        protocol = "cut"

        def open(self, *_: Any, **__: Any) -> Any:
            return nullcontext(self)

        def read(self, _: int) -> bytes:
            if self.__dict__.setdefault("began", []):
                raise TimeoutError("gone")
            self.began.append(True)
            return b"some"

    attach(protocol="cut", fs=Cut())
    MemoryFileSystem().pipe("/bucket/a.mp4", b"x" * 2000)
    result = {"task_id": "t-1", "kind": "runway", "video_url": f"{web}/clip.mp4", "saved_to": "cut://bucket/a.mp4"}

    brought = inputs.bring(source(result), "clip-003")

    assert (inputs.folder / brought.file).read_bytes() == clip().read_bytes()


def test_a_dead_link_of_a_result_is_renewed(inputs: Inputs, web: str) -> None:
    hook = Hook(f"{web}/clip.mp4")
    inputs.hook = lambda: hook
    result = {"task_id": "t-1", "kind": "aleph", "video_url": f"{web}/gone.mp4"}

    assert inputs.bring(source(result), "clip-003").file == "clip-003.mp4"
    assert hook.asked == [("t-1", f"{web}/gone.mp4", "aleph", 0)]


def test_a_dead_link_that_cannot_be_renewed_is_named(inputs: Inputs, web: str) -> None:
    with pytest.raises(FilmError, match=r"^clip 3 \(http://127.0.0.1:\d+/gone.mp4\) cannot be fetched: .*404"):
        inputs.bring(source(f"{web}/gone.mp4?signature=secret"), "clip-003")
    inputs.hook = lambda: Hook(f"{web}/gone-too.mp4")
    with pytest.raises(DeadLinkError, match=r"^clip 3 .* cannot be fetched"):
        inputs.bring(source({"task_id": "t-1", "kind": "runway", "video_url": f"{web}/gone.mp4"}), "clip-004")


@pytest.mark.parametrize(
    ("data", "media", "said"),
    [
        (b"", "video", r"clip 3 \(.*\) is empty: it has 0 bytes"),
        (PAGE, "video", r"clip 3 \(.*\) is not a video"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "video", "is not a video"),
        (PAGE, "sound", "is not a sound"),
        (b"\x89PNG\r\n\x1a\n", "sound", "is not a sound"),
        (b"GIF89a", "picture", "is not a PNG, JPG or WebP picture"),
        (b"ID3", "picture", "is not a PNG, JPG or WebP picture"),
    ],
)
def test_a_file_that_is_something_else_is_named(
    inputs: Inputs, tmp_path: Path, data: bytes, media: Media, said: str
) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "file").write_bytes(data)

    with pytest.raises(FilmError, match=said):
        inputs.bring(source(str(tmp_path / "allowed" / "file"), media), "clip-003")


def test_a_file_that_is_cut_off_is_named(inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "cut.mp4").write_bytes(clip().read_bytes()[:-100])

    with pytest.raises(FilmError, match=r"clip 3 \(.*cut.mp4\) is cut off: the end of the file is missing"):
        inputs.bring(source(str(tmp_path / "allowed" / "cut.mp4")), "clip-003")


@pytest.mark.parametrize("name", ["missing.mp4", "", "pipe"])
def test_a_file_that_is_missing_or_none_is_named(inputs: Inputs, tmp_path: Path, name: str) -> None:
    (tmp_path / "allowed").mkdir()
    os.mkfifo(tmp_path / "allowed" / "pipe")

    with pytest.raises(UnreadableFileError, match=r"clip 3 \(/.*\) cannot be read"):
        inputs.bring(source(f"{tmp_path}/allowed/{name}"), "clip-003")


def test_a_file_that_is_too_large_is_not_copied(inputs: Inputs) -> None:
    attach(protocol="memory", fs=MemoryFileSystem())
    path = ObjectStoragePath("memory://bucket/large.mp4")
    path.write_bytes(bytes(1_000_001))

    with pytest.raises(FilmError, match=r"has 1000001 bytes, and \[runway\] largest_file allows 1000000"):
        inputs.bring(source(path), "clip-003")


def test_a_full_folder_for_temporary_files_is_named(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(protocol="memory", fs=MemoryFileSystem())
    path = ObjectStoragePath("memory://bucket/a.mp4")
    path.write_bytes(clip().read_bytes())
    opened = Path.open

    class Full:
        """A file on a disk that is full."""

        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def open_(path: Path, mode: str = "r") -> Any:
        return Full(opened(path, mode)) if "x" in mode else opened(path, mode)

    monkeypatch.setattr(Path, "open", open_)

    with pytest.raises(RunwayError, match=rf"does not fit into the folder .*{tmp_path.name}.*No space left") as caught:
        inputs.bring(source(path), "clip-003")
    assert caught.value.retryable


def test_sounds_and_pictures_get_the_suffix_of_what_they_are(inputs: Inputs) -> None:
    assert inputs.bring(source(str(tone()), "sound"), "music").file == "music.wav"
    assert inputs.bring(source(str(picture()), "picture"), "logo").file == "logo.png"


def test_an_answer_is_json_for_the_fingerprint(inputs: Inputs) -> None:
    assert json.dumps(inputs.identify(source(str(clip())), "clip-003"))
