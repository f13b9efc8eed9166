"""Where downloaded bytes go: into a file and a checksum, both written by a thread of their own beside the network."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from types import TracebackType
from typing import BinaryIO

from typing_extensions import Self

# Bytes handed to the thread at a time, and how many such batches may wait for it.
BATCH = 262_144
_WAITING = 8
_MOST_CHUNKS = 4096


class Sink:
    """A file that is written while its SHA-256 is computed. Use as a context manager.

    :param file: Opened for writing and reading, empty; ``None`` computes the checksum alone.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._batch: list[bytes] = []
        self._batch_size = 0
        self._queue: queue.Queue[list[bytes] | None] = queue.Queue(_WAITING)
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="runway-sink", daemon=True)

    @property
    def file(self) -> BinaryIO | None:
        """The file itself, for reading after :meth:`settle`."""
        return self._file

    def write(self, chunk: bytes) -> bool:
        """Take some bytes.

        :return: Whether a batch was handed on: the time to report progress.
        :raises OSError: If an earlier write failed.
        """
        self._batch.append(chunk)
        self._batch_size += len(chunk)
        if self._batch_size < BATCH and len(self._batch) < _MOST_CHUNKS:
            return False
        self._hand_on()
        return True

    def settle(self) -> None:
        """Wait until all is written.

        :raises OSError: If a write failed.
        """
        self._hand_on()
        self._queue.join()
        self._complain()
        if self._file is not None:
            self._file.flush()

    def start_over(self) -> None:
        """Forget all that was written."""
        self.settle()
        self._digest = hashlib.sha256()
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()

    def sync(self) -> None:
        """Have it all on the disk, so that it survives a loss of power."""
        self.settle()
        if self._file is not None:
            os.fsync(self._file.fileno())

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
        self._complain()
        if self._batch:
            self._queue.put(self._batch)
            self._batch, self._batch_size = [], 0

    def _complain(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                # After an error the queue is only emptied, so that whoever fills it does not wait for ever.
                if self._error is None:
                    for chunk in batch:
                        if self._file is not None:
                            self._file.write(chunk)
                        self._digest.update(chunk)
            except OSError as error:
                self._error = error
            finally:
                self._queue.task_done()
