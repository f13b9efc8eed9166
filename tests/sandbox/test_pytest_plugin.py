from __future__ import annotations

import pytest

from airflow_provider_runway.sandbox import Sandbox

from .support import Api

SEEN: list[str] = []


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_the_same_server_as_good_as_new(api: Api, runway_sandbox: Sandbox, turn: int) -> None:
    SEEN.append(runway_sandbox.url)
    assert not runway_sandbox.tasks
    assert runway_sandbox.settings.seconds == 0

    runway_sandbox.configure(seconds=9)
    api.made()

    assert len(set(SEEN)) == 1


def test_the_connection_points_to_the_sandbox_in_every_part(runway_sandbox: Sandbox) -> None:
    assert runway_sandbox.connection_json() == (
        f'{{"conn_type":"runway","host":"{runway_sandbox.url}","password":"sandbox-key",'
        f'"extra":{{"upload_url":"{runway_sandbox.url}"}}}}'
    )
