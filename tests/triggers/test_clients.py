from __future__ import annotations

import asyncio
import json
import threading

import pytest

from airflow_provider_runway.exceptions import ConnectionSettingsError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.client import AsyncKieClient
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers import clients
from airflow_provider_runway.triggers.clients import _SHARED, shared_client
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[AsyncKieClient]:
    """The clients that were built."""
    made, build = list[AsyncKieClient](), clients._open

    async def note(runway_conn_id: str) -> AsyncKieClient:
        await asyncio.sleep(0.01)
        made.append(await build(runway_conn_id))
        return made[-1]

    monkeypatch.setattr(clients, "_open", note)
    return made


async def use(moment: float = 0.05, conn_id: str = "runway_default") -> AsyncKieClient:
    async with shared_client(conn_id) as client:
        await asyncio.sleep(moment)
        return client


def test_all_that_wait_on_one_loop_share_one_client_which_the_last_one_closes(
    kie: Sandbox, opened: list[AsyncKieClient]
) -> None:
    async def many() -> None:
        async with shared_client("runway_default") as client:
            used = await asyncio.gather(*(use() for _ in range(50)))
            assert all(each is client for each in used)
            assert await client.credits() == 5000
            http = client._reading
            assert not http.is_closed
        assert http.is_closed

    asyncio.run(many())

    assert len(opened) == 1
    assert _SHARED == {}


def test_a_hundred_triggers_wait_over_one_client(kie: Sandbox, opened: list[AsyncKieClient]) -> None:
    kie.configure(seconds=1, submissions_per_window=1000)
    with RunwayHook() as hook:
        request = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")
        task_ids = [hook.submit(request) for _ in range(100)]

    async def all_of_them() -> list[str]:
        triggers = [
            RunwayVideoTrigger("runway_default", task_id, poll_interval=0.3, deadline=10_000_000_000.0)
            for task_id in task_ids
        ]
        return await asyncio.gather(*map(first, triggers))

    async def first(trigger: RunwayVideoTrigger) -> str:
        [event] = [event async for event in trigger.run()]
        return str(event.payload["state"])

    assert asyncio.run(all_of_them()) == ["success"] * 100
    assert len(opened) == 1


def test_each_connection_has_its_own_client(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, opened: list[AsyncKieClient]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", kie.connection_json())

    async def both() -> None:
        one, other = await asyncio.gather(use(), use(conn_id="other"))
        assert one is not other

    asyncio.run(both())

    assert len(opened) == 2
    assert _SHARED == {}


def test_each_loop_has_its_own_client(kie: Sandbox, opened: list[AsyncKieClient]) -> None:
    loops = [threading.Thread(target=lambda: asyncio.run(use(0.2))) for _ in range(2)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()

    assert len(opened) == 2
    assert _SHARED == {}


def test_one_that_comes_after_the_last_has_left_gets_a_new_client_and_the_connection_as_it_is_then(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, opened: list[AsyncKieClient]
) -> None:
    async def one_after_the_other() -> None:
        await use()
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "an0ther-key"))
        assert (await use()).address.api_key == "an0ther-key"

    asyncio.run(one_after_the_other())

    assert len(opened) == 2


def test_a_connection_that_cannot_work_is_said_to_each_and_nothing_is_kept(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway"}))

    async def many() -> list[object]:
        return await asyncio.gather(*(use() for _ in range(5)), return_exceptions=True)

    outcomes = asyncio.run(many())

    assert [type(each) for each in outcomes] == [ConnectionSettingsError] * 5
    assert _SHARED == {}


def test_when_the_one_that_opens_is_cancelled_the_next_one_opens(kie: Sandbox, opened: list[AsyncKieClient]) -> None:
    async def cancel_the_first() -> AsyncKieClient:
        first, second = asyncio.create_task(use()), asyncio.create_task(use())
        await asyncio.sleep(0)
        first.cancel()
        return await second

    client = asyncio.run(cancel_the_first())

    assert opened == [client]
    assert _SHARED == {}


def test_a_client_in_the_triggerer_talks_over_aiohttp(kie: Sandbox) -> None:
    async def transport() -> str:
        async with shared_client("runway_default") as client:
            return type(client._transport).__module__.split(".")[0]

    assert asyncio.run(transport()) == "httpx_aiohttp"
