"""The files of a records folder, on a disk and in object stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_runway.storage.record_files import open_files


def test_a_file_is_created_once(tmp_path: Path) -> None:
    files = open_files(f"file://{tmp_path}/")
    files.create("a/1.json", b"one")

    with pytest.raises(FileExistsError):
        files.create("a/1.json", b"two")
    assert files.read("a/1.json") == b"one"
    assert files.names("a") == ["1.json"]
