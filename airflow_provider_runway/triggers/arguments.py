"""Arguments of triggers that another version of this provider has stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.texts import shorten

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

_warned: set[tuple[str, str]] = set()


def ignore_unknown(trigger: BaseTrigger, unknown: Mapping[str, object]) -> None:
    """Go on without arguments that this version does not know, and warn once in a process.

    During an upgrade, triggers are stored by one version and run by the other.
    """
    names = shorten(", ".join(sorted(unknown)))
    kind = type(trigger).__name__
    if names and (kind, names) not in _warned:
        _warned.add((kind, names))
        trigger.log.warning(
            "%s ignores what this version of the provider does not know: %s. "
            "Bring workers and triggerers to the same version.",
            kind,
            names,
        )
