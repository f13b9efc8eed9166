"""A file becomes an upload: read, checked, sent, and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.uploads import UPLOAD_LIFETIME, OnUpload, Upload, Uploader
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.storage.quarters import Quarters
from airflow_provider_runway.storage.sources import Media, read_source

if TYPE_CHECKING:
    from os import PathLike

    import httpx
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.settings import Settings

# Bytes of a file whose upload is worth telling how far it is.
_WORTH_A_LINE = 1_000_000


def upload(
    settings: Settings,
    path: str | ObjectStoragePath | PathLike[str],
    field: str,
    media: Media | None,
    *,
    on_progress: OnUpload | None,
    transport: httpx.BaseTransport | None,
    log: Logger,
) -> Upload:
    """Upload a file; see :meth:`airflow_provider_runway.hooks.runway.RunwayHook.upload`."""
    address = settings.require_upload_address()
    source = read_source(path, field, media)
    uploader = Uploader(address=address, timeout=settings.timeout, transport=transport)
    if on_progress is None and source.size > _WORTH_A_LINE:
        on_progress = Quarters(
            lambda sent, whole: log.info("%s: %.1f of %.1f MB are uploaded.", source.place.uri, sent, whole)
        )
    expires_at = utc_now() + UPLOAD_LIFETIME
    url = uploader.send(source.open, suffix=source.suffix, content_type=source.content_type, on_progress=on_progress)
    return Upload(url, expires_at, source.size, source.sha256, source.content_type)
