"""What KIE tells of the models in its market: which there are, what they cost, and what each takes.

Asked for when somebody wants to know it; nothing of it is kept here, for it changes every week. An account may ask once
a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.errors import UnreadableAnswerError
from airflow_provider_runway.kie.job_results import storable
from airflow_provider_runway.kie.rules import check_model
from airflow_provider_runway.kie.texts import read_message, shown

MODELS_CALL = Call("GET", "/api/v1/models")
# Seconds between two of these calls.
SECONDS_BETWEEN = 1.1
_CREATE_TASK = "/api/v1/jobs/createTask"
# Levels and parts of a schema beyond which nothing is read any more. KIE's have some hundred parts.
_DEEPEST = 28
_MOST_PARTS = 20_000
_BRANCHES = ("oneOf", "anyOf")


@dataclass(frozen=True, slots=True)
class Model:
    """A model, as KIE lists it.

    :param name: What it is asked for by, such as ``"kling-2.6/text-to-video"``.
    :param task_types: What it does, such as ``"text-to-video"``.
    :param price: What it costs, in KIE's words.
    """

    name: str
    title: str | None = None
    provider: str | None = None
    task_types: tuple[str, ...] = ()
    price: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a model's ``input``.

    :param name: Its name, as KIE spells it.
    :param is_required: Whether it has to be there.
    :param schema: What it may be, as JSON Schema.
    """

    name: str
    is_required: bool
    schema: Mapping[str, Any]


def schema_call(model: str) -> Call:
    """The call that asks what a model takes.

    :raises InvalidRequestError: If that is no name of a model.
    """
    check_model(model)
    return Call("GET", f"/api/v1/models/{quote(model, safe='/')}/schema")


def read_models(data: object) -> Sequence[Model]:
    """The models of a list; what is none is left out.

    :raises UnreadableAnswerError: If there is no list.
    """
    listed = data.get("models") if isinstance(data, Mapping) else data
    if not isinstance(listed, list):
        raise UnreadableAnswerError(f"KIE.AI's list of models is none: {shown(data)}")
    return tuple(model for model in map(_model, listed) if model)


def _model(said: object) -> Model | None:
    name = read_message(said.get("model")) if isinstance(said, Mapping) else None
    if not isinstance(said, Mapping) or name is None:
        return None
    title, provider, price = (read_message(said.get(each)) for each in ("title", "provider", "pricingDesc"))
    types = said.get("taskType")
    types = types if isinstance(types, list) else [types]
    return Model(name, title, provider, tuple(filter(None, map(read_message, types))), price)


def read_input_schema(data: object) -> Mapping[str, Any] | None:
    """The JSON Schema of a model's ``input``, with all that it refers to put in place.

    :param data: What the endpoint of schemas answers: an OpenAPI document.
    :return: ``None`` where KIE has no document of the model, or where the model is asked at an endpoint of its own.
    """
    document = data.get("openapi") if isinstance(data, Mapping) else None
    if not isinstance(document, Mapping):
        return None
    found: Any = _Document(document).resolved(_at(document, "paths", _CREATE_TASK, "post", "requestBody"))
    found = _at(found, "content", "application/json", "schema", "properties", "input")
    return storable(found) if isinstance(found, Mapping) and found else None


def fields_of(schema: Mapping[str, Any]) -> Sequence[Field]:
    """The fields of an input, the required ones first.

    Of one that may have several shapes, a field is required that is so in each of them.
    """
    properties = dict(_properties(schema))
    required = _required(schema)
    fields = [Field(name, name in required, about) for name, about in properties.items()]
    return tuple(sorted(fields, key=lambda field: not field.is_required))


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for part in (*_parts(schema, "allOf"), *(part for name in _BRANCHES for part in _parts(schema, name))):
        yield from _properties(part)
    own = schema.get("properties")
    for name, about in own.items() if isinstance(own, Mapping) else ():
        if isinstance(about, Mapping):
            yield name, about


def _required(schema: Mapping[str, Any]) -> frozenset[str]:
    own = schema.get("required")
    names = frozenset(name for name in own if isinstance(name, str)) if isinstance(own, list) else frozenset[str]()
    for part in _parts(schema, "allOf"):
        names |= _required(part)
    for branches in (_parts(schema, name) for name in _BRANCHES):
        if branches:
            names |= frozenset.intersection(*map(_required, branches))
    return names


def _parts(schema: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    parts = schema.get(name)
    return [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


class _Document:
    """A document whose parts refer to one another. Their names are escaped, and may end with a blank."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        self._left = _MOST_PARTS

    def resolved(self, part: Any, depth: int = 0) -> Any:
        """A part with everything in place; what is too deep or too much says nothing."""
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return {}
        if isinstance(part, list):
            return [self.resolved(each, depth + 1) for each in part]
        if not isinstance(part, Mapping):
            return part
        beside = {name: self.resolved(each, depth + 1) for name, each in part.items() if name != "$ref"}
        if "$ref" not in part:
            return beside
        meant = self.resolved(self._named(part["$ref"]), depth + 1)
        return {**meant, **beside} if isinstance(meant, Mapping) else beside

    def _named(self, reference: object) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return {}
        names = (unquote(name).replace("~1", "/").replace("~0", "~") for name in reference[2:].split("/"))
        return _at(self._whole, *names) or {}
