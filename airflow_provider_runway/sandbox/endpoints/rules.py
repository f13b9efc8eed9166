"""What the endpoints of the other families take: a rule for each field, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_runway.sandbox.endpoints.fields import INVALID
from airflow_provider_runway.sandbox.messages import Refusal, parts_of

_WORDS: Mapping[type, str] = {str: "a string", int: "a number", bool: "a boolean", list: "an array"}


class Rule(NamedTuple):
    """What a field may be.

    :param kind: ``str``, ``int`` (any number), ``bool`` or ``list`` (of texts).
    :param required: whether it must be there, and a text or a list not empty.
    :param allowed: it is one of these.
    :param least: of a number, or of the length of a list.
    :param most: of a number, or of the length of a text or a list.
    :param url: it is a http or https URL, or a list of them.
    """

    kind: type = str
    required: bool = False
    allowed: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    url: bool = False

    def breach(self, value: object) -> str | None:
        """What is wrong with a value, if anything is."""
        if value is None or value in ("", []):
            return "is required" if self.required else None
        if not _is(self.kind, value):
            return f"must be {_WORDS[self.kind]}"
        return self._out_of_bounds(value)

    def _out_of_bounds(self, value: Any) -> str | None:
        size = len(value) if isinstance(value, (str, list)) else value
        if self.allowed and value not in self.allowed:
            return f"must be one of {', '.join(map(str, self.allowed))}"
        if self.most is not None and not size <= self.most:
            return f"must not be more than {self.most:g}"
        if self.least is not None and not size >= self.least:
            return f"must not be less than {self.least:g}"
        if self.url and not all(map(parts_of, value if isinstance(value, list) else [value])):
            return "must be a http or https URL"
        return None


Rules = Mapping[str, Rule]
REQUIRED = Rule(required=True)
FLAG, REQUIRED_FLAG = Rule(bool), Rule(bool, required=True)
URL, REQUIRED_URL = Rule(url=True), Rule(required=True, url=True)
WEIGHT = Rule(int, least=0, most=1)


def check(values: Mapping[str, Any], rules: Rules) -> None:
    """See that fields keep their rules; those without one are not looked at.

    :raises Refusal: code 422; the message names the field.
    """
    for name, rule in {"callBackUrl": URL, **rules}.items():
        if breach := rule.breach(values.get(name)):
            raise Refusal(INVALID, f"{name} {breach}")


def _is(kind: type, value: object) -> bool:
    if kind is int:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, kind)
