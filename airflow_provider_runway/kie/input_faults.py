"""What is wrong with the input of a job, by the model's own schema as KIE has it now.

Advice, and no more: KIE's schemas are not always right, so nothing is refused because of one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.api import destination, submission_call
from airflow_provider_runway.kie.errors import NotFoundError, RunwayError, ServiceError
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.rules import is_url
from airflow_provider_runway.kie.texts import shorten, shown

if TYPE_CHECKING:
    from jsonschema import ValidationError

    from airflow_provider_runway.kie.client import KieClient
    from airflow_provider_runway.kie.requests import Request

log = logging.getLogger(__name__)

# The codes by which KIE refuses a request for what is in it. A 500 may mean that, too.
_ABOUT_THE_REQUEST = frozenset({400, 422, 500})
_MOST_FAULTS = 5
_LONGEST_RULE = 300
# Characters of a schema beyond which it is not tried: KIE's have some ten thousand.
_LONGEST_SCHEMA = 131_072
# Rules of a schema that are not tried: some may take for ever, and an address leads elsewhere.
_NOT_TRIED = frozenset(
    (
        "pattern", "patternProperties", "uniqueItems", "unevaluatedProperties", "unevaluatedItems", "format",
        "$ref", "$dynamicRef", "$schema", "$id",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputFault:
    """A value that breaks a rule of the model's schema.

    :param field: Where it stands, such as ``input['image_urls'][0]``.
    :param rule: What it must be.
    :param value: The value; ``None`` where there is none.
    :param is_missing: Whether there is none.
    """

    field: str
    rule: str
    value: Any = None
    is_missing: bool = False

    def __str__(self) -> str:
        return f"{self.field} {self.rule}" if self.is_missing else f"{self.field} {self.rule}; got {_shown(self.value)}"


def input_faults(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> Sequence[InputFault]:
    """What is wrong with the input of a job; nothing where its schema cannot be understood.

    :param schema: The JSON Schema of the model's input.
    :param fields: The input.
    """
    from jsonschema import Draft202012Validator

    try:
        if len(json.dumps(schema)) > _LONGEST_SCHEMA:
            return ()
        errors = list(islice(Draft202012Validator(_tried(schema)).iter_errors(dict(fields)), _MOST_FAULTS * 4))
        faults = [fault for error in errors for fault in _faults(error)]
    except Exception as error:  # noqa: BLE001 - a schema may be anything
        log.debug("The model's schema cannot be understood (%s).", type(error).__name__)
        return ()
    return tuple({str(fault): fault for fault in faults}.values())[:_MOST_FAULTS]


def explained(error: RunwayError, request: Request, client: KieClient) -> RunwayError:
    """An error by which KIE has refused a job, with the fields that break the rules of the model's schema.

    KIE is asked once what the model takes. Whatever becomes of that, the error is about the refusal.

    :param error: The refusal.
    :param request: The request as it was sent.
    :param client: The client that has sent it.
    """
    if not isinstance(error, ServiceError) or error.code not in _ABOUT_THE_REQUEST:
        return error
    try:
        where = destination(request, client.address.api)
        body = submission_call(request, where).body or {}
        if where.api != "jobs":
            return error
        schema = client.input_schema(str(body["model"]), retry_rules=ONE_TRY)
        said = [f"By the model's schema, {fault}" for fault in input_faults(schema or {}, body["input"])]
    except NotFoundError:
        said = [f"KIE.AI lists no model {shown(body.get('model'))}"]
    except Exception as fault:  # noqa: BLE001 - it would only make the message better
        log.debug("What the model takes could not be asked (%s).", type(fault).__name__)
        return error
    return error.replace(error.summary, *said, *map(str, error.args[1:]))


def _tried(schema: Any) -> Any:
    """A schema without the rules that are not tried. Names of fields are no rules."""
    if isinstance(schema, list):
        return [_tried(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: value for name, value in schema.items() if name not in _NOT_TRIED}
    return {
        name: {key: _tried(each) for key, each in value.items()}
        if name == "properties" and isinstance(value, Mapping)
        else value
        if name in {"enum", "const", "default", "example", "examples", "required"}
        else _tried(value)
        for name, value in kept.items()
    }


def _faults(error: ValidationError) -> Iterator[InputFault]:
    from jsonschema.exceptions import best_match

    error = best_match([error]) or error
    place = f"input{''.join(f'[{key!r}]' for key in error.absolute_path)}"
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator in _FORMS and error.context:
        forms = {each.schema_path[0]: each for each in reversed(error.context)}
        said = dict.fromkeys(str(fault) for at in sorted(forms) for fault in islice(_faults(forms[at]), 1))
        yield InputFault(
            place, shorten(f"must have one of its forms: {', or '.join(said)}", _LONGEST_RULE), error.instance
        )
    elif error.validator == "required" and isinstance(error.validator_value, list):
        for name in error.validator_value:
            # Some of KIE's names have a blank at their end.
            if isinstance(name, str) and not {name, name.strip()} & set(error.instance):
                yield InputFault(f"{place}[{shorten(name.strip(), 100)!r}]", "is needed", is_missing=True)
    elif error.validator == "additionalProperties" and error.validator_value is False:
        for name in sorted(set(error.instance) - set(schema.get("properties") or ())):
            yield InputFault(f"{place}[{shorten(name, 100)!r}]", "is no field of the model", error.instance[name])
    elif not (error.instance is None and schema.get("nullable")):
        yield InputFault(place, _rule(str(error.validator), error.validator_value), error.instance)


_FORMS = ("oneOf", "anyOf")


def _rule(validator: str, value: Any) -> str:
    if validator == "enum" and isinstance(value, list):
        said = f"must be one of {', '.join(map(shown, value))}"
    elif validator in _RULES:
        said = _RULES[validator].format(" or ".join(map(str, value)) if isinstance(value, list) else value)
    else:
        said = f"breaks its rule {validator} ({shown(value)})"
    return shorten(said, _LONGEST_RULE)


_RULES = {
    "type": "must be of type {}",
    "const": "must be {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}",
    "exclusiveMaximum": "must be below {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "multipleOf": "must be a multiple of {}",
}


def _shown(value: Any) -> str:
    """A value without what may sign an address in it."""
    if isinstance(value, str) and is_url(value):
        return shown(value.partition("?")[0])
    if isinstance(value, (Mapping, list)):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    return shown(value)
