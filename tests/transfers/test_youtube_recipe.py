"""The recipe for YouTube on the page about publishing, on a stand-in for YouTube and for Google's provider."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from poster import Handler, Poster, lose_the_reply

from airflow_provider_runway.exceptions import PublicationInDoubtError

from .publishing_task import Publishing, video_file

PAGE = Path(__file__).parents[2] / "docs" / "publish.md"
GOOGLE = "https://www.googleapis.com"


@pytest.fixture
def recipe(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the recipe defines, with its requests led to the stand-in."""
    from requests import Session

    class AuthorizedSession(Session):
        def __init__(self, token: str) -> None:
            super().__init__()
            self.headers["Authorization"] = f"Bearer {token}"

    class GoogleBaseHook:
        def __init__(self, conn_id: str) -> None:
            assert conn_id == "google_cloud_default"

        def get_credentials(self) -> str:
            return "token-of-google"

    modules: dict[str, dict[str, Any]] = {
        "airflow.providers.google.common.hooks.base_google": {"GoogleBaseHook": GoogleBaseHook},
        "google.auth.transport.requests": {"AuthorizedSession": AuthorizedSession},
    }
    for name, facts in modules.items():
        module = ModuleType(name)
        vars(module).update(facts)
        monkeypatch.setitem(sys.modules, name, module)
    (code,) = re.findall(r"^```py\n(import json.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    defined: dict[str, Any] = {"__name__": "recipe"}
    exec(code.replace(GOOGLE, poster.url), defined)
    return defined


def test_the_video_is_announced_with_the_token_and_sent_without_it(
    recipe: dict[str, Any], poster: Poster, tmp_path: Path
) -> None:
    announced = list[dict[str, str]]()

    def announce(handler: Handler) -> None:
        announced.append(dict(handler.headers))
        handler.receive()
        handler.answer(200, Location=f"{poster.url}/upload/youtube/v3/videos?upload_id=opens-the-door")

    poster.faults += [announce, lose_the_reply]
    file = video_file(tmp_path)
    made = {"task_id": "task-1", "saved_to": str(file), "size": file.stat().st_size}
    url = recipe["open_upload"].function(made, "A fox in the snow")
    (headers,) = announced
    assert headers["Authorization"] == "Bearer token-of-google"
    assert headers["X-Upload-Content-Length"] == str(file.stat().st_size)

    publish = recipe["make_video"].dag.task_dict["publish"]
    names = ("http_conn_id", "method", "body", "publish_key", "response_filter")
    task = Publishing(endpoint=url, video=made, **{name: getattr(publish, name) for name in names})
    with pytest.raises(PublicationInDoubtError, match="A retry sends it again, which changes nothing"):
        task.run()
    assert task.run()["response"] == 2
    assert [(post.method, post.video) for post in poster.posts] == [("PUT", file.read_bytes())] * 2
    assert not any("Authorization" in post.headers for post in poster.posts)
