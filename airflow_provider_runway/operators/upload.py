"""Uploading a file to KIE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.sdk import BaseOperator

from airflow_provider_runway.operators.free_task import FreeTask
from airflow_provider_runway.operators.parameters import check_literal
from airflow_provider_runway.operators.paths import check_place
from airflow_provider_runway.operators.templating import RenderedTexts

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath


class UploadResult(TypedDict):
    """What the operator returns.

    :param url: Where the file can be fetched, by anybody.
    :param expires_at: When KIE deletes it, at the earliest; ISO 8601 in UTC.
    :param content_type: What it is, by its first bytes.
    :param size: Its bytes.
    :param sha256: Its checksum, in hexadecimal digits.
    """

    url: str
    expires_at: str
    content_type: str
    size: int
    sha256: str
    schema_version: int


class RunwayUploadOperator(FreeTask, RenderedTexts, BaseOperator):
    """Upload a file to KIE, for 24 hours, where anybody who has the link can fetch it. Free of charge.

    The operators that make videos upload the files that they are given by themselves. This is for a file that several
    of them use, and for the ``input`` of other models.

    :param path: An absolute path of the worker's machine, or what Airflow's ``ObjectStoragePath`` takes, such as
        ``s3://conn_id@bucket/fox.png``. A picture may have 10 MB at most. (templated)
    :param runway_conn_id: The connection, of type ``runway``.
    :return: A small JSON object, also pushed key by key; see :class:`UploadResult`.
    :raises InvalidRequestError: If the path is not absolute, or its scheme is unknown to Airflow; nothing was sent.
    :raises UnreadableFileError: If the file cannot be read; a retry reads it again.
    """

    template_fields: Sequence[str] = ("path",)
    result: UploadResult | None = None

    def __init__(
        self,
        *,
        path: str | ObjectStoragePath | PathLike[str],
        runway_conn_id: str = "runway_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.path = path
        self.runway_conn_id = runway_conn_id
        check_literal(lambda place: check_place("path", place), path)

    def execute(self, context: Context) -> UploadResult:
        """Upload the file."""
        from airflow_provider_runway.results import SCHEMA_VERSION, to_iso
        from airflow_provider_runway.utils.asset_events import describe_upload

        with self._ending(context), self.hook:
            path = self.needed("path")
            check_place("path", path)
            uploaded = self.hook.upload(path)
        self.log.info("%s is uploaded (%d bytes, %s).", path, uploaded.size, uploaded.content_type)
        self.result = UploadResult(
            url=uploaded.url,
            expires_at=to_iso(uploaded.expires_at),
            content_type=uploaded.content_type,
            size=uploaded.size,
            sha256=uploaded.sha256,
            schema_version=SCHEMA_VERSION,
        )
        describe_upload(context, self.outlets, self.result)
        return self.result

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """Which file was uploaded, and where to; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        outputs = openlineage.named([self.result["url"]]) if self.result else []
        return openlineage.facets([openlineage.DataSet.of_path(str(self.optional("path")))], outputs)
