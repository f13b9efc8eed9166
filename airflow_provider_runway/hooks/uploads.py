"""A file on its way to KIE, with the settings of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.uploads import UPLOAD_LIFETIME, OnUpload, Upload, Uploader
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.storage.quarters import Quarters
from airflow_provider_runway.storage.sources import Media, Source, read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.storage.locate import AnyPath

# Bytes of a file whose upload is worth telling how far it is.
_WORTH_A_LINE = 1_000_000


def upload(
    uploader: Uploader,
    path: AnyPath,
    *,
    field: str,
    media: Media | None,
    on_progress: OnUpload | None,
    tell: Callable[..., None],
) -> Upload:
    """Upload a file; see :meth:`.RunwayHook.upload`.

    :param uploader: What sends it.
    :param tell: Logs how far it is, as ``Logger.info`` does, if nothing else is told.
    """
    source = read_source(path, field, media)
    if on_progress is None and source.size > _WORTH_A_LINE:
        on_progress = _told(tell, source)
    expires_at = utc_now() + UPLOAD_LIFETIME
    url = uploader.send(source.open, suffix=source.suffix, content_type=source.content_type, on_progress=on_progress)
    return Upload(url, expires_at, source.size, source.sha256, source.content_type)


def _told(tell: Callable[..., None], source: Source) -> OnUpload:
    return Quarters(lambda sent, whole: tell("%s: %.1f of %.1f MB are uploaded.", source.place.uri, sent, whole))
