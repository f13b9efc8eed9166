from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk.io import store

from .support import Shop


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> Iterator[Shop]:
    shop = Shop()
    shop.put_paths = []
    shop.store.clear()
    monkeypatch.setitem(store._STORE_CACHE, "memory", store.ObjectStore("memory", None, fs=shop))
    monkeypatch.setitem(store._STORE_CACHE, "memory-mine", store.ObjectStore("memory", "mine", fs=shop))
    yield shop
    shop.store.clear()
