"""Publishing a stored video, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_runway.kie.errors import InvalidRequestError, RunwayError
from airflow_provider_runway.kie.rules import check_seconds
from airflow_provider_runway.operators.parameters import check_literal, is_literal, is_nothing, optional
from airflow_provider_runway.operators.templating import RenderedTexts
from airflow_provider_runway.publishing.request import (
    check_address,
    check_body,
    check_fields,
    check_headers,
    check_method,
)
from airflow_provider_runway.publishing.video import stored_video
from airflow_provider_runway.utils.failures import as_airflow_failure, has_retry
from airflow_provider_runway.utils.mixins import TaskType
from airflow_provider_runway.utils.retry_defaults import RETRIES, RETRY_DELAY

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath
    from requests import Response

    from airflow_provider_runway.publishing.asking import Asking
    from airflow_provider_runway.publishing.publisher import Publisher
    from airflow_provider_runway.publishing.records import PublicationRecords
    from airflow_provider_runway.publishing.request import Body, Method
    from airflow_provider_runway.publishing.result import PublishResult
    from airflow_provider_runway.publishing.sender import Service
    from airflow_provider_runway.storage.sources import Source
    from airflow_provider_runway.utils.failures import Advice

    Filter = Callable[[Response], Any]


class VideoToHttpOperator(RenderedTexts, BaseOperator, metaclass=TaskType):
    """Send a stored video to a service over HTTP, once: to a CMS, a poster service, or a presigned URL.

    A publication is known by the video's checksum and the place that it is sent to, or by ``publish_key``; its fields,
    headers and signatures make no other one of it. It is recorded before it is sent, so that no further try of this
    task sends it again: one that is known to be published is returned, and one in doubt is asked for with ``find``,
    sent again if that changes nothing (``PUT``), or left to a person.

    :param video: What an operator of this provider has returned of a stored video, or its path: an absolute one, or
        what Airflow's ``ObjectStoragePath`` takes. (templated)
    :param endpoint: A path on the connection's host, or a whole URL. (templated)
    :param http_conn_id: The connection, of type ``http``: the one place for secrets, which go to its host alone.
        ``None`` for a presigned URL, which needs none.
    :param method: ``"POST"`` or ``"PUT"``.
    :param body: ``"multipart"``: a form with the video and ``fields``; ``"raw"``: the video alone.
    :param file_field: What the form calls the video.
    :param fields: The form's other fields, in their order: texts, numbers and truth values, lists of these, or objects,
        which are sent as JSON. ``{kie_task_id}`` in a text becomes the id of the KIE task. (templated)
    :param headers: Further headers, none of which may be a credential. (templated)
    :param publish_key: What this publication is known by, in place of checksum and place. (templated)
    :param find: A path or URL that is asked with ``GET`` where it is unknown whether an earlier request was taken;
        ``{kie_task_id}`` becomes the id that that request carried. (templated)
    :param find_filter: Given the answer to ``find``, returns what was found; nothing (``None``, ``False``, empty) if
        the video is not there. Without one, that is the answer's own JSON or text, where it is clear whether there is
        anything in it. HTTP status 404 means nothing.
    :param response_filter: Given the answer (of ``requests``), returns what the result keeps of it, as JSON.
    :param timeout: How long sending and the answer may take; a timedelta or seconds.
    :param retries: As of any task. From Airflow 3.3 on it is 2 where neither the DAG nor ``[core]
        default_task_retries`` says otherwise.
    :param retry_delay: As of any task; a minute where neither the DAG nor ``[core] default_task_retry_delay`` says
        otherwise.
    :return: A small JSON object, also pushed key by key; see
        :class:`~airflow_provider_runway.publishing.result.PublishResult`.
    :raises airflow.exceptions.AirflowFailException: On what no retry can help.
    :raises RunwayError: On what a retry can help.
    """

    ui_color = "#e8e3f8"
    template_fields: Sequence[str] = ("video", "endpoint", "fields", "headers", "publish_key", "find")
    template_fields_renderers: ClassVar[dict[str, str]] = {"fields": "json", "headers": "json"}
    result: PublishResult | None = None
    _publisher: Publisher | None = None

    def __init__(
        self,
        *,
        video: str | ObjectStoragePath | PathLike[str] | Mapping[str, Any],
        endpoint: str,
        http_conn_id: str | None = "http_default",
        method: Method = "POST",
        body: Body = "multipart",
        file_field: str = "file",
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        publish_key: str | None = None,
        find: str | None = None,
        find_filter: Filter | None = None,
        response_filter: Filter | None = None,
        timeout: timedelta | float = timedelta(minutes=10),
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(retries=retries, retry_delay=retry_delay, **kwargs)
        self.video = video
        self.endpoint = endpoint
        self.http_conn_id = http_conn_id
        self.method = method
        self.body = body
        self.file_field = file_field
        self.fields = fields
        self.headers = headers
        self.publish_key = publish_key
        self.find = find
        self.find_filter = find_filter
        self.response_filter = response_filter
        self.timeout = timedelta(seconds=check_seconds("timeout", timeout))
        check_method(method)
        check_body(body, fields)
        check_literal(lambda address: check_address("endpoint", address), endpoint)
        check_literal(lambda address: check_address("find", address), optional(find, ""))
        check_fields(_plain(fields))
        check_headers(_plain(headers), body)
        if not str(file_field).strip():
            raise InvalidRequestError("file_field", file_field, "must be a name")
        if find is None and find_filter is not None:
            raise InvalidRequestError("find_filter", find_filter, "needs find, whose answer it reads")

    def execute(self, context: Context) -> PublishResult:
        """Publish the video, unless an earlier try has."""
        from airflow_provider_runway.publishing.result import publish_result
        from airflow_provider_runway.publishing.sender import Service
        from airflow_provider_runway.storage.sources import read_source

        with self._ending(context) as records:
            path, kie_task_id = stored_video(self.video)
            source = read_source(path, "video", "video")
            with closing(Service(self.http_conn_id)) as service:
                self._publisher = self._prepared(service, records, source, kie_task_id)
                published = self._publisher.publish()
        self.result = publish_result(published, source)
        return self.result

    def on_kill(self) -> None:
        """Say what killing this Airflow task means."""
        publisher = self._publisher
        if publisher is not None and publisher.is_in_doubt:
            self.log.warning(
                "Killed while the video was sent: it may be published. The next try of this task finds out."
            )

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """Which video went where; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        if self.result is None:
            return openlineage.facets([], [])
        places = openlineage.named([self.result["published_to"]])
        return openlineage.facets([openlineage.DataSet.of_path(self.result["path"])], places)

    @contextmanager
    def _ending(self, context: Context) -> Iterator[PublicationRecords]:
        """Have whatever goes wrong say what is published and what to do."""
        from airflow_provider_runway.hooks.runway import RunwayHook
        from airflow_provider_runway.publishing.records import PublicationRecords, records_folder
        from airflow_provider_runway.utils.failures import log_last

        records: PublicationRecords | None = None

        def advice(error: RunwayError) -> Advice:
            return self._advice(error, records, context)

        with as_airflow_failure(self, advice, context):
            try:
                records = PublicationRecords(context, records_folder(RunwayHook.clock), RunwayHook.clock)
                records.read()  # before anything else can go wrong
                yield records
            except Exception as error:
                publisher = self._publisher
                if publisher is None or not (publisher.is_in_doubt or publisher.is_published):
                    if records is not None:
                        records.leave_word()
                elif not isinstance(error, RunwayError):
                    log_last(self, f"{type(error).__name__}: {publisher.state}")
                raise

    def _advice(self, error: RunwayError, records: PublicationRecords | None, context: Context) -> Advice:
        from airflow_provider_runway.publishing.advice import Situation, advise

        publisher = self._publisher
        in_doubt = publisher.is_in_doubt if publisher is not None else records is not None and records.is_in_doubt
        return advise(
            error,
            Situation(
                service="the service" if publisher is None else publisher.wanted.place,
                conn_id=self.http_conn_id,
                is_recorded=records is not None and records.outlives_try,
                record_key=None if records is None else records.key,
                is_in_doubt=in_doubt,
                is_clean=records is not None and records.is_clean,
                repeats=self.method == "PUT" and self.find is None,
                has_retry=has_retry(context),
            ),
        )

    def _prepared(
        self, service: Service, records: PublicationRecords, source: Source, kie_task_id: str | None
    ) -> Publisher:
        """All that is sent, checked before any of it is."""
        from airflow_provider_runway.hooks.runway import RunwayHook
        from airflow_provider_runway.publishing.identity import identity, place
        from airflow_provider_runway.publishing.publication import Publication, Stage
        from airflow_provider_runway.publishing.publisher import Publisher
        from airflow_provider_runway.publishing.request import PublishRequest, fill_in

        def known(name: str, value: Any) -> Any:
            return fill_in(value, kie_task_id, name)

        endpoint, key = known("endpoint", self.needed("endpoint")), self._optional_text("publish_key")
        check_address("endpoint", endpoint)
        fields = known("fields", self.given_fields("fields"))
        check_body(self.body, fields)
        request = PublishRequest(
            method=self.method,
            url=service.url(endpoint),
            body=self.body,
            file_field=self.file_field,
            fields=check_fields(fields),
            headers=check_headers(known("headers", self.given_fields("headers")), self.body),
        )
        wanted = Publication(
            stage=Stage.INTENT,
            identity=identity(source.sha256, request.url, key),
            request=request.digest(source.sha256),
            place=place(request.url),
            sha256=source.sha256,
            intended_at="",
            over_by="",
            kie_task_id=kie_task_id,
        )
        return Publisher(
            service=service,
            records=records,
            request=request,
            source=source,
            wanted=wanted,
            seconds=self.timeout.total_seconds(),
            asking=self._asking(service, kie_task_id),
            reads=self.response_filter,
            clock=RunwayHook.clock,
            log=self.log,
        )

    def _asking(self, service: Service, kie_task_id: str | None) -> Asking | None:
        from airflow_provider_runway.publishing.asking import Asking, found_in
        from airflow_provider_runway.publishing.request import fill_in

        find = self._optional_text("find")
        if find is None:
            return None

        def url(of: str | None) -> str:
            endpoint = fill_in(find, of, "find")
            check_address("find", endpoint)
            return service.url(endpoint, "find")

        url(kie_task_id)
        return Asking(url=url, reads=self.find_filter or found_in)

    def _optional_text(self, name: str) -> str | None:
        """A text that may be left out, but not come to nothing."""
        value = self.needed(name) if self.was_given(name) else None
        if value is not None and is_nothing(value):
            raise InvalidRequestError(name, value, "must not be empty")
        return value


def _plain(values: object) -> dict[str, Any]:
    """Of a mapping, what is final while the DAG is parsed."""
    given = values.items() if isinstance(values, Mapping) else ()
    return {name: each for name, each in given if isinstance(each, (str, int, float)) and is_literal(each)}
