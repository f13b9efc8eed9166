"""KIE.AI played locally: its API, its media and its bookkeeping, for tests that cost nothing.

A sandbox in this process::

    from airflow_provider_runway.sandbox import Sandbox, SandboxSettings

    with Sandbox(SandboxSettings(seconds=2.0)) as sandbox:
        os.environ["AIRFLOW_CONN_RUNWAY_DEFAULT"] = sandbox.connection_json()

and one by itself: ``python -m airflow_provider_runway.sandbox --port 8123``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import (
    CallBack,
    CutAfter,
    CutBefore,
    CutMedia,
    Delay,
    Expire,
    Fail,
    Fault,
    Garbage,
    Missing,
    NoTaskId,
    NoUrl,
    Redirect,
    Refuse,
    States,
    WrongLength,
)
from airflow_provider_runway.sandbox.ledger import CallbackEntry, Entry, Ledger, RequestEntry
from airflow_provider_runway.sandbox.settings import Prices, SandboxSettings

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.client import SandboxControl
    from airflow_provider_runway.sandbox.local import Sandbox
    from airflow_provider_runway.sandbox.server import SandboxError
    from airflow_provider_runway.sandbox.tasks import SandboxTask

__all__ = [
    "CallBack",
    "CallbackEntry",
    "CutAfter",
    "CutBefore",
    "CutMedia",
    "Delay",
    "Entry",
    "Expire",
    "Fail",
    "Fault",
    "Garbage",
    "Ledger",
    "Missing",
    "NoTaskId",
    "NoUrl",
    "Prices",
    "Redirect",
    "Refuse",
    "RequestEntry",
    "Sandbox",
    "SandboxControl",
    "SandboxError",
    "SandboxSettings",
    "SandboxTask",
    "States",
    "WrongLength",
]

_LATER = {"Sandbox": "local", "SandboxControl": "client", "SandboxError": "server", "SandboxTask": "tasks"}


def __getattr__(name: str) -> Any:
    """Import what only a running sandbox needs when it is asked for, not in every run of pytest."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
