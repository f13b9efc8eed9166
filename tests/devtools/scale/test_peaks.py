from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from devtools.scale import peaks as watching
from devtools.scale.peaks import Peaks, memory
from devtools.stack.airflow_stack import AirflowStack


class Myself(AirflowStack):
    """An Airflow whose only running component is this process."""

    def pid(self, component: str) -> int:
        if component == "triggerer-2":
            return os.getsid(0)
        raise RuntimeError(f"{component} has not been started")


def test_sockets_to_the_service_and_memory_are_those_of_a_triggerer_and_all_that_it_has_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service, socket.create_server(("127.0.0.1", 0)) as other:
        clients = [socket.create_connection(each.getsockname()) for each in (service, service, other)]
        peaks = Peaks(Myself(home=tmp_path, dags=tmp_path, triggerers=2), service.getsockname()[1])

        peaks._look()
        clients[0].close()
        peaks._look()

        for client in clients:
            client.close()
    assert (peaks.sockets, peaks.triggerer_sockets) == (2, 2)
    assert peaks.triggerer_bytes >= memory([os.getpid()]) // 2
    assert peaks.database_connections == 0


def test_a_look_that_cannot_be_made_ends_the_run_rather_than_leave_figures_of_a_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    def gone(_url: str) -> int:
        looked.set()
        raise ConnectionError("no server there")

    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    monkeypatch.setattr(watching, "_clients", gone)
    airflow = Myself(home=tmp_path, dags=tmp_path, database="postgresql://nobody")

    with pytest.raises(ConnectionError, match="no server there"), Peaks(airflow, 1):
        assert looked.wait(30)


def test_a_process_that_has_ended_has_no_memory() -> None:
    assert memory([2**22 + 1]) == 0
    assert memory([os.getpid()]) > 2**20
