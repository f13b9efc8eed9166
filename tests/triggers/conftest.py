from __future__ import annotations

import pytest

from airflow_provider_runway.triggers import client_lease, shared_poller


@pytest.fixture(autouse=True)
def _nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_poller, "_SCHEDULES", {})


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_lease, "_PAUSES", (0.0,) * 5)
