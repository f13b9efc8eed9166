"""The operator for KIE.AI's dedicated endpoints: Veo, 4o Image, Flux Kontext, Suno."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.parameters import check_fields, check_folder, check_literal, is_nothing

if TYPE_CHECKING:
    from airflow_provider_runway.kie.kinds import Kind
    from airflow_provider_runway.kie.requests import TaskRequest
    from airflow_provider_runway.utils.openlineage import DataSet

__all__ = ["KieTaskOperator"]


class KieTaskOperator(RunwayVideoOperator):
    """Have one of KIE.AI's dedicated endpoints make something: a Veo video, a picture, a song.

    The further parameters are those of :class:`~airflow_provider_runway.operators.base.RunwayVideoOperator`, with these
    differences: ``extra_fields`` go into the body; ``save_to`` must be a folder (with a ``/`` at the end), in which the
    files are called ``<task_id>-1.mp4``, ``<task_id>-2.png`` and so on, and what is no file has the last number and
    ends with ``.json``. Where KIE wants a callback URL and ``callback_url`` is not given, it is sent
    ``https://callback.invalid/no-receiver``, which nobody has.

    :param endpoint: Its path behind ``/api/v1/``, such as ``"veo/generate"`` or ``"generate"`` (a song). (templated)
    :param body: The fields that it takes, as https://docs.kie.ai has them, without ``callBackUrl``; KIE judges them.
        (templated)
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.JobResult`.
    :raises InvalidRequestError: If a parameter breaks a rule; nothing was sent.
    """

    template_fields: Sequence[str] = ("endpoint", "body", *RunwayVideoOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **RunwayVideoOperator.template_fields_renderers,
        "body": "json",
    }

    def __init__(self, *, endpoint: str, body: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.body = body
        check_literal(_check_endpoint, endpoint)
        check_literal(lambda fields: check_fields("body", fields, self.request_type), body)
        check_literal(check_folder, self.save_to)

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """The kind of task that the endpoint makes; ``"answer"`` where there is none, or no such endpoint."""
        from airflow_provider_runway.kie.families import kind_of

        return kind_of(self.endpoint) or "answer"

    @property
    def request_type(self) -> type[TaskRequest]:
        """The type of the request that it makes."""
        from airflow_provider_runway.kie.requests import TaskRequest

        return TaskRequest

    def build_request(self) -> TaskRequest:
        """The request, out of the parameters after templating."""
        check_folder(self.optional("save_to"))
        endpoint = self.needed("endpoint")
        _check_endpoint(endpoint)
        return self.request_type(
            endpoint=endpoint,
            body=self.needed_fields("body"),
            callback_url=self.optional("callback_url"),
            extra_fields=self.given_fields("extra_fields"),
        )

    @property
    def parent_task_id(self) -> str | None:
        """The task that it goes on from, if it does."""
        body: object = self.body
        named = body.get("taskId") if isinstance(body, Mapping) else None
        return None if is_nothing(named) else str(named)

    def _made_from(self) -> list[DataSet]:
        from airflow_provider_runway.operators.named_files import unmarked
        from airflow_provider_runway.utils import openlineage

        return openlineage.made_from_input(unmarked(self.body))


def _check_endpoint(endpoint: object) -> None:
    from airflow_provider_runway.kie.families import check_endpoint

    check_endpoint(endpoint)
