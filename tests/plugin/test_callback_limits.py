from __future__ import annotations

import pytest

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.errors import ConnectionSettingsError
from airflow_provider_runway.plugin.callback_limits import Connections, Permits, TooManyError


class World:
    """A clock, and connections that are read."""

    def __init__(self, permits: int = 1000) -> None:
        self.now, self.reads = 0.0, list[str]()
        self.known: set[str] | None = None
        self.connections = Connections(self.read, Permits(0.0, permits, self.clock), self.clock)

    def clock(self) -> float:
        return self.now

    def read(self, conn_id: str) -> Settings:
        self.reads.append(conn_id)
        if self.known is not None and conn_id not in self.known:
            raise ConnectionSettingsError("There is none.")
        return Settings(address=Address(api_key="k3y-of-mine"), upload_address=None)


def test_permits_come_back_at_their_pace_and_never_more_than_at_first() -> None:
    world = World()
    permits = Permits(2.0, 3, world.clock)
    for _ in range(3):
        permits.take()
    with pytest.raises(TooManyError):
        permits.take()
    world.now = 0.5
    permits.take()
    with pytest.raises(TooManyError):
        permits.take()
    world.now = 1000.0
    for _ in range(3):
        permits.take()
    with pytest.raises(TooManyError):
        permits.take()


def test_a_connection_is_read_once_a_minute() -> None:
    world = World()
    assert world.connections.at_hand("mine") is None
    first = world.connections.look_up("mine")
    world.now = 59.0
    assert world.connections.at_hand("mine") is world.connections.look_up("mine") is first
    world.now = 60.0
    assert world.connections.at_hand("mine") is None
    world.connections.look_up("mine")
    assert world.reads == ["mine", "mine"]


def test_a_connection_that_is_gone_is_good_no_longer() -> None:
    world = World()
    world.connections.look_up("mine")
    world.now, world.known = 60.0, set()
    with pytest.raises(ConnectionSettingsError):
        world.connections.look_up("mine")
    assert world.connections.at_hand("mine") is None


def test_where_others_ask_for_too_many_one_that_was_good_goes_on_being_used() -> None:
    world = World(permits=1)
    mine = world.connections.look_up("mine")
    world.now = 60.0
    with pytest.raises(TooManyError):
        world.connections.look_up("another")
    assert world.connections.look_up("mine") is mine


def test_no_more_than_a_hundred_are_kept() -> None:
    world = World()
    for number in range(150):
        world.connections.look_up(f"conn_{number}")
    assert [number for number in range(150) if world.connections.at_hand(f"conn_{number}")] == [*range(50, 150)]


@pytest.mark.parametrize("conn_id", ["", " ", "a b", "../x", "a" * 251, "a\n", "\x00"])
def test_what_can_be_no_connection_is_not_looked_for(conn_id: str) -> None:
    world = World()
    with pytest.raises(ConnectionSettingsError):
        world.connections.look_up(conn_id)
    assert world.reads == []
