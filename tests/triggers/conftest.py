from __future__ import annotations

import pytest

from airflow_provider_runway.triggers import shared_poller


@pytest.fixture(autouse=True)
def _nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_poller, "_SCHEDULES", {})
