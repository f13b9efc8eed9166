"""A file of this machine: written under a name of its own beside the target, then moved there in one step."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from airflow_provider_runway.storage.target import Draft, check_room, with_suffix

# A draft that nobody has written to for so many seconds belongs to a process that was killed.
ABANDONED_AFTER = 3600.0
_LONGEST_STEM = 60


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A file of this machine.

    Drafts are called ``.<name>.<8 digits>.part``. Those of killed processes do no harm; the next try for the same
    file removes them once they are an hour old.

    :param path: Its absolute path.
    """

    path: str

    @property
    def uri(self) -> str:
        """The path with its scheme."""
        return f"file://{self.path}"

    def beside(self, suffix: str) -> LocalTarget:
        """The file of the same name with another suffix."""
        return LocalTarget(with_suffix(self.path, suffix))

    def size(self) -> int | None:
        """Bytes of the file that is there."""
        path = Path(self.path)
        if path.is_dir():
            raise IsADirectoryError(f"a folder is there; with a / at the end the video goes into it: {self.path}/")
        try:
            return path.stat().st_size
        except FileNotFoundError:
            if path.is_symlink():
                raise FileNotFoundError(f"a link that leads nowhere is there: {self.path}") from None
            return None

    def read(self) -> AbstractContextManager[BinaryIO]:
        """Open the file that is there."""
        return Path(self.path).open("rb")

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A draft beside the target; missing folders are made."""
        folder, stem = Path(self.path).parent, Path(self.path).name[:_LONGEST_STEM]
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder, re.compile(rf"\.{re.escape(stem)}\.[0-9a-f]{{8}}\.part"))
        path = folder / f".{stem}.{secrets.token_hex(4)}.part"
        try:
            with path.open("x+b") as file:
                yield Draft(file, str(path))
        finally:
            path.unlink(missing_ok=True)

    def probe(self) -> None:
        """Open a draft, write to it, and remove it."""
        with self.draft() as draft:
            check_room(draft)

    def publish(self, draft: Draft, *, overwrite: bool) -> None:
        """Give the draft its name, in one step and for good."""
        draft.file.flush()
        os.fsync(draft.file.fileno())
        if overwrite:
            os.replace(draft.path, self.path)  # noqa: PTH105 - a Path would say no more
        else:
            self._link(draft)
        sync_folder(Path(self.path).parent)

    def _link(self, draft: Draft) -> None:
        """Give it its name unless another file has it, also one that has come this moment."""
        try:
            os.link(draft.path, self.path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: an empty file takes the name first, which only one can do
            with Path(self.path).open("xb") as placeholder:
                try:
                    os.replace(draft.path, self.path)  # noqa: PTH105
                except BaseException:
                    with contextlib.suppress(OSError):
                        if os.path.samestat(os.fstat(placeholder.fileno()), os.lstat(self.path)):
                            Path(self.path).unlink()
                    raise


def remove_abandoned(folder: Path, name: re.Pattern[str]) -> None:
    """Remove the drafts of that name which killed processes have left behind."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if name.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_AFTER:
                        Path(entry.path).unlink()


def sync_folder(folder: Path) -> None:
    """Have the new name on the disk. Not every file system can; the file's own bytes are safe either way."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
