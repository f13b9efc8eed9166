"""Asking KIE which models there are, and what one of them takes. Free of charge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_runway.kie.flows import Flow, ask
from airflow_provider_runway.kie.models import MODELS_CALL, Model, read_input_schema, read_models, schema_call
from airflow_provider_runway.kie.retry_rules import RetryRules


def list_models(retry_rules: RetryRules) -> Flow[Sequence[Model]]:
    """All models that KIE lists.

    :raises UnreadableAnswerError: If the answer is no list.
    """
    return read_models((yield from ask(MODELS_CALL, retry_rules)))


def input_schema(model: str, retry_rules: RetryRules) -> Flow[Mapping[str, Any] | None]:
    """The JSON Schema of a model's ``input``; ``None`` where KIE has none.

    :raises InvalidRequestError: If that is no name of a model.
    :raises NotFoundError: If KIE knows no such model.
    """
    return read_input_schema((yield from ask(schema_call(model), retry_rules)))
