"""The names that the extra of a connection may have: those of the form, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from airflow_provider_runway.hooks.form import CONNECTION_TYPE
from airflow_provider_runway.kie.errors import ConnectionSettingsError

NAMES: tuple[str, ...] = tuple(sorted(CONNECTION_TYPE["conn-fields"]))
# How alike two names are, from 0 to 1, for one to be a slip of the pen for the other.
_ALIKE = 0.7
# Longer than any name, and shorter than a key, which may have come into the wrong place.
_LONGEST_SHOWN = 24


def check_names(given: Iterable[str]) -> None:
    """Refuse a name that means nothing: a guard whose name is misspelt would guard nothing.

    :param given: The names in the extra.
    :raises ConnectionSettingsError: If one of them is not known; the message has the nearest that is.
    """
    for name in sorted(set(given) - set(NAMES)):
        plain = name.strip().lower().replace("-", "_").replace(" ", "_")
        near = next(iter(get_close_matches(plain, NAMES, n=1, cutoff=_ALIKE)), None)
        is_shown = near is not None or (len(name) <= _LONGEST_SHOWN and name.isprintable())
        what = repr(name) if is_shown else f"name of {len(name)} characters"
        meant = f": is {near!r} meant?" if near else f"; its names are {', '.join(NAMES)}."
        raise ConnectionSettingsError(f"extra {what} means nothing{meant}")
