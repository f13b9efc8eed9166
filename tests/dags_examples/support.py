"""Where the examples are, a content management system for them to talk to, and a person who answers them."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from airflow.models.dagrun import DagRun
from typing_extensions import Self

EXAMPLES = Path(__file__).parents[2] / "dags_examples"

RunDag = Callable[..., DagRun]


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    body: Any


@dataclass
class Cms:
    """Keeps what it is sent; listens on a free port of this machine within a `with` block.

    :param received: the requests, oldest first.
    """

    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                length = int(self.headers["Content-Length"])
                received.append(Received(self.command, self.path, json.loads(self.rfile.read(length))))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def connection_json(self) -> str:
        """The Airflow connection to it."""
        return json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": self._server.server_port})


@dataclass
class Asked:
    """What a person is shown."""

    subject: str = ""
    body: str | None = None


@contextmanager
def person(answer: str) -> Iterator[Asked]:
    """Somebody who answers, over Airflow's REST API, the first question that a run of the block asks."""
    asked, over, failed = Asked(), threading.Event(), list[Exception]()

    def wait_and_answer() -> None:
        while not over.wait(0.2):
            try:
                if _answered(answer, asked):
                    return
            except Exception as error:  # noqa: BLE001 - raised in the test
                failed.append(error)
                _leave_it_failed()
                return

    thread = threading.Thread(target=wait_and_answer, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()
        if failed:
            raise failed[0]


def _answered(answer: str, asked: Asked) -> bool:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.common.dagbag import create_dag_bag
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail  # 3.4 also wants a bag of DAGs
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    given: dict[str, Any] = (
        {"dag_bag": create_dag_bag()} if "dag_bag" in inspect.signature(update_hitl_detail).parameters else {}
    )
    with create_session(scoped=False) as session:
        for question in session.scalars(select(HITLDetail).where(HITLDetail.responded_at.is_(None))):
            task = question.task_instance
            if task.state == "awaiting_input":
                asked.subject, asked.body = question.subject, question.body
                update_hitl_detail(
                    dag_id=task.dag_id,
                    dag_run_id=task.run_id,
                    task_id=task.task_id,
                    update_hitl_detail_payload=UpdateHITLDetailPayload(chosen_options=[answer]),
                    user=SimpleAuthManagerUser(username="editor", role="admin"),
                    session=session,
                    **given,
                )
                return True
    return False


def _leave_it_failed() -> None:
    """End the run of a question that could not be answered, which would wait for ever."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    with create_session(scoped=False) as session:
        session.execute(update(TaskInstance).where(TaskInstance.state == "awaiting_input").values(state="failed"))
