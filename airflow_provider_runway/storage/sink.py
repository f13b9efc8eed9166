"""Where downloaded bytes go: into a file, and into a checksum that a thread of its own computes meanwhile."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from typing_extensions import Self

# Bytes handed to the thread at a time (or so many pieces, if they are tiny), and how many such batches may wait.
_BATCH = 262_144
_MOST_PIECES = 4096
_WAITING = 8


class Sink:
    """A file that is written while its SHA-256 is computed. Use as a context manager.

    :param file: Opened for writing and reading, empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._digest = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, "runway-checksum")
        self._waiting: deque[Future[None]] = deque()
        self._batch: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> bool:
        """Take some bytes.

        :return: Whether a batch is full: the time to report progress.
        :raises OSError: If they cannot be written.
        """
        self._batch.append(piece)
        self._size += len(piece)
        full = self._size >= _BATCH or len(self._batch) >= _MOST_PIECES
        if full:
            self._hand_on()
        self.file.write(piece)
        return full

    def flush(self) -> None:
        """Have all bytes in the file and in the checksum.

        :raises OSError: If they cannot be written.
        """
        self._hand_on()
        while self._waiting:
            self._waiting.popleft().result()
        self.file.flush()

    def start_over(self) -> None:
        """Forget all that was written."""
        self.flush()
        self._digest = hashlib.sha256()
        self.file.seek(0)
        self.file.truncate()

    @property
    def sha256(self) -> str:
        """The checksum of what was written, after :meth:`flush`."""
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _hand_on(self) -> None:
        self._waiting.append(self._thread.submit(_update, self._digest, self._batch))
        self._batch, self._size = [], 0
        if len(self._waiting) > _WAITING:
            self._waiting.popleft().result()


def _update(digest: hashlib._Hash, pieces: list[bytes]) -> None:
    for piece in pieces:
        digest.update(piece)
