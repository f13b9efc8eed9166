"""The hook as tests call it: itself, and the client that it gives to coroutines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook

REQUEST = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")


KEY = "k3y-of-the-account"


class Method:
    """A method of the hook, or the same of its async client."""

    def __init__(self, form: str) -> None:
        self.form = form

    def __call__(self, hook: RunwayHook, name: str, *args: Any, **kwargs: Any) -> Any:
        if self.form == "sync":
            with hook:
                return getattr(hook, name)(*args, **kwargs)
        return asyncio.run(self._awaited(hook, name, *args, **kwargs))

    async def _awaited(self, hook: RunwayHook, name: str, *args: Any, **kwargs: Any) -> Any:
        async with hook.a_get_conn() as client:
            return await getattr(client, name)(*args, **kwargs)


def mocked(monkeypatch: pytest.MonkeyPatch, handler: Callable[[httpx.Request], httpx.Response]) -> RunwayHook:
    monkeypatch.setenv(
        "AIRFLOW_CONN_CLIPS", json.dumps({"conn_type": "runway", "password": KEY, "host": "https://kie.example"})
    )
    return RunwayHook("clips", transport=httpx.MockTransport(handler))
