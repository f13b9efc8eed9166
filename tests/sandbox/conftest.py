"""A sandbox whose videos are ready at once, and a client that knows its key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_runway.sandbox import Sandbox, SandboxSettings

from .support import Api

# A project of its own, whose tests run in a process of their own.
collect_ignore = ["own_dag"]


@pytest.fixture(scope="session")
def runway_sandbox_settings() -> SandboxSettings:
    return SandboxSettings(seconds=0, video_scale=0.1)


@pytest.fixture
def api(runway_sandbox: Sandbox) -> Iterator[Api]:
    api = Api(runway_sandbox)
    yield api
    api.http.close()
