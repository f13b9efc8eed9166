"""``airflow runway models``: which models KIE.AI has, what one of them takes, and the operator for it."""

from __future__ import annotations

import json
import logging
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from airflow_provider_runway.cli.ending import ExitCode, command, end, printable, say
from airflow_provider_runway.cli.showing import show_rows
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import NotFoundError
from airflow_provider_runway.kie.models import SECONDS_BETWEEN, Field, Model, fields_of
from airflow_provider_runway.kie.rules import is_task_id
from airflow_provider_runway.kie.texts import shorten

# Characters of a price, and of a rule, that a row of a table has.
_SHORT = 60
_LONG = 90
_LINK = "https://example.com/file"


@command
def models(arguments: Namespace) -> None:
    """Print the models that have a text in what KIE.AI says of them, or all of one model if that is its name."""
    text = " ".join(arguments.text).strip()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with RunwayHook(arguments.conn_id) as hook:
        listed = hook.get_conn().models()
        named = next((model for model in listed if model.name == text), None)
        found = [model for model in listed if all(word in _about(model) for word in text.lower().split())]
        if named is None and (found or not is_task_id(text)):
            if not found:
                end(ExitCode.GONE, f"KIE.AI lists no model that has {text!r} in its name or in what is said of it.")
            return _list(found, arguments.output)
        hook.clock.sleep(SECONDS_BETWEEN)
        try:
            schema = hook.get_conn().input_schema(text)
        except NotFoundError as error:
            end(ExitCode.GONE, f"KIE.AI lists no model that has {text!r} in its name, nor knows one called so: {error}")
    return _show(named or Model(text), schema, arguments.output)


def _about(model: Model) -> str:
    said = (model.name, model.title, model.provider, *model.task_types)
    return " ".join(filter(None, said)).lower()


def _list(found: list[Model], output: str) -> None:
    if output == "json":
        return show_rows([_told(model) for model in found], output)
    rows = [
        {"model": model.name, "does": ", ".join(model.task_types), "price": shorten(model.price or "", _SHORT)}
        for model in found
    ]
    return show_rows(rows, output)


def _told(model: Model) -> dict[str, Any]:
    said = {**asdict(model), "task_types": list(model.task_types)}
    return {"model": said.pop("name"), **said}


def _show(model: Model, schema: Mapping[str, Any] | None, output: str) -> None:
    fields = fields_of(schema or {})
    code = operator_for(model.name, [field for field in fields if field.is_required])
    if output == "json":
        told = [{"name": each.name, "required": each.is_required, "schema": dict(each.schema)} for each in fields]
        _print(json.dumps({**_told(model), "fields": told, "operator": code}, indent=2))
        return
    head = (model.name, model.title, model.provider, ", ".join(model.task_types))
    _print(" · ".join(filter(None, head)))
    _print(f"Price: {model.price}" if model.price else "KIE.AI tells no price.")
    if not fields:
        say(f"KIE.AI does not tell what {model.name} takes: see its page at https://kie.ai/market.")
    rows = [
        {
            "field": each.name,
            "required": "yes" if each.is_required else "",
            "what": shorten(rule_of(each.schema), _LONG),
        }
        for each in fields
    ]
    _print("")
    show_rows(rows, "table")
    _print(f"\n{code}")


def _print(text: str) -> None:
    print(printable(text))  # noqa: T201 - what the command is asked for


def operator_for(model: str, fields: list[Field]) -> str:
    """The operator for a model, as a DAG has it, with a value for each field that is required.

    :param model: KIE's name of it.
    :param fields: Those.
    """
    name = re.sub(r"\W+", "_", model, flags=re.ASCII).strip("_") or "job"
    values = "".join(f"        {literal(each.name.strip())}: {literal(value_for(each))},\n" for each in fields)
    given = f"{{\n{values}    }}" if values else "{}"
    return (
        "from airflow_provider_runway.operators.kie_job import KieJobOperator\n\n"
        "KieJobOperator(\n"
        f"    task_id={literal(name)},\n"
        f"    model={literal(model)},\n"
        f"    input={given},\n"
        '    save_to="file:///tmp/kie/",\n'
        ")"
    )


def value_for(field: Field) -> Any:
    """A value that a field may have: the one that KIE takes for granted, an example, or the least that it allows."""
    schema = field.schema
    examples = schema.get("examples")
    candidates = [schema.get("default"), schema.get("example"), *(examples if isinstance(examples, list) else ())]
    allowed = schema.get("enum")
    candidates += allowed if isinstance(allowed, list) else []
    given = next((value for value in candidates if value not in (None, "", [], {})), None)
    if given is not None:
        return given
    kind = _kind(schema)
    if kind == "array":
        items = schema.get("items")
        return [value_for(Field(field.name, is_required=True, schema=items if isinstance(items, Mapping) else {}))]
    if kind in ("integer", "number"):
        least = schema.get("minimum")
        return least if isinstance(least, (int, float)) else 1
    if kind == "boolean":
        return False
    return {} if kind == "object" else _LINK if "url" in field.name.lower() else "..."


def rule_of(schema: Mapping[str, Any]) -> str:
    """What a field may be, in words."""
    return ", ".join(_rules(schema)) or "anything"


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    kind, allowed = _kind(schema), schema.get("enum")
    items = schema.get("items")
    if isinstance(allowed, list) and allowed:
        yield f"one of {', '.join(map(literal, allowed))}"
    elif kind == "array":
        yield f"list of {_rule_of_one(items)}" if isinstance(items, Mapping) else "list"
    elif kind:
        yield _WORDS.get(kind, kind)
    for name, words in _LIMITS.items():
        if isinstance(schema.get(name), (int, float)):
            yield words.format(schema[name])
    if schema.get("default") not in (None, ""):
        yield f"usually {literal(schema['default'])}"


def _rule_of_one(items: Mapping[str, Any]) -> str:
    return _PLURALS.get(_kind(items) or "", "values")


def _kind(schema: Mapping[str, Any]) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), None)
    return kind if isinstance(kind, str) else None


_WORDS = {"string": "text", "boolean": "true or false", "integer": "whole number"}
_PLURALS = {"string": "texts", "object": "objects", "integer": "whole numbers", "number": "numbers"}
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
}


def literal(value: object) -> str:
    """A value as Python code has it, with double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(str(name))}: {literal(each)}' for name, each in value.items())}}}"
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, (list, tuple)) else repr(value)
