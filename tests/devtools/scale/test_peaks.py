from __future__ import annotations

import os
import socket
from pathlib import Path

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


def test_a_process_that_has_ended_has_no_memory() -> None:
    assert memory([2**22 + 1]) == 0
    assert memory([os.getpid()]) > 2**20
