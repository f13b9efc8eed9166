"""Storing a video that something else has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_runway.kie.errors import GenerationFailedError, InvalidRequestError
from airflow_provider_runway.kie.kinds import VIDEO_KINDS, Kind
from airflow_provider_runway.kie.rules import check_flag, check_kind, check_task_id
from airflow_provider_runway.operators.free_task import FreeTask
from airflow_provider_runway.operators.parameters import check_folder, check_literal
from airflow_provider_runway.operators.paths import check_place
from airflow_provider_runway.operators.templating import RenderedTexts
from airflow_provider_runway.utils.mixins import VideoLinksMixin

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_runway.kie.tasks import VideoTask
    from airflow_provider_runway.results import VideoResult


class RunwayToObjectStorageOperator(VideoLinksMixin, FreeTask, RenderedTexts, BaseOperator):
    """Store the video of a finished task. Pays nothing, and can be run again.

    But for kinds ``"veo-1080p"`` and ``"veo-4k"``: KIE takes the first look for such a copy of a Veo video for its
    order, and charges for it.

    :param runway_task_id: The KIE task, which must have succeeded. (templated)
    :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
    :param save_to: Where to: an absolute path, or what Airflow's ``ObjectStoragePath`` takes, such as ``s3://conn@bucket/key``.
        With a ``/`` at the end it is a folder, and the file is called ``<task_id>.mp4``. For a kind
        that makes no single video it must be one; the files are called ``<task_id>-1.mp4``, ``<task_id>-2.png`` and so
        on. (templated)
    :param overwrite: Whether a file that is there is replaced. Otherwise it is left alone: if it is this very video,
        that counts as done.
    :param thumbnail: Whether KIE's thumbnail is stored beside the video, under the same name with the picture's
        suffix. If it cannot be had, that is only logged. Others have none.
    :param runway_conn_id: The connection, of type ``runway``.
    :return: A small JSON object, also pushed key by key; see
        :class:`~airflow_provider_runway.results.VideoResult`.
    :raises NotFinishedError: If the video is still being made; a retry polls it again.
    :raises airflow.exceptions.AirflowFailException: If the task has failed or is gone, or another file is there.
    """

    template_fields: Sequence[str] = ("runway_task_id", "save_to")
    result: VideoResult | None = None

    def __init__(
        self,
        *,
        runway_task_id: str,
        save_to: str | ObjectStoragePath | PathLike[str],
        kind: Kind = "runway",
        overwrite: bool = False,
        thumbnail: bool = False,
        runway_conn_id: str = "runway_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.runway_task_id = runway_task_id
        self.save_to = save_to
        self.kind: Kind = kind
        self.overwrite = overwrite
        self.thumbnail = thumbnail
        self.runway_conn_id = runway_conn_id
        check_literal(lambda task_id: check_task_id("runway_task_id", task_id), runway_task_id)
        check_literal(lambda place: check_place("save_to", place), save_to)
        check_kind(kind)
        check_flag("overwrite", overwrite)
        check_flag("thumbnail", thumbnail)
        if kind not in VIDEO_KINDS:
            check_literal(check_folder, save_to)
            if thumbnail:
                rule = f"must be False for kind {kind!r}: there is none beside its files"
                raise InvalidRequestError("thumbnail", thumbnail, rule)

    def execute(self, context: Context) -> dict[str, Any]:
        """Poll the task and store its video."""
        from airflow_provider_runway.results import finished_result
        from airflow_provider_runway.storage.save import save
        from airflow_provider_runway.utils.announcements import announce
        from airflow_provider_runway.utils.asset_events import describe_video
        from airflow_provider_runway.utils.metrics import count_saved
        from airflow_provider_runway.utils.polls import warn_of_order

        with self._ending(context), self.hook:
            self.runway_task_id = self.needed("runway_task_id")
            check_task_id("runway_task_id", self.runway_task_id)
            save_to = self.needed("save_to")
            check_place("save_to", save_to)
            if self.kind not in VIDEO_KINDS:
                check_folder(save_to)
            self.show_logs(self.runway_task_id)
            kind, conn_id, task_id = self.kind, self.runway_conn_id, self.runway_task_id
            announce(context, kind=kind, conn_id=conn_id, task_id=task_id, save_to=save_to, credits=0)
            warn_of_order(kind, self.log)
            task = self._finished_task()
            self.video_link = task.video_url or ""
            saved = save(task, save_to, hook=self.hook, overwrite=self.overwrite, thumbnail=self.thumbnail)
            count_saved(saved, self.runway_conn_id)
        what = "The video" if task.is_one_video else "A file"
        for file in saved:
            if file.downloaded:
                self.log.info("%s of task %s is stored at %s (%d bytes).", what, task.task_id, file.path, file.size)
            else:
                self.log.info("%s of task %s was stored at %s already.", what, task.task_id, file.path)
        self.result = finished_result(task, saved=saved)
        describe_video(context, self.outlets, self.result)
        return self.result.to_json()

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """From where the video was stored, and where; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        stored_from = openlineage.at_kie(self.result) or openlineage.made_from((), self.runway_task_id)
        return openlineage.facets(stored_from, openlineage.stored_as(self.result))

    def _finished_task(self) -> VideoTask:
        from airflow_provider_runway.kie.judging import require_video

        try:
            return require_video(self.hook.get_task(self.runway_task_id, self.kind))
        except GenerationFailedError as error:
            # No retry of a download makes a failed video.
            raise error.replace(retryable=False) from error.__cause__
