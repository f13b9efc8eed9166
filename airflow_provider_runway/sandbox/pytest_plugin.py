"""The ``runway_sandbox`` fixture, at hand in every project that has the provider installed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_runway.sandbox.local import Sandbox
    from airflow_provider_runway.sandbox.settings import SandboxSettings


@pytest.fixture(scope="session")
def runway_sandbox_settings() -> SandboxSettings:
    """The settings that each test begins with; override this fixture to have others."""
    from airflow_provider_runway.sandbox.settings import SandboxSettings

    return SandboxSettings(seconds=0.2, video_scale=0.25)


@pytest.fixture(scope="session")
def _runway_sandbox_servers() -> Iterator[Callable[[SandboxSettings], Sandbox]]:
    """One server for each settings that tests ask for, be they overridden in one folder or in one file."""
    from airflow_provider_runway.sandbox.local import Sandbox

    servers: list[tuple[SandboxSettings, Sandbox]] = []

    def serve(settings: SandboxSettings) -> Sandbox:
        for known, sandbox in servers:
            if known == settings:
                return sandbox
        servers.append((settings, stack.enter_context(Sandbox(settings))))
        return servers[-1][1]

    with ExitStack() as stack:
        yield serve


@pytest.fixture
def runway_sandbox(
    _runway_sandbox_servers: Callable[[SandboxSettings], Sandbox],
    runway_sandbox_settings: SandboxSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> Sandbox:
    """KIE.AI played locally: one server for the whole run, as good as new for each test."""
    # There is no busy scheduler in a test that a wait would have to be long for.
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", "0")
    monkeypatch.setattr("airflow_provider_runway.kie.seconds.SHORTEST_POLL_INTERVAL", 0.01)
    sandbox = _runway_sandbox_servers(runway_sandbox_settings)
    sandbox.reset()
    return sandbox
