"""Running ffmpeg: found, started without a shell, listened to, bounded, and ended with the task."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from airflow_provider_runway.film import leash
from airflow_provider_runway.kie.errors import FilmError

# Seconds of the film that are done.
OnProgress = Callable[[float], None]

# What ffmpeg and the libraries that draw letters look at. A task's environment may hold passwords.
_ENVIRONMENT = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
)
# An ffmpeg that is linked statically, as imageio-ffmpeg 0.6 brings one, crashes of the system's tables of characters
# when it reads the name of a programme in an MPEG transport stream. What is read here as text is UTF-8.
_NO_TABLES = {"GCONV_PATH": os.devnull}
_MOST_LINES = 60
_LONGEST_LINE = 2000
# The pictures, the checksum, and the way to the disk.
_BESIDE = 3
_INSTALL = "Install ffmpeg where the workers run, or the extra: pip install 'airflow-provider-runway[film]'"


def find_ffmpeg() -> str:
    """The program: the one on ``PATH``, otherwise that of ``imageio-ffmpeg``.

    :raises FilmError: If there is neither.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return str(Path(found).absolute())
    try:
        import imageio_ffmpeg
    except ImportError:
        raise FilmError("There is no ffmpeg on PATH.", detail=_INSTALL) from None
    try:
        return str(Path(imageio_ffmpeg.get_ffmpeg_exe()).absolute())
    except RuntimeError:
        raise FilmError("There is no ffmpeg on PATH, and imageio-ffmpeg has none.", detail=_INSTALL) from None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of ffmpeg has ended.

    :param code: Its exit code; below zero the signal that has killed it.
    :param printed: The last lines that it has printed.
    :param wrote: What it has written to its standard output, if that was asked for.
    """

    code: int
    printed: str
    wrote: str = ""


@dataclass
class Ffmpeg:
    """ffmpeg, of which several may run at once.

    :param program: Its path.
    :param folder: The folder that it runs in.
    :param timeout: Seconds that a run may take.
    """

    program: str
    folder: str
    timeout: float
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set, init=False)
    _is_ended: bool = field(default=False, init=False)

    def run(
        self,
        arguments: Sequence[str],
        *,
        on_progress: OnProgress | None = None,
        most_lines: int = _MOST_LINES,
    ) -> Ended:
        """Run it to its end.

        :param arguments: Its arguments.
        :param on_progress: Told how far the film is; then ``arguments`` must say ``-progress pipe:1``.
        :param most_lines: How many of the last lines that it prints are kept.
        :raises FilmError: If it cannot be started, or is not done in time.
        """
        command = [sys.executable, "-I", "-S", leash.__file__, self.program, *arguments]
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _NO_TABLES
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell, and every value is an argument of its own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise FilmError(f"ffmpeg cannot be started ({error}).", retryable=True) from error
        self._running.add(process)
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            _kill(process)

        timer = threading.Timer(self.timeout, give_up)
        timer.daemon = True
        printed: deque[str] = deque(maxlen=most_lines)
        listener = threading.Thread(target=_listen, args=(process.stderr, printed.append), daemon=True)
        try:
            if self._is_ended:  # while this one was being started
                _kill(process)
            timer.start()
            listener.start()
            wrote = _read(process, on_progress)
            process.wait()
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            listener.join()
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr] # all three were asked for
            self._running.discard(process)
        if overdue.is_set():
            raise FilmError(
                f"ffmpeg was not done after {self.timeout:.0f} s, and was ended.",
                detail="Raise timeout, or compose fewer clips at a time",
            )
        return Ended(process.returncode, "\n".join(printed), wrote)

    def kill(self) -> None:
        """End all runs, also those that begin after it."""
        self._is_ended = True
        for process in tuple(self._running):
            _kill(process)

    @contextmanager
    def beside(self) -> Iterator[Executor]:
        """Threads for what is done beside, in which it may run as well; where the block fails, all runs are ended."""
        with ThreadPoolExecutor(_BESIDE, "runway-film") as threads:
            try:
                yield threads
            except BaseException:
                self.kill()
                raise


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], on_progress: OnProgress | None) -> str:
    """What is written to standard output, if it is no progress."""
    lines: list[str] = []
    for line in process.stdout or ():
        text = line.decode("utf-8", "replace")
        if on_progress is None:
            lines.append(text)
        elif text.startswith("out_time_us="):
            with contextlib.suppress(ValueError):  # N/A, as long as there is nothing
                on_progress(int(text.partition("=")[2]) / 1_000_000)
    return "".join(lines)


def _listen(pipe: object, take: Callable[[str], None]) -> None:
    while line := pipe.readline(_LONGEST_LINE):  # type: ignore[attr-defined] # a pipe of bytes
        take(line.decode("utf-8", "replace").rstrip())
