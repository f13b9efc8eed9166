"""A file on its way to KIE, with the settings of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.uploads import UPLOAD_LIFETIME, OnUpload, Upload, Uploader
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.storage.quarters import Quarters
from airflow_provider_runway.storage.sources import Media, Source, read_source

if TYPE_CHECKING:
    import httpx

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.storage.locate import AnyPath

# Bytes of a file whose upload is worth telling how far it is.
_WORTH_A_LINE = 1_000_000


def upload(
    hook: RunwayHook,
    path: AnyPath,
    *,
    field: str,
    media: Media | None,
    on_progress: OnUpload | None,
    transport: httpx.BaseTransport | None,
) -> Upload:
    """Upload a file; see :meth:`.RunwayHook.upload`.

    :param transport: An httpx transport in place of the network, for tests.
    """
    address, timeout = hook.settings.require_upload_address(), hook.settings.timeout
    source = read_source(path, field, media)
    if on_progress is None and source.size > _WORTH_A_LINE:
        on_progress = _told(hook, source)
    expires_at = utc_now() + UPLOAD_LIFETIME
    uploader = Uploader(address=address, timeout=timeout, transport=transport, clock=hook.clock)
    url = uploader.send(source.open, suffix=source.suffix, content_type=source.content_type, on_progress=on_progress)
    return Upload(url, expires_at, source.size, source.sha256, source.content_type)


def _told(hook: RunwayHook, source: Source) -> OnUpload:
    return Quarters(
        lambda sent, whole: hook.log.info("%s: %.1f of %.1f MB are uploaded.", source.place.uri, sent, whole)
    )
