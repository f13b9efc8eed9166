"""The ``runway_sandbox`` fixture, at hand in every project that has the provider installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_runway.sandbox.local import Sandbox
    from airflow_provider_runway.sandbox.settings import SandboxSettings


@pytest.fixture(scope="session")
def runway_sandbox_settings() -> SandboxSettings:
    """The settings that each test begins with; override this fixture to have others."""
    from airflow_provider_runway.sandbox.settings import SandboxSettings

    return SandboxSettings(seconds=0.2, video_scale=0.25)


@pytest.fixture(scope="session")
def _runway_sandbox_server(runway_sandbox_settings: SandboxSettings) -> Iterator[Sandbox]:
    from airflow_provider_runway.sandbox.local import Sandbox

    with Sandbox(runway_sandbox_settings) as sandbox:
        yield sandbox


@pytest.fixture
def runway_sandbox(_runway_sandbox_server: Sandbox) -> Sandbox:
    """KIE.AI played locally: one server for the whole run, as good as new for each test."""
    _runway_sandbox_server.reset()
    return _runway_sandbox_server
