"""The most of what a running Airflow uses, looked at every few seconds."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import psutil

from devtools.stack.postgres import plain
from devtools.stack.processes import members

if TYPE_CHECKING:
    from typing_extensions import Self

    from devtools.stack.airflow_stack import AirflowStack

_PAUSE: Final = 5.0
_CLIENTS: Final = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"


class Peaks(threading.Thread):
    """Watches until it is left: `with Peaks(...) as peaks`.

    :param airflow: what is watched.
    :param service_port: the port by which it talks to the service.
    """

    def __init__(self, airflow: AirflowStack, service_port: int) -> None:
        super().__init__(name="peaks", daemon=True)
        self.sockets = 0
        self.triggerer_sockets = 0
        self.triggerer_bytes = 0
        self.database_connections = 0
        self._airflow = airflow
        self._port = service_port
        self._over = threading.Event()
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        self.join()
        if self._error is not None and kind is None:
            raise self._error

    def run(self) -> None:
        """Look until it is over, or cannot go on: figures of a part of the time would pass for those of all of it."""
        try:
            while not self._over.wait(_PAUSE):
                self._look()
        except Exception as error:  # noqa: BLE001 - raised again where it is left
            self._error = error

    def _look(self) -> None:
        by_process = Counter(
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_ESTABLISHED and getattr(each.raddr, "port", None) == self._port
        )
        everywhere = 0
        for component in self._airflow.components:
            with suppress(RuntimeError):  # it is being started again
                pids = members(self._airflow.pid(component))
                sockets = sum(by_process[pid] for pid in pids)
                everywhere += sockets
                if component.startswith("triggerer"):
                    self.triggerer_sockets = max(self.triggerer_sockets, sockets)
                    self.triggerer_bytes = max(self.triggerer_bytes, memory(pids))
        self.sockets = max(self.sockets, everywhere)
        if self._airflow.database:
            self.database_connections = max(self.database_connections, _clients(self._airflow.database))


def memory(pids: list[int]) -> int:
    """Bytes that processes have in memory, those that they share counted for each."""
    total = 0
    for pid in pids:
        with suppress(psutil.Error):
            total += psutil.Process(pid).memory_info().rss
    return total


def _clients(url: str) -> int:
    """Connections to a PostgreSQL, less the one that asks."""
    import psycopg2

    connection = psycopg2.connect(plain(url))
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CLIENTS)
            return int(cursor.fetchone()[0]) - 1
    finally:
        connection.close()
