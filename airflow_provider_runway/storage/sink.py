"""Where downloaded bytes go: into a file, and into a checksum that a thread of its own computes meanwhile."""

from __future__ import annotations

import hashlib
import queue
import threading
from types import TracebackType
from typing import BinaryIO

from typing_extensions import Self

# Bytes handed to the thread at a time (or so many pieces, if they are tiny), and how many such batches may wait.
BATCH = 262_144
_MOST_PIECES = 4096
WAITING = 8


class Sink:
    """A file that is written while its SHA-256 is computed. Use as a context manager.

    :param file: Opened for writing and reading, empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._batch: list[bytes] = []
        self._batch_size = 0
        self._queue: queue.Queue[list[bytes] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="runway-checksum", daemon=True)

    @property
    def file(self) -> BinaryIO:
        """The file itself, for reading after :meth:`settle`."""
        return self._file

    def write(self, piece: bytes) -> bool:
        """Take some bytes.

        :return: Whether a batch is full: the time to report progress.
        :raises OSError: If they cannot be written.
        """
        self._batch.append(piece)
        self._batch_size += len(piece)
        full = self._batch_size >= BATCH or len(self._batch) >= _MOST_PIECES
        if full:
            self._hand_on()
        self._file.write(piece)
        return full

    def settle(self) -> None:
        """Have all bytes in the file and in the checksum.

        :raises OSError: If they cannot be written.
        """
        self._hand_on()
        self._queue.join()
        self._file.flush()

    def start_over(self) -> None:
        """Forget all that was written."""
        self.settle()
        self._digest = hashlib.sha256()
        self._file.seek(0)
        self._file.truncate()

    @property
    def sha256(self) -> str:
        """The checksum of what was written, after :meth:`settle`."""
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()

    def _hand_on(self) -> None:
        if self._batch:
            self._queue.put(self._batch)
            self._batch, self._batch_size = [], 0

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            for piece in batch:
                self._digest.update(piece)
            self._queue.task_done()
