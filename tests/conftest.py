"""What all tests share: an Airflow home of their own, and KIE.AI played locally with its time in the test's hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
# Where there is none, the first command that a test starts would write all of Airflow's defaults down as settings.
(HOME / "airflow.cfg").touch()

# Airflow reads its environment when it is first imported, which is after this.
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW"))]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "airflow_runs" / "dags"),
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
}

from authorities import self_signed  # noqa: E402 - as are all below

# A client that trusts one authority is made twenty times faster than one that trusts the world's.
os.environ["SSL_CERT_FILE"] = str(self_signed(HOME))

from fakes import GivenTime  # noqa: E402 - imports Airflow
from hypothesis import HealthCheck, settings  # noqa: E402

from airflow_provider_runway.hooks.runway import RunwayHook  # noqa: E402
from airflow_provider_runway.sandbox import Sandbox  # noqa: E402

CONNECTION = "AIRFLOW_CONN_RUNWAY_DEFAULT"

# How many values each property is tried with: HYPOTHESIS=many for as many as find what a few miss.
EXAMPLES = {"few": 25, "many": 500}
BORNE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # a busy machine is slow
for name, number in EXAMPLES.items():
    settings.register_profile(name, max_examples=number, deadline=None, suppress_health_check=BORNE)
settings.load_profile(os.environ.get("HYPOTHESIS", "few"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In several processes: a file stays in one of them, and so do all real Airflows, which come first, one by one."""
    if config.getoption("loadgroup", default=False):
        for item in items:
            group = "stack" if item.get_closest_marker("stack") else item.path.relative_to(config.rootpath).as_posix()
            item.add_marker(pytest.mark.xdist_group(group))
        items.sort(key=lambda item: item.get_closest_marker("stack") is None)


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def runway_airflow_database() -> None:
    """Tests that need one have it copied from a template."""


@pytest.fixture
def runway_short_waits() -> None:
    """Pauses are what is tested here; see ``given_time``."""


@pytest.fixture
def kie(runway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with the default connection leading to it. A video takes a minute: see ``given_time``."""
    runway_sandbox.configure(seconds=60, video_scale=0.1)
    monkeypatch.setenv(CONNECTION, runway_sandbox.connection_json())
    return runway_sandbox


@pytest.fixture
def given_time(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> GivenTime:
    """Every pause of a hook, and of what uses one, passes at once, for them and for the sandbox alike."""
    time = GivenTime(kie.advance)
    monkeypatch.setattr(RunwayHook, "clock", time.clock)
    return time
