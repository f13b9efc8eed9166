"""Which files of the worker's machine may be uploaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from fakes import PIXEL, fake_context
from operators.support import Task

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.upload import RunwayUploadOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.sources import read_source
from airflow_provider_runway.utils.config import read_upload_roots

ROOTS = "AIRFLOW__RUNWAY__UPLOAD_ROOTS"


class Disk:
    """A folder of pictures, and a secret beside it."""

    def __init__(self, folder: Path) -> None:
        self.pictures, self.secret = folder / "pictures", folder / "pictures-not" / "secret.png"
        for file in (self.pictures / "deep" / "fox.png", self.secret):
            file.parent.mkdir(parents=True)
            file.write_bytes(PIXEL)
        self.fox = self.pictures / "deep" / "fox.png"
        (self.pictures / "away.png").symlink_to(self.secret)
        (self.pictures / "folder").symlink_to(self.secret.parent)
        (self.pictures / "loop.png").symlink_to(self.pictures / "loop.png")
        (folder / "home.png").symlink_to(self.fox)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path)
    monkeypatch.setenv(ROOTS, f"/no/such/folder, {disk.pictures}/")
    monkeypatch.setenv("AIRFLOW_CONN_DISK", '{"conn_type": "fs"}')
    return disk


OUTSIDE = [
    "{0}/pictures-not/secret.png",
    "{0}/pictures/../pictures-not/secret.png",
    "{0}/pictures/away.png",
    "{0}/pictures/folder/secret.png",
    "{0}/pictures/deep/../folder/secret.png",
    "{0}/not/there.png",
    "/proc/self/environ",
]


@pytest.mark.parametrize("scheme", ["", "file://", "local://", "file://disk@", "FILE://"])
@pytest.mark.parametrize("path", OUTSIDE)
def test_no_file_outside_the_folders_is_read(disk: Disk, tmp_path: Path, scheme: str, path: str) -> None:
    given = scheme + path.format(tmp_path)
    with pytest.raises(InvalidRequestError, match=r"image_url must be a file below .* upload_roots; got") as caught:
        read_source(given, "image_url", "picture")
    assert caught.value.value == given


@pytest.mark.parametrize("kind", [str, Path, ObjectStoragePath, "file://{}".format])
def test_what_is_below_the_folders_is_read_wherever_it_is_named_from(disk: Disk, tmp_path: Path, kind: Any) -> None:
    for path in (disk.fox, tmp_path / "home.png", disk.pictures / ".." / "pictures" / "deep" / "fox.png"):
        source = read_source(kind(str(path)))
        assert source.place.uri == f"file://{os.path.realpath(disk.fox)}"


def test_a_folder_that_is_a_link_counts_as_where_it_leads(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(disk.pictures)
    monkeypatch.setenv(ROOTS, str(tmp_path / "link"))

    assert read_source(str(disk.fox)).size == len(PIXEL)


@pytest.mark.parametrize("roots", ["", "  "])
def test_without_folders_any_file_is_read(disk: Disk, monkeypatch: pytest.MonkeyPatch, roots: str) -> None:
    monkeypatch.setenv(ROOTS, roots)

    assert read_upload_roots() == ()
    assert read_source(str(disk.secret)).size == len(PIXEL)


@pytest.mark.parametrize("roots", ["pictures", "/srv,,/tmp", ",", "s3://bucket", "./", "~nobody-at-all/x"])
def test_folders_that_are_none_let_nothing_through(disk: Disk, monkeypatch: pytest.MonkeyPatch, roots: str) -> None:
    monkeypatch.setenv(ROOTS, roots)

    with pytest.raises(InvalidRequestError, match=r"\[runway\] upload_roots must be absolute paths"):
        read_source(str(disk.fox))


def test_a_picture_out_of_a_dags_params_costs_nothing_and_goes_nowhere(kie: Sandbox, disk: Disk) -> None:
    with pytest.raises(AirflowFailException, match=r"upload_roots; got .*Nothing was sent"):
        Task(image_url=f"file://{disk.secret}").run()
    with pytest.raises(AirflowFailException, match="upload_roots"):
        RunwayUploadOperator(task_id="up", path=str(disk.secret)).execute(fake_context())
    with RunwayHook() as hook, pytest.raises(InvalidRequestError, match="upload_roots"):
        hook.upload(disk.secret)

    assert kie.ledger.requests == ()


def test_a_file_that_only_begins_like_a_picture_is_refused_unsent(kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "passwords.jpg").write_bytes(b"\xff\xd8\xffroot:x:0:0:root:/root:/bin/bash\n")

    with pytest.raises(AirflowFailException, match=r"image_url must be a whole JPG or PNG picture.*Nothing was sent"):
        Task(image_url=f"file://{tmp_path}/passwords.jpg").run()
    assert kie.ledger.requests == ()


def test_the_hook_uploads_a_path_object(kie: Sandbox, disk: Disk) -> None:
    with RunwayHook() as hook:
        uploaded = [hook.upload(path) for path in (disk.fox, ObjectStoragePath(str(disk.fox)), str(disk.fox))]

    assert {each.size for each in uploaded} == {len(PIXEL)}
