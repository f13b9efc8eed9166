"""`make demo FILM=1`: a film of three shots with sound and captions, in two formats, in a real Airflow."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from devtools.demo import Clip, DemoFailedError, run_dag, show_clip, show_cost
from devtools.showcase import HOME, VIDEOS, Clock, running
from devtools.stack.airflow_home import LOOPBACK
from devtools.stack.processes import ProcessDiedError

if TYPE_CHECKING:
    from devtools.stack.airflow_rest import AirflowRest, TaskInstance

DAG_ID: Final = "runway_film"
LOGO: Final = VIDEOS / "logo.png"
RECORDS: Final = HOME / "records"
# Credits that the demo may cost a day.
BUDGET: Final = 2000
# Seconds from a question to its answer: Airflow 3.3.2 fails a task that is answered while it begins to wait.
THINKING: Final = 5
ASKING: Final = {"awaiting_input", "deferred"}


def main() -> int:
    """Run the demo; returns the exit code."""
    print("A film of three shots with voice, music, captions and a logo, in two formats, in a real Airflow.\n")
    clock = Clock()
    try:
        with poster() as (connection, received):
            RECORDS.mkdir(parents=True, exist_ok=True)
            budget = {"AIRFLOW__RUNWAY__RECORDS": str(RECORDS), "AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT": str(BUDGET)}
            with running(clock, {**environment(connection), **budget}) as (service, airflow):
                clock.say("poster", "a stand-in on this machine: nothing leaves it")
                results = make(airflow.rest, clock)
                films = [Clip.read(file) for file in files_of(results)]
                clock.say("airflow", "stopping")
    except (DemoFailedError, ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything has been stopped.", file=sys.stderr)
        return 130
    print()
    for film in films:
        show_clip("Film", film)
    print(f"Posted {len(received)} films, {sum(received) / 1024:,.0f} KiB with their fields")
    show_cost(results, is_real=service.is_real)
    return 0


def environment(poster: str) -> dict[str, str]:
    """What Airflow is told besides: whom to post with, and the logo, which is drawn.

    :param poster: the connection.
    """
    _draw_logo()
    return {"AIRFLOW_CONN_POSTER": poster, "AIRFLOW_VAR_RUNWAY_LOGO": f"file://{LOGO}"}


def make(rest: AirflowRest, clock: Clock) -> dict[str, Mapping[str, Any]]:
    """Run the example, and approve; what its tasks returned, by their names."""
    return run_dag(rest, clock, DAG_ID, lambda task: _approve(rest, clock, task))


def _draw_logo() -> None:
    """A ring with a dot."""
    from PIL import Image, ImageDraw

    LOGO.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((16, 16, 240, 240), outline="white", width=24)
    pen.ellipse((88, 88, 168, 168), fill="#7c5cff")
    picture.save(LOGO)


@contextmanager
def poster() -> Iterator[tuple[str, list[int]]]:
    """A service that takes posts and shows them to nobody: its connection, and the bytes of what it was sent."""
    received: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            left = size = int(self.headers["Content-Length"])
            while left and (piece := self.rfile.read(min(left, 65_536))):
                left -= len(piece)
            if not left:
                received.append(size)
                self._answer(201, {"url": f"https://poster.example/{len(received)}"})

        def do_GET(self) -> None:
            self._answer(200, [])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

        def _answer(self, status: int, said: Any) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = {"conn_type": "http", "host": LOOPBACK, "port": server.server_port}
        yield json.dumps({**connection, "extra": {"Authorization": "Bearer of-the-demo"}}), received
        server.shutdown()


def files_of(results: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    """Where the films are, the wide one first."""
    found = {task: result["path"] for task, result in results.items() if task.startswith("films")}
    if not found:
        raise DemoFailedError("The run succeeded, and no task has made a film.")
    return [Path(path.removeprefix("file://")) for _, path in sorted(found.items())]


def _approve(rest: AirflowRest, clock: Clock, task: TaskInstance) -> None:
    """Answer the question, as a person would in the UI."""
    if task.task_id != "approve" or task.state not in ASKING:
        return
    clock.say("approve", f"asks a person; this command approves for you, over Airflow's REST API, in {THINKING} s")
    time.sleep(THINKING)
    path = f"/api/v2/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}/{task.map_index}/hitlDetails"
    rest.request("PATCH", path, json={"chosen_options": ["Approve"], "params_input": {}})


if __name__ == "__main__":
    sys.exit(main())
