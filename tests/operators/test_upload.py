from __future__ import annotations

import hashlib
import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from fakes import GivenTime, fake_context
from PIL import Image

from airflow_provider_runway.exceptions import UnreadableFileError
from airflow_provider_runway.operators.upload import RunwayUploadOperator, UploadResult
from airflow_provider_runway.sandbox import Refuse, Sandbox
from airflow_provider_runway.storage import sources


def picture(kind: str = "PNG", size: tuple[int, int] = (90, 160)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size).save(data, kind)
    return data.getvalue()


def upload(path: Any) -> UploadResult:
    return RunwayUploadOperator(task_id="upload", path=path).execute(fake_context())


def test_a_file_is_uploaded_and_the_result_says_where_and_for_how_long(kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fox").write_bytes(picture("JPEG"))

    result = upload(f"file://{tmp_path}/fox")

    assert httpx.get(result["url"], trust_env=False).content == picture("JPEG")
    assert result["url"].endswith(".jpg")
    left = datetime.fromisoformat(result["expires_at"]) - datetime.now(timezone.utc)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert {name: result[name] for name in ("content_type", "size", "sha256", "schema_version")} == {
        "content_type": "image/jpeg",
        "size": len(picture("JPEG")),
        "sha256": hashlib.sha256(picture("JPEG")).hexdigest(),
        "schema_version": 1,
    }
    assert set(result) == set(UploadResult.__annotations__)
    assert json.loads(json.dumps(result)) == result
    assert kie.ledger.charges == ()


def test_a_path_of_any_form_leads_to_the_file(kie: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "fox.png"
    file.write_bytes(picture())

    results = [upload(path) for path in (str(file), f"file://{file}", ObjectStoragePath(f"file://{file}"))]

    assert {result["sha256"] for result in results} == {hashlib.sha256(picture()).hexdigest()}
    assert len({result["url"] for result in results}) == 3


@pytest.mark.parametrize(
    ("name", "data", "known"),
    [
        ("fox.txt", picture(), ("image/png", ".png")),
        ("fox.png", picture("GIF"), ("image/gif", ".gif")),
        ("fox.png", b"\0\0\0\x18ftypmp42", ("video/mp4", ".mp4")),
        ("fox", b"\x1a\x45\xdf\xa3", ("video/webm", ".webm")),
        ("fox.mp3", b"ID3", ("audio/mpeg", ".mp3")),
        ("fox", b"?", ("application/octet-stream", "")),
        ("fox.a b", b"?", ("application/octet-stream", "")),
    ],
)
def test_what_a_file_is_is_told_by_its_first_bytes(
    kie: Sandbox, tmp_path: Path, name: str, data: bytes, known: tuple[str, str]
) -> None:
    (tmp_path / name).write_bytes(data)

    result = upload(str(tmp_path / name))

    assert (result["content_type"], result["url"].rpartition("/")[2][32:]) == known


def test_a_picture_of_more_than_10_mb_is_refused_unsent(
    kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fox.png").write_bytes(picture() + bytes(10_000_001))

    with pytest.raises(AirflowFailException, match=r"path must be a picture of at most 10 MB; it has 100\d+ bytes"):
        upload(str(tmp_path / "fox.png"))
    assert kie.ledger.requests == ()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/no/such/fox.png", "FileNotFoundError"),
        ("{folder}", "IsADirectoryError"),
    ],
)
def test_a_file_that_is_not_there_fails_for_good(kie: Sandbox, tmp_path: Path, path: str, said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        upload(path.format(folder=tmp_path))
    assert kie.ledger.requests == ()


def test_a_storage_that_does_not_answer_is_left_to_the_retries(
    kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TimeoutError("slow down")

    (tmp_path / "fox.png").write_bytes(picture())
    monkeypatch.setattr(sources, "checksum", fail)

    with pytest.raises(UnreadableFileError, match="TimeoutError: slow down"):
        upload(str(tmp_path / "fox.png"))


def test_a_refusal_fails_and_says_why(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(picture())
    kie.fault(Refuse(401), on="upload")

    with pytest.raises(AirflowFailException, match="AuthenticationError"):
        upload(str(tmp_path / "fox.png"))


def test_the_log_tells_how_far_it_is(kie: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fox.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(2_000_000))

    upload(str(tmp_path / "fox.mp4"))

    said = capsys.readouterr().out
    assert [f"{part} of 2.0 MB are uploaded." in said for part in ("0.5", "1.0", "1.5", "2.0")] == [True] * 4
