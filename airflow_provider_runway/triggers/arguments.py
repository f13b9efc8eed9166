"""Arguments of triggers that another version of this provider has stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.texts import shorten

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

_told: set[tuple[str, str]] = set()


def ignore(trigger: BaseTrigger, unknown: Mapping[str, object]) -> None:
    """Go on without arguments that this version does not know, and say so once in a process.

    While an installation is brought to another version, triggers are stored by one and run by the other.
    """
    names = shorten(", ".join(sorted(unknown)))
    kind = type(trigger).__name__
    if names and (kind, names) not in _told:
        _told.add((kind, names))
        trigger.log.warning(
            "%s ignores what this version of the provider does not know: %s. "
            "Bring workers and triggerers to the same version.",
            kind,
            names,
        )
