"""Where people read on: pages of this provider's documentation, and KIE's own list of calls."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

# Where KIE lists the calls of an account.
KIE_LOGS = "https://kie.ai/logs"
_DISTRIBUTION = "airflow-provider-runway"


def page(name: str) -> str:
    """Where a page of the documentation is, such as ``errors.md#stored``."""
    documentation = _documentation()
    return f"{documentation}/{name}" if documentation else f"docs/{name} in the documentation of {_DISTRIBUTION}"


@cache
def _documentation() -> str:
    """The URL of the documentation that the installed distribution names, if it names one."""
    from importlib.metadata import metadata  # slow to import

    urls: list[str] = []
    with suppress(Exception):  # not installed, or damaged: what a message is about comes first
        urls = metadata(_DISTRIBUTION).get_all("Project-URL") or []
    named = dict(url.partition(",")[::2] for url in urls)
    return named.get("Documentation", "").strip().rstrip("/")
