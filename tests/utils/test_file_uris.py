from __future__ import annotations

import pytest

from airflow_provider_runway.utils.file_uris import FileAddress, is_folder_address


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


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/shared/records",
        "/a b/füchse",
        "file:///shared/records/",
        "s3://bucket",
        "s3://mine@bucket/a/",
        "ABFS://c/x",
    ],
)
def test_a_folder_is_an_absolute_path_or_a_uri(text: str) -> None:
    assert is_folder_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "records", "./records", "~/records", "s3:/bucket", "s3://", "s3:///records", "s3:// /x", "file://records",
        "FILE://records", "://bucket", "/a\nb", "/a\0", " /records", "C:\\records", "file:///",
        "s3://me:hush-hush@bucket/records",
    ],
)  # fmt: skip
def test_what_depends_on_where_it_is_read_is_no_folder(text: str) -> None:
    assert not is_folder_address(text)
