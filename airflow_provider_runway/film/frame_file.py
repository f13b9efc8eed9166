"""One picture of a video, stored as a file of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.film.ffmpeg import Ffmpeg
from airflow_provider_runway.film.frames import as_jpeg, frame_at, last_frame
from airflow_provider_runway.film.inputs import Inputs, allowed_folders
from airflow_provider_runway.film.numbers import exactly
from airflow_provider_runway.film.probe import probe
from airflow_provider_runway.film.sources import read_source
from airflow_provider_runway.film.work_folder import work_folder
from airflow_provider_runway.kie.errors import InvalidRequestError, TargetExistsError
from airflow_provider_runway.storage.pictures import picture_size
from airflow_provider_runway.storage.save import MediaSource
from airflow_provider_runway.storage.target import Target, storing
from airflow_provider_runway.utils.config import read_largest_file, read_media_roots

if TYPE_CHECKING:
    from airflow_provider_runway.storage.locate import AnyPath

SUFFIXES = (".png", ".jpg", ".jpeg")
_LONGEST_RUN = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """A picture in its place.

    :param path: The whole address of the file.
    :param width: Pixels.
    :param height: Pixels.
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    """

    path: str
    width: int
    height: int
    size: int
    sha256: str


def read_moment(value: Any) -> Fraction | None:
    """Which picture of a video: ``"last"``, which is ``None`` here, or the seconds after which it is seen.

    :raises InvalidRequestError: If it is neither.
    """
    if value == "last":
        return None
    seconds = exactly(value)
    if seconds is None or seconds < 0:
        raise InvalidRequestError("at", value, "must be 'last', or the seconds after which the picture is seen")
    return seconds


@dataclass
class FrameStorer:
    """Stores one picture.

    :param program: The path of ffmpeg.
    :param hook: Gives the hook that is asked for another link where one has died.
    """

    program: str
    hook: Callable[[], MediaSource]
    _ffmpeg: Ffmpeg | None = None

    def store(self, video: Any, save_to: AnyPath, *, at: Any = "last", overwrite: bool = False) -> StoredFrame:
        """Store a picture of a video.

        :param video: A result of a task, the address of a file, or a link.
        :param save_to: Where to: a file that ends with ``.png`` or ``.jpg``. A PNG of more than the 10 MB that KIE.AI
            takes is stored as a JPG, under that name.
        :param at: ``"last"``, or the seconds after which it is seen.
        :param overwrite: Whether another file that is there is replaced.
        :raises InvalidRequestError: If one of these is none that it can be.
        :raises FilmError: If the video cannot be used, or ffmpeg fails.
        :raises TargetExistsError: If another file is there.
        :raises TargetUnwritableError: If it cannot be stored there.
        """
        from airflow_provider_runway.storage.locate import address_of, locate

        moment, source = read_moment(at), read_source("video", "video", "video", video)
        with storing(save_to):
            place = locate(save_to)
        if not address_of(save_to).lower().endswith(SUFFIXES):
            raise InvalidRequestError("save_to", address_of(save_to), f"must end with {' or '.join(SUFFIXES)}")
        with work_folder() as folder:
            self._ffmpeg = ffmpeg = Ffmpeg(self.program, str(folder), _LONGEST_RUN)
            inputs = Inputs(folder, allowed_folders(read_media_roots(), place), self.hook, read_largest_file())
            [media] = probe(ffmpeg, [inputs.bring(source, "video")])
            name = last_frame(ffmpeg, media, "frame") if moment is None else frame_at(ffmpeg, media, moment, "frame")
            if name.endswith(".png") and not place.uri.lower().endswith(".png"):
                name = as_jpeg(ffmpeg, name)
            elif place.uri.lower().endswith(".png") and name.endswith(".jpg"):
                place = place.beside(".jpg")
            return _publish(place, folder / name, overwrite=overwrite)

    def kill(self) -> None:
        """End ffmpeg, if it runs."""
        if self._ffmpeg is not None:
            self._ffmpeg.kill()


def _publish(place: Target, picture: Path, *, overwrite: bool) -> StoredFrame:
    data = picture.read_bytes()
    with picture.open("rb") as file:
        width, height = picture_size(file) or (0, 0)
    with storing(place.uri), place.draft() as draft:
        draft.file.write(data)
        try:
            place.publish(draft, overwrite=overwrite)
        except FileExistsError as error:
            with place.read() as there:
                if there.read(len(data) + 1) != data:
                    raise TargetExistsError(
                        f"Another file is at {place.uri} already, and it was left alone.",
                        detail="Remove it, choose another save_to, or set overwrite=True",
                    ) from error
    return StoredFrame(
        path=place.uri, width=width, height=height, size=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
