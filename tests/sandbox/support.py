"""The API as tests call it."""

from __future__ import annotations

from typing import Any

import httpx

from airflow_provider_runway.sandbox import SandboxControl

TEXT_TO_VIDEO = {"prompt": "A lighthouse in a storm", "duration": 5, "quality": "720p", "aspectRatio": "16:9"}


class Api:
    """The API as a client sees it: what comes back is the envelope."""

    def __init__(self, sandbox: SandboxControl) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(
            base_url=sandbox.url,
            headers={"Authorization": f"Bearer {sandbox.key}", "User-Agent": "tests"},
            timeout=20,
            trust_env=False,
            verify=False,
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(path, params=query).json()
        return found

    def post(self, path: str, body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.http.post(path, json=body).json()
        return found

    def generate(self, **changes: Any) -> dict[str, Any]:
        body = {name: value for name, value in {**TEXT_TO_VIDEO, **changes}.items() if value is not None}
        return self.post("/api/v1/runway/generate", body)

    def made(self, **changes: Any) -> str:
        """The id of a new task."""
        task_id: str = self.generate(**changes)["data"]["taskId"]
        return task_id

    def record(self, task_id: str) -> Any:
        return self.get("/api/v1/runway/record-detail", taskId=task_id)["data"]

    def video_url(self, task_id: str) -> str:
        url: str = self.record(task_id)["videoInfo"]["videoUrl"]
        return url

    def media(self, url: str, **headers: str) -> httpx.Response:
        """Media as they ought to be fetched: without a key."""
        return httpx.get(url, headers=headers, timeout=20, trust_env=False, verify=False)
