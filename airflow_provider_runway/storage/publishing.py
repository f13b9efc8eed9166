"""A whole draft becomes the file at its place, and never takes that of another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.storage.target import Draft, Target, checksum, storing

Overwrite = bool | Collection[str]


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file in its place.

    :param path: Where it is: the whole address, with scheme (and connection id, if one was given).
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param thumbnail_path: Where a video's thumbnail is; ``None`` if none was asked for, or it could not be had.
    :param thumbnail_sha256: Its checksum.
    :param downloaded: ``False`` if this very file was there already.
    """

    path: str
    size: int
    sha256: str
    thumbnail_path: str | None = None
    thumbnail_sha256: str | None = None
    downloaded: bool = True

    @property
    def checksums(self) -> tuple[str, ...]:
        """By which the file and its thumbnail are known again."""
        return tuple(filter(None, (self.sha256, self.thumbnail_sha256)))


def publish(
    place: Target,
    draft: Draft,
    size: int,
    sha256: str,
    task_id: str,
    *,
    overwrite: Overwrite,
    came_meanwhile: bool = False,
) -> SavedFile:
    """Make a whole draft the file at its place, unless this very file is there already.

    :raises TargetExistsError: If another file is there, which may not be replaced.
    """
    with storing(place.uri, task_id):
        try:
            place.publish(draft, overwrite=overwrite is True)
        except FileExistsError as error:
            there = checksum(place)
            if (there.size, there.sha256) == (size, sha256):
                return SavedFile(place.uri, size, sha256, downloaded=False)
            if not isinstance(overwrite, bool) and there.sha256 in overwrite:
                place.publish(draft, overwrite=True)
                return SavedFile(place.uri, size, sha256)
            difference = f"its bytes differ: it has {there.size} bytes and the video has {size}"
            if came_meanwhile:
                difference = "it has come there meanwhile"
            raise TargetExistsError(
                f"Another file is at {place.uri} already ({difference}), and it was left alone.",
                detail=f"The video of task {task_id} is paid and KIE.AI still has it (14 days at most). "
                "RunwayToObjectStorageOperator stores it elsewhere and pays nothing: give it "
                f"runway_task_id={task_id!r}, the kind of the task and another save_to. Or remove the file, "
                "or set overwrite=True where there is that parameter.",
                task_id=task_id,
            ) from error
    return SavedFile(place.uri, size, sha256)
