from __future__ import annotations

import pytest

from airflow_provider_runway.utils.file_uris import FileAddress


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("s3://bucket/a/fox.mp4", ("s3", "bucket", "/a/fox.mp4")),
        ("S3://my_conn@bucket/fox.mp4", ("s3", "bucket", "/fox.mp4")),
        ("file:///videos/fox.mp4", ("file", "", "/videos/fox.mp4")),
        ("s3://bucket", ("s3", "bucket", "")),
        ("s3://bucket/a@b/100%?#.mp4", ("s3", "bucket", "/a@b/100%?#.mp4")),
    ],
)
def test_an_address_is_taken_apart(address: str, parts: tuple[str, str, str]) -> None:
    assert FileAddress.read(address) == parts


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("file:///a b/füchse.mp4", "file:///a%20b/f%C3%BCchse.mp4"),
        ("s3://my_conn@bucket/100%?#.mp4", "s3://bucket/100%25%3F%23.mp4"),
    ],
)
def test_a_uri_is_ascii_and_read_by_everybody_alike(address: str, uri: str) -> None:
    assert FileAddress.read(address).uri == uri
