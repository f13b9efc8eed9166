"""Operator parameters before and after templating: what can be checked when, and what templates turn them into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow_provider_runway.kie import rules
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.operators.paths import address, check_scheme, is_path

if TYPE_CHECKING:
    from airflow_provider_runway.kie.requests import Request

# The parameters that hold fields of a model's own.
HOLDERS = ("input", "body")
_TEMPLATE_MARKS = ("{{", "{%", "{#")


def is_literal(value: object) -> bool:
    """Whether a value is final while the DAG is parsed: no template, no output of another task or of a function."""
    if is_path(value):
        value = address(value)
    if isinstance(value, str):
        return not any(mark in value for mark in _TEMPLATE_MARKS)
    return value is not SET_DURING_EXECUTION and not hasattr(value, "resolve")


def check_literal(check: Callable[..., None], *values: object) -> None:
    """Run a check while the DAG is parsed, if all its values are final then."""
    if all(map(is_literal, values)):
        check(*values)


def check_choice(name: str, value: object, *choices: str) -> None:
    """Refuse a value that is none of some texts.

    :param name: The parameter.
    :param value: Its value.
    :param choices: The texts.
    :raises InvalidRequestError: If it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        *others, last = map(repr, choices)
        raise InvalidRequestError(name, value, f"must be {', '.join(others)} or {last}")


def is_nothing(value: object) -> bool:
    """Whether a template has come to nothing: ``None``, also as a text, an empty text, or white space."""
    return value is None or (isinstance(value, str) and value.strip() in {"", "None"})


def optional(value: Any, default: Any = None) -> Any:
    """An optional parameter after templating: the default, if it has come to nothing."""
    return default if is_nothing(value) else value


def number(value: Any) -> Any:
    """A whole number, in whichever type a template or another task has given it; anything else as it is.

    ``"5"``, ``"5.0"``, ``5.0``, ``Decimal("5")`` and numpy's integers are 5. What is left is refused by name.
    """
    whole = whole_number(value)
    if whole is not None or isinstance(value, bool):
        return value if whole is None else whole
    try:
        if isinstance(value, Integral):
            return int(value)
        if isinstance(value, str) and len(value) < _LONGEST_NUMBER and value.isascii():
            return _whole(float(value), value)
        return _whole(value, value) if isinstance(value, Number) else value
    except (ArithmeticError, TypeError, ValueError):
        return value


def _whole(value: Any, otherwise: Any) -> Any:
    return int(value) if abs(value) < _LARGEST_EXACT and value == int(value) else otherwise


_LONGEST_NUMBER = 20
# Beyond it a number with a point is not known to the last digit.
_LARGEST_EXACT = 2**53


def check_source(name: str, value: object) -> None:
    """A picture or a video: its URL, or the address of a file whose scheme Airflow knows; or none."""
    source = address(optional(value))
    rules.check_source(name, source)
    if rules.is_file_address(source):
        check_scheme(name, source)


def check_fields(name: str, value: object, request: type[Request] | None = None) -> None:
    """Fields of a request while the DAG is parsed: JSON values, apart from what is still to come.

    :param request: The request beside whose own fields they stand: none may have the name of one.
    """
    try:
        known = _as_far_as_known(value, paths=name in HOLDERS)
    except RecursionError:
        known = None
    rules.plain_fields(name, known if isinstance(known, Mapping) else value)
    if request is None or not known:
        return
    from airflow_provider_runway.kie.api import reserved_fields

    for field in sorted(reserved_fields(request) & set(known)):
        raise InvalidRequestError(name, field, "must not repeat a field that is a parameter")


def _as_far_as_known(value: object, *, paths: bool) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_far_as_known(each, paths=paths) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_far_as_known(each, paths=paths) for each in value]
    if not is_literal(value):
        return None
    return address(value) if paths else value


def check_folder(save_to: object) -> None:
    """A path that names a folder, as all that comes of a job needs; or none."""
    if optional(save_to) is not None and not str(save_to).endswith("/"):
        rule = "must be a folder, with a / at its end: how many files a job makes, and of which type, shows only then"
        raise InvalidRequestError("save_to", save_to, rule)
