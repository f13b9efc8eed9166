"""What a ``@task.runway`` function is asked: the same digits for the same function and arguments, in every process."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Any
from uuid import UUID

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.operators.parameters import is_literal
from airflow_provider_runway.operators.paths import address, is_path


def question(function: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that are the same for the same function and arguments.

    :raises InvalidRequestError: If an argument is none that can be told from another one in another process.
    """
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # what is not written in a file
        source = function.__qualname__
    positional, named = plain_arguments(function, args, kwargs)
    return hashlib.sha256(_written([source, positional, named]).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def plain_arguments(
    function: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as JSON values that hang on no memory address and on no order of a set.

    :raises InvalidRequestError: If one of them cannot be had so.
    """
    named = {name: _told(function, name, value) for name, value in kwargs.items()}
    return [_told(function, position, value) for position, value in enumerate(args, 1)], named


def _told(function: Callable[..., Any], name: object, value: object) -> Any:
    try:
        return _plain(value)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        rule = (
            "must be made of texts, numbers, dates, lists, sets, mappings and dataclasses, or of what Airflow can "
            "store: a retry, which may be another process, has to know whether it is still the same"
        )
        raise InvalidRequestError(f"the argument {name!r} of {function.__name__}", value, rule) from error


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(each) for key, each in value.items()}
    return _named(value)


def _named(value: Any) -> dict[str, Any]:
    """What JSON has no form for, under a name that says what it was."""
    if isinstance(value, Mapping):
        return {"mapping": sorted(([_plain(key), _plain(each)] for key, each in value.items()), key=_written)}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(map(_plain, value), key=_written)}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if is_path(value):
        return {"path": str(address(value))}
    if not is_literal(value):
        return {"still to come": []}
    return {type(value).__qualname__: value.name if isinstance(value, Enum) else _plain(_inside(value))}


def _inside(value: Any) -> Any:
    """What an object holds, by its own word or by Airflow's serializers."""
    if isinstance(value, type):
        raise TypeError("a class")
    if isinstance(value, UUID):
        return str(value)
    if dataclasses.is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    try:
        from airflow.sdk.serde import serialize
    except ImportError:  # Airflow 3.1
        from airflow.serialization.serde import serialize  # type: ignore[import-not-found,no-redef]

    held = serialize(value)
    if held is value:
        raise TypeError("it is not made of anything simpler")
    return held


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
