"""Results that are no file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.storage.documents import save_document

SONG: dict[str, Any] = {"songs": [{"title": "Füchse", "audio_url": "https://f.com/a.mp3?sig=1"}], "seconds": 3.5}


def test_a_document_is_json_that_people_can_read(tmp_path: Path) -> None:
    saved = save_document(SONG, f"{tmp_path}/new/a.json", "t-1", overwrite=False)

    content = (tmp_path / "new" / "a.json").read_bytes()
    assert json.loads(content) == SONG
    assert "Füchse".encode() in content
    assert (saved.size, saved.downloaded) == (len(content), True)


def test_the_same_document_with_other_links_is_there_already(tmp_path: Path) -> None:
    first = save_document(SONG, f"{tmp_path}/a.json", "t-1", overwrite=False)
    renewed = {**SONG, "songs": [{"title": "Füchse", "audio_url": "https://f.com/a.mp3?sig=2"}]}

    again = save_document(renewed, f"{tmp_path}/a.json", "t-1", overwrite=False)

    assert (again.sha256, again.downloaded) == (first.sha256, False)
    assert json.loads((tmp_path / "a.json").read_text()) == SONG


@pytest.mark.parametrize("there", [b"mine", b"", b"[" * 100_000, b'{"songs": []}', b"\xff\xfe"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_another_file_is_replaced_only_where_it_may_be(tmp_path: Path, there: bytes, overwrite: bool) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(there)
    if overwrite:
        save_document(SONG, str(file), "t-1", overwrite=True)
        assert json.loads(file.read_text()) == SONG
    else:
        with pytest.raises(TargetExistsError):
            save_document(SONG, str(file), "t-1", overwrite=False)
        assert file.read_bytes() == there
