from __future__ import annotations

import pytest

from airflow_provider_runway.storage.media_types import content_type

from .support import PAGE, PICTURE, VIDEO


@pytest.mark.parametrize(
    ("head", "path", "expected"),
    [
        (VIDEO, "b/fox.mp4", "video/mp4"),
        (VIDEO, "b/fox", "video/mp4"),
        (VIDEO, "b/fox.2026-11-26", "video/mp4"),
        (VIDEO, "b/fox.mov", "video/quicktime"),
        (VIDEO, "b/fox.png", "video/mp4"),
        (PICTURE, "b/fox.png", "image/png"),
        (PICTURE, "b/fox.mp4", "image/png"),
        (PICTURE, "b/fox.jpg", "image/png"),
        (PAGE, "b/fox.html", "text/html"),
        (b"", "b/.runway-probe-0123456789abcdef", "application/octet-stream"),
        (b"", "b/fox.füchse", "application/octet-stream"),
    ],
)
def test_a_file_has_the_type_of_what_it_is(head: bytes, path: str, expected: str) -> None:
    assert content_type(head, path) == expected
