"""Storing one picture of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow.sdk import BaseOperator

from airflow_provider_runway.kie.rules import check_flag
from airflow_provider_runway.operators.free_task import FreeTask
from airflow_provider_runway.operators.parameters import check_literal
from airflow_provider_runway.operators.paths import check_place
from airflow_provider_runway.operators.templating import RenderedTexts

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_runway.film.frame_file import FrameStorer


class FrameResult(TypedDict):
    """What the operator returns.

    :param path: The whole address of the picture, for ``image_url``.
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
    schema_version: int


class RunwayFrameOperator(FreeTask, RenderedTexts, BaseOperator):
    """Store one picture of a video, such as its last, with which the next shot begins. Pays nothing.

    :param video: A result of a task, the address of a file, or a link. A file of the worker's machine must lie below
        ``[runway] media_roots`` or below the folder of ``save_to``. (templated)
    :param save_to: Where to: a ``.png`` or ``.jpg`` file, an absolute path or what Airflow's ``ObjectStoragePath``
        takes. A PNG of more than the 10 MB that KIE.AI takes is stored as a ``.jpg`` beside it. (templated)
    :param at: ``"last"``, or the seconds after which the picture is seen. (templated)
    :param overwrite: Whether another file that is there is replaced. The same picture counts as done.
    :param runway_conn_id: The connection, of type ``runway``, that is asked for another link where one has died.
    :return: A small JSON object, also pushed key by key; see :class:`FrameResult`.
    :raises FilmError: If the video cannot be used, or ffmpeg is missing or fails.
    :raises airflow.exceptions.AirflowFailException: The same, where no retry can help, or another file is there.
    """

    template_fields: Sequence[str] = ("video", "save_to", "at")
    result: FrameResult | None = None
    _storer: FrameStorer | None = None

    def __init__(
        self,
        *,
        video: Any,
        save_to: str | ObjectStoragePath | PathLike[str],
        at: float | str = "last",
        overwrite: bool = False,
        runway_conn_id: str = "runway_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.video = video
        self.save_to = save_to
        self.at = at
        self.overwrite = overwrite
        self.runway_conn_id = runway_conn_id
        check_literal(lambda place: check_place("save_to", place), save_to)
        check_flag("overwrite", overwrite)

    def execute(self, context: Context) -> FrameResult:
        """Store the picture."""
        from airflow_provider_runway.film.ffmpeg import find_ffmpeg
        from airflow_provider_runway.film.frame_file import FrameStorer
        from airflow_provider_runway.results import SCHEMA_VERSION
        from airflow_provider_runway.utils.asset_events import describe_file

        with self._ending(context):
            save_to = self.needed("save_to")
            check_place("save_to", save_to)
            self._storer = FrameStorer(find_ffmpeg(), lambda: self.hook)
            frame = self._storer.store(self.video, save_to, at=self.optional("at", "last"), overwrite=self.overwrite)
        self.log.info(
            "The picture is stored at %s (%dx%d, %d bytes).", frame.path, frame.width, frame.height, frame.size
        )
        self.result = cast("FrameResult", {**asdict(frame), "schema_version": SCHEMA_VERSION})
        describe_file(context, self.outlets, self.result)
        return self.result

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """Which video it is a picture of, and where that is; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.film.sources import read_source
        from airflow_provider_runway.utils import openlineage

        video = read_source("video", "video", "video", self.video)
        stored = openlineage.named([self.result["path"]]) if self.result else []
        return openlineage.facets(openlineage.named([*video.paths, *video.links][:1]), stored)

    def on_kill(self) -> None:
        """End ffmpeg with the task."""
        if self._storer is not None:
            self._storer.kill()
