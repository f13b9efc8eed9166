"""The operator for every other model of KIE.AI's market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_runway.kie import rules
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.parameters import check_fields, check_folder, check_literal

if TYPE_CHECKING:
    from airflow_provider_runway.kie.requests import JobRequest
    from airflow_provider_runway.utils.openlineage import DataSet

__all__ = ["KieJobOperator"]


class KieJobOperator(RunwayVideoOperator):
    """Have any model of KIE.AI's market make something: videos, pictures, sound.

    The further parameters are those of :class:`~airflow_provider_runway.operators.base.RunwayVideoOperator`, with
    these differences: ``extra_fields`` stand beside ``model`` and ``input``; ``save_to`` must be a folder (with a ``/``
    at the end), in which the files are called ``<task_id>-1.mp4``, ``<task_id>-2.png`` and so on, and a result that is
    no file ``<task_id>-1.json``. The unified API is used, whatever the connection says. To
    wait for its task elsewhere, say ``kind="job"``.

    :param model: KIE's name of the model, such as ``"kling-2.6/text-to-video"``. (templated)
    :param input: The model's own fields, as https://docs.kie.ai has them; KIE judges them. (templated)
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.JobResult`.
    :raises InvalidRequestError: If a parameter breaks a rule; nothing was sent.
    """

    template_fields: Sequence[str] = ("model", "input", *RunwayVideoOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **RunwayVideoOperator.template_fields_renderers,
        "input": "json",
    }
    kind: ClassVar[Kind] = "job"

    def __init__(
        self,
        *,
        model: str,
        input: Mapping[str, Any],  # noqa: A002 - KIE's name
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.input = input
        check_literal(rules.check_model, model)
        check_literal(lambda fields: check_fields("input", fields), input)
        check_literal(check_folder, self.save_to)

    @property
    def request_type(self) -> type[JobRequest]:
        """The type of the request that it makes."""
        from airflow_provider_runway.kie.requests import JobRequest

        return JobRequest

    def build_request(self) -> JobRequest:
        """The request, out of the parameters after templating."""
        check_folder(self.optional("save_to"))
        return self.request_type(
            model=self.needed("model"),
            input=self.needed_fields("input"),
            callback_url=self.optional("callback_url"),
            extra_fields=self.given_fields("extra_fields"),
        )

    def _made_from(self) -> list[DataSet]:
        from airflow_provider_runway.operators.named_files import unmarked
        from airflow_provider_runway.utils import openlineage

        return openlineage.made_from_input(unmarked(self.input))
