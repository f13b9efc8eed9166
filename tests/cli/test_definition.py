"""Which commands and options there are, and what they take."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.sandbox import Sandbox

from .support import Call, Done

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


@pytest.mark.parametrize("option", ["--save-to", "--image-url"])
@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_option_that_is_given_and_empty_is_refused_unpaid(call: Call, kie: Sandbox, option: str, value: str) -> None:
    done = call("generate", "A fox", "--yes", option, value)

    assert (done.code, done.out, kie.ledger.submissions) == (ExitCode.WRONG, "", ())


UNUSABLE = [
    (name, value)
    for name in ("--timeout", "--poll-interval")
    for value in ("-5", "0", "nan", "inf", "-inf", "1e999", "0x10", "ten", "")
] + [("--poll-interval", "0.99"), ("--poll-interval", "1e9")]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
@pytest.mark.parametrize("words", [("generate", "A fox", "--yes"), ("wait", "some-task")])
def test_a_time_that_nobody_can_wait_by_is_refused_before_anything_is_sent(
    call: Call, kie: Sandbox, words: tuple[str, ...], name: str, value: str
) -> None:
    done = call(*words, f"{name}={value}")

    assert done.code == ExitCode.WRONG
    assert name in done.err
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("quirk", ["-1", "0", "7", "5.0", "nan", ""])
def test_a_duration_that_nobody_makes_is_refused_before_anything_is_sent(call: Call, kie: Sandbox, quirk: str) -> None:
    assert call("generate", "A fox", "--yes", f"--duration={quirk}").code == ExitCode.WRONG
    assert kie.ledger.requests == ()


def test_a_second_is_the_shortest_pause(call: Call, kie: Sandbox, task_id: str) -> None:
    assert call("wait", task_id, "--poll-interval", "1").code == 0


def test_the_sandbox_has_its_own_options(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    assert call("sandbox", "--seconds", "-1") == Done(1, "", "seconds: -1.0 is below 0\n")


PROBE = """
import sys
import airflow.cli.cli_config
before = set(sys.modules)
import airflow_provider_runway.cli.definition as definition
definition.get_runway_cli_commands()
print(sorted({name for name in set(sys.modules) - before if not name.startswith("airflow_provider_runway")}))
"""


def test_declaring_the_commands_imports_nothing_else() -> None:
    """Airflow does it for every command of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=os.environ, capture_output=True, text=True, check=True, timeout=600
    )

    assert done.stdout.splitlines()[-1] == "[]"
