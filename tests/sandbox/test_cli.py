from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from airflow_provider_runway.sandbox import Sandbox, SandboxControl, SandboxError, SandboxSettings, server
from airflow_provider_runway.sandbox.cli import main

COMMAND = [sys.executable, "-W", "error", "-m", "airflow_provider_runway.sandbox"]


@contextmanager
def _running(*arguments: str, stop: signal.Signals = signal.SIGTERM) -> Iterator[tuple[SandboxControl, str]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        said = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C.\n"))
        match = re.search(r"ready at (\S+)", said)
        assert match
        control = SandboxControl(match[1])
        yield control, said
        control.close()
    finally:
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "Sandbox stopped.\n", "")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_how_to_use_it_and_ends_cleanly(stop: signal.Signals) -> None:
    with _running("--seconds", "0.5", "--credits", "70", "--key", "k1", "--key", "k2", stop=stop) as (control, said):
        found = re.search(r"export AIRFLOW_CONN_RUNWAY_DEFAULT='(.*)'", said)
        assert found
        connection = json.loads(found[1])
        reply = httpx.get(
            f"{control.url}/api/v1/chat/credit", headers={"Authorization": "Bearer k2"}, trust_env=False, verify=False
        )

        assert connection["conn_type"] == "runway"
        assert (connection["host"], connection["password"]) == (control.url, "k1")
        assert reply.json()["data"] == 70
        assert control.settings.seconds == 0.5


def test_tasks_and_books_outlive_the_process_with_a_state_file(tmp_path: Path) -> None:
    state = str(tmp_path / "state.jsonl")
    head = {"Authorization": "Bearer sandbox-key"}
    good = {"prompt": "keep me", "duration": 5, "quality": "720p", "aspectRatio": "1:1"}
    with _running("--state", state, "--seconds", "0") as (control, _):
        for body in (good, {**good, "prompt": "fails"}):
            if body["prompt"] == "fails":
                from airflow_provider_runway.sandbox import Fail

                control.fault(Fail("No"))
            httpx.post(f"{control.url}/api/v1/runway/generate", json=body, headers=head, trust_env=False, verify=False)
        before = control.ledger, control.tasks
    with (tmp_path / "state.jsonl").open("a") as file:
        file.write('{"id": "cut by a kill')

    with _running("--state", state) as (control, _):
        after = control.ledger, control.tasks
        assert (after[0].charges, after[0].refunds) == (before[0].charges, before[0].refunds)
        assert [task.phase for task in after[1]] == ["succeeded", "failed"]
        assert [task.task_id for task in after[1]] == [task.task_id for task in before[1]]
        control.reset()
        assert not Path(state).exists()


@pytest.mark.parametrize("content", ["no json\n", "{}\n", "[]\n", '{"id": "x", "fingerprint": "f"}\n', "7\n"])
def test_a_file_that_is_no_state_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    state = tmp_path / "state.jsonl"
    state.write_text(content)

    assert main(["--port", "0", "--state", str(state)]) == 1
    assert capsys.readouterr().err == f"{state} does not hold the state of a sandbox\n"
    assert state.read_text() == content


def test_a_taken_port_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert main(["--port", str(port)]) == 1
        with pytest.raises(SandboxError, match="Cannot listen"):
            Sandbox(port=port).start()

    said = capsys.readouterr().err
    assert said == f"Cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_missing_extra_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_NEEDED", ("av_is_not_here",))

    assert main(["--port", "0"]) == 1

    assert "pip install 'airflow-provider-runway[sandbox]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("seconds", "-1", "seconds: -1.0 is below 0"),
        ("seconds", "nan", "seconds: nan is below 0"),
        ("seconds", "inf", "seconds: inf is no number to reckon with"),
        ("credits", "inf", "credits: inf is no number to reckon with"),
        ("video-scale", "0", "video_scale: 0.0 is below 0.01"),
        ("port", "-1", "Cannot listen on 127.0.0.1:-1: a port is a number from 0 to 65535"),
        ("port", "70000", "Cannot listen on 127.0.0.1:70000: a port is a number from 0 to 65535"),
    ],
)
def test_a_bad_setting_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
) -> None:
    assert main([f"--{option}={value}"]) == 1
    assert capsys.readouterr().err == f"{said}\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_sandbox_that_a_network_reaches_says_so(host: str) -> None:
    if host == "::" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    command = [*COMMAND, "--port", "0", "--host", host]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    said = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C.\n"))
    match = re.search(r"ready at http://\S+:(\d+)", said)
    assert match
    reply = httpx.get(
        f"http://127.0.0.1:{match[1]}/_sandbox/health", headers={"host": "runway:1"}, trust_env=False, verify=False
    )
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)

    assert reply.status_code == 200
    assert err == (
        f"Warning: the sandbox listens on {host}. "
        "Whoever reaches this port can look into it and steer it, and needs no key to do so.\n"
    )


def test_a_sandbox_in_this_process_warns_too() -> None:
    with pytest.warns(UserWarning, match=r"listens on 0\.0\.0\.0"), Sandbox(host="0.0.0.0"):
        pass


def test_importing_the_package_or_its_pytest_plugin_brings_nothing_heavy_along() -> None:
    code = (
        "import sys, airflow_provider_runway.sandbox.pytest_plugin, airflow_provider_runway.sandbox\n"
        "heavy = ('airflow', 'fastapi', 'starlette', 'uvicorn', 'av', 'PIL', 'httpx')\n"
        "print([name for name in heavy if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert said.stdout == "[]\n"


def test_a_running_sandbox_needs_no_airflow(tmp_path: Path) -> None:
    code = (
        "import sys; from airflow_provider_runway.sandbox import Sandbox\n"
        "with Sandbox() as sandbox: sandbox.health()\n"
        "print([name for name in ('airflow', 'fastapi') if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)

    assert said.stdout == "[]\n"


def test_two_sandboxes_do_not_know_of_each_other() -> None:
    with Sandbox(SandboxSettings(credits=1)) as one, Sandbox(SandboxSettings(credits=2)) as other:
        assert (one.balance, other.balance) == (1, 2)
        assert one.url != other.url


def test_a_stopped_sandbox_does_not_answer() -> None:
    with Sandbox() as sandbox:
        url = sandbox.url

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/_sandbox/health", trust_env=False, verify=False)
