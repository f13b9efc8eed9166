from __future__ import annotations

import pytest

from airflow_provider_runway.storage.target import with_suffix


@pytest.mark.parametrize(
    ("path", "with_png"),
    [
        ("/a/fox.mp4", "/a/fox.png"),
        ("/a.b/fox", "/a.b/fox.png"),
        ("/a/.fox", "/a/.fox.png"),
        ("s3://c@b/v1.0 final.mp4", "s3://c@b/v1.0 final.png"),
        ("fox.2026-11-23", "fox.2026-11-23.png"),
        ("/a/take.2026", "/a/take.2026.png"),
        ("/a/v1.2", "/a/v1.2.png"),
        ("/a/fox.MOV", "/a/fox.png"),
    ],
)
def test_a_name_keeps_its_stem(path: str, with_png: str) -> None:
    assert with_suffix(path, ".png") == with_png
