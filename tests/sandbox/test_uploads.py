from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_runway.sandbox import Sandbox

from .support import Api


def _picture(width: int, height: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height)).save(data, "PNG")
    return data.getvalue()


def _streamed(api: Api, data: bytes, name: str = "a.png", **fields: str) -> Any:
    given = {"uploadPath": "images/in", **fields}
    return api.http.post("/api/file-stream-upload", files={"file": (name, data)}, data=given).json()


def test_a_streamed_file_is_served_back(api: Api, runway_sandbox: Sandbox) -> None:
    data = _picture(9, 16)

    answer = _streamed(api, data, fileName="mine.png")

    assert (answer["success"], answer["code"]) == (True, 200)
    assert answer["data"]["filePath"] == "images/in/mine.png"
    assert (answer["data"]["fileSize"], answer["data"]["mimeType"]) == (len(data), "image/png")
    assert api.media(answer["data"]["downloadUrl"]).content == data
    runway_sandbox.advance(86_401)
    assert api.media(answer["data"]["downloadUrl"]).status_code == 404


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_base64_file_is_served_back_under_a_name_of_its_own(api: Api, prefix: str) -> None:
    data = _picture(4, 4)
    body = {"base64Data": prefix + base64.b64encode(data).decode(), "uploadPath": "images"}

    found = api.post("/api/file-base64-upload", body)["data"]

    assert api.media(found["downloadUrl"]).content == data
    assert found["fileName"].endswith(".png" if prefix else ".bin")


def test_a_file_is_taken_from_a_url_but_never_from_outside(api: Api) -> None:
    data = _picture(4, 4)
    inside = _streamed(api, data)["data"]["downloadUrl"]

    copies = [
        api.post("/api/file-url-upload", {"fileUrl": url, "uploadPath": "copies", "fileName": f"{number}.png"})
        for number, url in enumerate((inside, "https://example.com/b.png"))
    ]

    assert [copy["code"] for copy in copies] == [200, 200]
    assert api.media(copies[0]["data"]["downloadUrl"]).content == data
    assert b"stand-in" in api.media(copies[1]["data"]["downloadUrl"]).content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("file-base64-upload", {"uploadPath": "a"}),
        ("file-base64-upload", {"uploadPath": "a", "base64Data": "?"}),
        ("file-base64-upload", {"uploadPath": "/a", "base64Data": "YQ=="}),
        ("file-base64-upload", {"uploadPath": "a/", "base64Data": "YQ=="}),
        ("file-base64-upload", {"uploadPath": "../a", "base64Data": "YQ=="}),
        ("file-base64-upload", {"uploadPath": "a", "base64Data": "YQ==", "fileName": "b/c"}),
        ("file-base64-upload", {"base64Data": "YQ=="}),
        ("file-url-upload", {"uploadPath": "a"}),
        ("file-url-upload", {"uploadPath": "a", "fileUrl": "http://["}),
        ("file-stream-upload", {"uploadPath": "a"}),
    ],
)
def test_a_bad_upload_is_refused(api: Api, path: str, body: dict[str, str]) -> None:
    assert api.post(f"/api/{path}", body)["code"] == 400


def test_a_form_without_a_file_or_broken_in_itself_is_refused(api: Api) -> None:
    head = {"Content-Type": "multipart/form-data; boundary=x"}

    assert api.http.post("/api/file-stream-upload", content=b"--x\r\nbroken", headers=head).json()["code"] == 400
    head = {"Content-Type": "multipart/form-data"}
    assert api.http.post("/api/file-stream-upload", content=b"", headers=head).json()["code"] == 400


def test_an_uploaded_image_decides_the_shape_of_its_video(api: Api, runway_sandbox: Sandbox) -> None:
    url = _streamed(api, _picture(300, 500))["data"]["downloadUrl"]

    api.made(imageUrl=url, aspectRatio="16:9")

    assert (runway_sandbox.tasks[0].width, runway_sandbox.tasks[0].height) == (720, 1280)


def test_uploads_do_not_count_as_submissions(api: Api, runway_sandbox: Sandbox) -> None:
    for _ in range(25):
        assert _streamed(api, b"x", name="x.txt")["code"] == 200

    assert api.generate()["code"] == 200
    assert runway_sandbox.ledger.counts["upload"] == 25
