"""KIE.AI played locally: its API, its media and its bookkeeping, for tests that cost nothing.

A sandbox in this process::

    from airflow_provider_runway.sandbox import Sandbox, SandboxSettings

    with Sandbox(SandboxSettings(seconds=2.0)) as sandbox:
        os.environ["AIRFLOW_CONN_RUNWAY_DEFAULT"] = sandbox.connection_json()

and one by itself: ``python -m airflow_provider_runway.sandbox --port 8123``.
"""

from __future__ import annotations

from airflow_provider_runway.sandbox.client import SandboxControl
from airflow_provider_runway.sandbox.faults import (
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
from airflow_provider_runway.sandbox.local import Sandbox
from airflow_provider_runway.sandbox.server import SandboxError
from airflow_provider_runway.sandbox.settings import Prices, SandboxSettings
from airflow_provider_runway.sandbox.tasks import SandboxTask

__all__ = [
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
