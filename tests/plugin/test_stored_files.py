"""What tasks say of where they have stored something is not trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.plugin.stored_files import StoredFile, find, media_roots

from .conftest import option


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "fox.mp4").write_bytes(b"a fox")
    (tmp_path / "secret.mp4").write_bytes(b"a secret")
    (tmp_path / "videos-of-others").mkdir()
    (tmp_path / "videos-of-others" / "fox.mp4").write_bytes(b"a secret")
    return folder


def read(address: str, root: str) -> bytes | None:
    """What is played of an address; ``None`` where nothing is."""
    found = find(address, [root])
    if found is None:
        return None
    try:
        file, size = found.open()
    except OSError:
        return None
    with file:
        content = file.read()
    assert len(content) == size
    return content


@pytest.mark.parametrize("form", ["{}/a/fox.mp4", "file://{}/a/fox.mp4"])
@pytest.mark.parametrize("root", ["{}", "{}/", "file://{}", "file://{}/"])
def test_what_is_below_a_root_is_played(videos: Path, form: str, root: str) -> None:
    assert read(form.format(videos), root.format(videos)) == b"a fox"


@pytest.mark.parametrize(
    "address",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "{}/../secret.mp4",
        "{}/a/../../secret.mp4",
        "{}/./a/fox.mp4",
        "{}//a/fox.mp4",
        "file://host{}/a/fox.mp4",
        "{}/%2e%2e/secret.mp4",
        "{}/..%2fsecret.mp4",
        "{}-of-others/fox.mp4",
        "{}/a",
        "{}/a/",
        "{}",
        "{}/a/fox.mp4\0",
        "{}/a/fox.mp4\n",
        "{}/none.mp4",
        "{}\\..\\secret.mp4",
        "~/fox.mp4",
        "a/fox.mp4",
        "",
        " ",
        "s3://videos/a/fox.mp4",
        "http://127.0.0.1/fox.mp4",
        "s3://aws@bucket{}/a/fox.mp4",
    ],
)
def test_nothing_else_is(videos: Path, address: str) -> None:
    assert read(address.format(videos), str(videos)) is None


def test_a_symbolic_link_leads_nowhere_outside(videos: Path) -> None:
    (videos / "out.mp4").symlink_to(videos.parent / "secret.mp4")
    (videos / "up").symlink_to(videos.parent)
    (videos / "in.mp4").symlink_to(videos / "a" / "fox.mp4")

    assert read(f"{videos}/out.mp4", str(videos)) is None
    assert read(f"{videos}/up/secret.mp4", str(videos)) is None
    assert read(f"{videos}/in.mp4", str(videos)) == b"a fox"


def test_a_root_may_itself_be_a_symbolic_link(videos: Path) -> None:
    link = videos.parent / "link"
    link.symlink_to(videos)

    assert read(f"{link}/a/fox.mp4", str(link)) == b"a fox"


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere_outside(
    videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (videos.parent / "elsewhere").mkdir()
    (videos.parent / "elsewhere" / "fox.mp4").write_bytes(b"a secret")
    resolve = os.path.realpath

    def resolved_then_changed(path: str, **options: bool) -> str:
        found = str(resolve(path, **options))
        if found.endswith("fox.mp4"):
            (videos / "a").rename(videos / "before")
            (videos / "a").symlink_to(videos.parent / "elsewhere")
        return found

    monkeypatch.setattr(os.path, "realpath", resolved_then_changed)

    assert read(f"{videos}/a/fox.mp4", str(videos)) is None


def test_what_is_no_file_is_not_opened(videos: Path) -> None:
    os.mkfifo(videos / "pipe.mp4")

    assert read(f"{videos}/pipe.mp4", str(videos)) is None


@given(st.text(max_size=60))
def test_no_address_leads_out(text: str) -> None:
    for form in ("/videos/{}", "file:///videos/{}", "s3://bucket/videos/{}", "{}"):
        for root in ("/videos", "s3://aws@bucket/videos"):
            found = find(form.format(text), [root])
            assert found is None or not {"", ".", ".."} & {*found.below.split("/")}


@pytest.mark.parametrize(
    ("address", "below"),
    [
        ("s3://aws@bucket/videos/a/fox.mp4", "a/fox.mp4"),
        ("s3://bucket/videos/a/fox.mp4", "a/fox.mp4"),
        ("s3://other@bucket/videos/fox#?%2e.mp4", "fox#?%2e.mp4"),
        ("s3://aws@bucket/videos-of-others/fox.mp4", None),
        ("s3://aws@other/videos/fox.mp4", None),
        ("s3://aws@bucket/videos/../fox.mp4", None),
        ("s3://aws@bucket/videos//fox.mp4", None),
        ("s3://aws@bucket/videos/s3://other/fox.mp4", None),
        ("gs://aws@bucket/videos/fox.mp4", None),
        ("/videos/fox.mp4", None),
    ],
)
def test_of_a_store_the_bucket_and_the_beginning_of_the_key_count(address: str, below: str | None) -> None:
    found = find(address, ["s3://aws@bucket/videos"])

    assert (found and found.below) == below


def test_a_store_is_read_as_the_root_says() -> None:
    from airflow.sdk.io import attach

    attach("memory", fs=MemoryFileSystem())
    store = MemoryFileSystem()
    store.pipe("/bucket/videos/fox.mp4", b"a fox")
    store.pipe("/bucket/secret.mp4", b"a secret")

    assert read("memory://bucket/videos/fox.mp4", "memory://bucket/videos") == b"a fox"
    assert read("memory://bucket/secret.mp4", "memory://bucket/videos") is None
    assert read("memory://bucket/videos/none.mp4", "memory://bucket/videos") is None


def test_a_name_that_looks_like_another_store_leads_to_none() -> None:
    with pytest.raises(OSError, match=r".*"):
        StoredFile("memory://bucket/videos", "memory://bucket/secret.mp4").open()


@pytest.mark.parametrize(
    "value",
    ["videos", "/", "//", "https://a.example/videos", "s3://", "/videos,relative", "/videos/../etc", "file:///"],
)
def test_a_root_that_is_none_lets_nothing_be_played(value: str) -> None:
    with option("media_roots", value):
        assert media_roots() == ()


def test_several_roots_have_commas_between_them() -> None:
    with option("media_roots", " /videos , s3://aws@bucket/videos/,"):
        assert media_roots() == ("/videos", "s3://aws@bucket/videos/")
    assert media_roots() == ()
