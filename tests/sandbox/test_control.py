from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from airflow_provider_runway.sandbox import Refuse, Sandbox, SandboxControl, SandboxSettings
from airflow_provider_runway.sandbox.state import SandboxState

from .support import Api


def test_a_sandbox_elsewhere_is_steered_like_one_here(api: Api, runway_sandbox: Sandbox) -> None:
    control = SandboxControl(f"{runway_sandbox.url}/", runway_sandbox.key)
    control.wait_until_ready()
    control.configure(seconds=60)
    control.fault(Refuse(500), on="submit", times=1)

    codes = [api.generate()["code"] for _ in range(2)]
    control.advance(60)

    assert codes == [500, 200]
    assert [task.phase for task in control.tasks] == ["succeeded"]
    assert control.ledger == runway_sandbox.ledger
    assert control.task(control.tasks[0].task_id) == control.tasks[0]
    assert control.connection_json() == runway_sandbox.connection_json()
    control.reset()
    assert (control.tasks, control.balance, control.faults) == ((), 5000, [])
    control.close()


def test_a_reset_brings_the_first_settings_back(runway_sandbox: Sandbox) -> None:
    before = runway_sandbox.settings
    runway_sandbox.configure(seconds=7, credits=1, keys=["other"], prices={"generate": 99})
    assert runway_sandbox.settings.prices.generate == 99
    runway_sandbox.reset()

    assert runway_sandbox.settings == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seconds", -1),
        ("seconds", "soon"),
        ("credits", True),
        ("colour", "red"),
        ("distribution", "uniform"),
        ("video_scale", 0),
        ("video_scale", 2),
        ("hosts", "*"),
        ("keys", []),
        ("keys", [""]),
        ("keys", "sandbox-key"),
        ("submissions_per_window", 0),
        ("prices", {"moon": 1}),
        ("prices", {"aleph": -1}),
        ("prices", None),
        ("seconds_by_prompt", {"x": -1}),
        ("seconds_by_prompt", 3),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(runway_sandbox: Sandbox, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name if value != {"moon": 1} else "moon"):
        runway_sandbox.configure(**{name: value})
    with pytest.raises(ValueError):  # noqa: PT011 - the message is checked above
        SandboxSettings().changed({name: value})


@pytest.mark.parametrize("name", ["seconds", "credits", "video_scale", "window_seconds", "sigma", "media_ttl"])
@pytest.mark.parametrize("value", [math.inf, math.nan, -math.inf])
def test_a_setting_is_a_number_to_reckon_with(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        SandboxSettings().changed({name: value})


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "60", True, None])
def test_the_clock_goes_forward_only(runway_sandbox: Sandbox, seconds: Any) -> None:
    steered = SandboxState(SandboxSettings()) if isinstance(seconds, float) else runway_sandbox

    with pytest.raises(ValueError, match="seconds"):
        steered.advance(seconds)


def test_the_settings_that_are_told_hold_no_key(runway_sandbox: Sandbox) -> None:
    changed = runway_sandbox.configure(keys=["a-true-key"], webhook_key="a-true-secret", seconds=3)
    told = httpx.get(f"{runway_sandbox.url}/_sandbox/settings", trust_env=False, verify=False).text

    assert "a-true" not in told + repr(changed) + repr(runway_sandbox.settings)
    assert runway_sandbox.settings.seconds == 3


def test_an_unknown_task_is_a_key_error(runway_sandbox: Sandbox) -> None:
    with pytest.raises(KeyError):
        runway_sandbox.task("nobody")


def test_what_is_no_control_is_not_found(runway_sandbox: Sandbox) -> None:
    reply = httpx.get(f"{runway_sandbox.url}/_sandbox/moon", trust_env=False, verify=False)

    assert (reply.status_code, list(reply.json())) == (404, ["error"])


def test_controls_need_no_key_and_do_not_show_in_the_ledger(runway_sandbox: Sandbox) -> None:
    assert runway_sandbox.health()["status"] == "ok"
    assert runway_sandbox.ledger.requests == ()


def test_nothing_answers_at_a_closed_port() -> None:
    control = SandboxControl("http://127.0.0.1:9")

    with pytest.raises(TimeoutError, match="no sandbox answers"):
        control.wait_until_ready(timeout=0)
    control.close()
