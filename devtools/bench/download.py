"""Saving a large video, beside curl fetching the same file from the same server."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from devtools.bench.certificate import Certificate
from devtools.bench.memory import growth
from devtools.bench.processes import Process, answering

_FTYP = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41"
_MIB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file of so many bytes, fetched both ways.

    :param size: Bytes.
    :param ours_s: Seconds for ``save_video``, with its checks and its checksum, until the file is safe on the disk.
    :param curl_s: Seconds for curl and for what makes its file as safe.
    :param curl_alone_s: Seconds for curl alone, whose file may not be on the disk yet.
    :param growth_mib: MiB by which the process of ``save_video`` grew meanwhile, at most.
    """

    size: int
    ours_s: float
    curl_s: float
    curl_alone_s: float
    growth_mib: float

    @property
    def ratio(self) -> float:
        """Our throughput by curl's."""
        return self.curl_s / self.ours_s


def measure_download(certificate: Certificate | None, *, size: int, times: int) -> Download | None:
    """Measure both, in turns; ``None`` where there is no curl.

    :param certificate: The server's; ``None`` for plain HTTP.
    :param size: Bytes of the file.
    :param times: How often; what counts is the median.
    """
    curl = shutil.which("curl")
    if curl is None:
        return None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runway-bench-")))
        _make_file(folder / "source.mp4", size)
        server = stack.enter_context(Process(_serve_file, certificate, str(folder / "source.mp4")))
        saver = stack.enter_context(Process(_save))
        scheme = "http" if certificate is None else "https"
        link = f"{scheme}://127.0.0.1:{server.ask('port')}/video.mp4"
        trust = [] if certificate is None else ["--cacert", certificate.certificate]
        path = folder / "video.mp4"
        ours: list[tuple[float, int]] = []
        theirs: list[tuple[float, float]] = []
        for _ in range(times):
            theirs.append(_fetch_with_curl([curl, *trust, "--silent", "--fail", "--output", str(path), link], path))
            path.unlink()
            ours.append(saver.ask("save", link, str(path)))
            if path.stat().st_size != size:
                raise RuntimeError(f"{path.stat().st_size} of {size} bytes were saved")
            path.unlink()
    return Download(
        size=size,
        ours_s=statistics.median(seconds for seconds, _ in ours),
        curl_s=statistics.median(safe for _, safe in theirs),
        curl_alone_s=statistics.median(alone for alone, _ in theirs),
        growth_mib=max(growth for _, growth in ours) / _MIB,
    )


def _fetch_with_curl(command: Sequence[str], path: Path) -> tuple[float, float]:
    started = time.perf_counter()
    subprocess.run(command, check=True)
    alone = time.perf_counter() - started
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return alone, time.perf_counter() - started


def _save(pipe: Connection) -> None:
    asyncio.run(answering(pipe, {"save": _save_one}))


async def _save_one(link: str, path: str) -> tuple[float, int]:
    """Seconds taken, and bytes by which the process grew beyond what it was before it had begun."""
    from airflow_provider_runway.storage.download import Downloader
    from airflow_provider_runway.storage.save import save_video

    with growth() as grown:
        started = time.perf_counter()
        save_video(link, path, Downloader(task_id="bench"))
        seconds = time.perf_counter() - started
    return seconds, grown.largest


def _serve_file(pipe: Connection, certificate: Certificate | None, path: str) -> None:
    asyncio.run(_serve(pipe, certificate, path, Path(path).stat().st_size))


async def _serve(pipe: Connection, certificate: Certificate | None, path: str, size: int) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode())
        with open(path, "rb") as file:  # noqa: ASYNC230, PTH123 - from the page cache
            await asyncio.get_running_loop().sendfile(writer.transport, file)
        writer.close()

    context = certificate.server_context() if certificate is not None else None
    async with await asyncio.start_server(send, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        await answering(pipe, {"port": lambda: port})


def _make_file(path: Path, size: int) -> None:
    """An MP4 file as its boxes tell it: what it is, and one box of nothing for the rest, which takes no disk."""
    with path.open("wb") as file:
        file.write(_FTYP)
        file.write(b"\x00\x00\x00\x01mdat" + (size - len(_FTYP)).to_bytes(8, "big"))
        file.truncate(size)
