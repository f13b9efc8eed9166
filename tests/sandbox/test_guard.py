"""A page of the internet that is open on this machine, and a name that leads here, do not reach the sandbox."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_runway.sandbox import Sandbox, SandboxSettings

from .support import Api

PATHS = ["/_sandbox/ledger", "/_sandbox/settings", "/logs", "/api/v1/chat/credit", "/media/x.mp4"]


def asked(sandbox: Sandbox, path: str, **headers: str) -> int:
    """The status of the answer."""
    return httpx.get(f"{sandbox.url}{path}", headers=headers, trust_env=False, verify=False).status_code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", "", "127.0.0.1@x"])
def test_it_is_not_asked_by_a_name_that_is_not_its_own(runway_sandbox: Sandbox, path: str, host: str) -> None:
    assert asked(runway_sandbox, path, host=host) in {400, 403}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8123"])
def test_it_is_asked_by_the_names_of_this_machine(runway_sandbox: Sandbox, host: str) -> None:
    assert asked(runway_sandbox, "/_sandbox/health", host=host) == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1.evil.example"])
def test_pages_from_elsewhere_do_not_steer_it(runway_sandbox: Sandbox, origin: str) -> None:
    fault = f"{runway_sandbox.url}/_sandbox/faults"
    reply = httpx.post(fault, content=b'{"action":"refuse"}', headers={"origin": origin}, trust_env=False, verify=False)

    assert reply.status_code == 403
    assert runway_sandbox.faults == []


def test_pages_of_this_machine_do(runway_sandbox: Sandbox) -> None:
    assert asked(runway_sandbox, "/_sandbox/health", origin=runway_sandbox.url) == 200
    assert asked(runway_sandbox, "/_sandbox/health", origin="http://localhost:3000") == 200


def test_a_public_address_is_a_name_of_its_own(runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(public_url="https://runway.internal/play")

    assert asked(runway_sandbox, "/_sandbox/health", host="runway.internal") == 200
    assert asked(runway_sandbox, "/_sandbox/health", host="runway.internal", origin="https://runway.internal") == 200
    assert asked(runway_sandbox, "/_sandbox/health", host="other.internal") == 403


def test_by_every_name_is_not_by_every_page() -> None:
    with Sandbox(SandboxSettings(hosts=("*",))) as sandbox:
        assert asked(sandbox, "/_sandbox/health", host="runway.internal") == 200
        assert asked(sandbox, "/_sandbox/health", host="runway.internal", origin="https://evil.example") == 403


@pytest.mark.parametrize("code", [413, 430, 531])
def test_codes_that_only_some_families_have_can_be_played(api: Api, runway_sandbox: Sandbox, code: int) -> None:
    from airflow_provider_runway.sandbox import Refuse

    runway_sandbox.fault(Refuse(code), on="submit")
    refused = api.generate()

    assert refused["code"] == code
    assert refused["msg"] not in {"", "error"}
