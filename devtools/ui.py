"""`make ui`: Airflow with every example loaded, and the service played locally, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

import httpx

from devtools.showcase import EXAMPLES, Clock, running
from devtools.stack.processes import ProcessDiedError

if TYPE_CHECKING:
    from devtools.showcase import Service
    from devtools.stack.airflow_rest import AirflowRest
    from devtools.stack.airflow_stack import AirflowStack


# The examples that need neither a person nor a file nor a clock, and so fill the gallery.
GALLERY: Final = ("runway_extend_chain", "runway_batch", "runway_taskflow")


def main() -> int:
    """Start everything and stay; returns the exit code."""
    print("Airflow with all examples. The first start takes half a minute.\n")
    clock = Clock()
    try:
        with running(clock) as (service, airflow):
            load_examples(airflow.rest, clock, unpause=not service.is_real)
            if not service.is_real:
                fill_gallery(airflow.rest)
            _explain(airflow, service)
            _stay(airflow, service)
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt has stopped. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


def load_examples(rest: AirflowRest, clock: Clock, *, unpause: bool, timeout: float = 60) -> None:
    """Wait until every file with a DAG has been read; let the DAGs run, but for those that a clock would start."""
    ignored = (EXAMPLES / ".airflowignore").read_text().splitlines()
    files = [file for file in EXAMPLES.glob("*.py") if file.name not in ignored]
    expected = sum(1 for file in files if "DAG(" in (text := file.read_text()) or "@dag" in text)
    deadline = time.monotonic() + timeout
    while len(dags := rest.dags()) + len(errors := rest.import_errors()) < expected and time.monotonic() < deadline:
        time.sleep(0.5)
    for name, trace in errors.items():
        clock.say("not loaded", f"{name}\n{trace}")
    for dag in dags:
        if unpause and not dag.runs_by_clock:
            rest.unpause(dag.dag_id)
    clock.say("examples", f"{len(dags)} loaded")


def fill_gallery(rest: AirflowRest) -> None:
    """Have examples make their videos, those that no earlier start has had."""
    for dag_id in GALLERY:
        if not rest.run_ids(dag_id):
            rest.trigger(dag_id)


def _explain(airflow: AirflowStack, service: Service) -> None:
    print(f"\n  Open    {airflow.url}/plugin/runway-videos")
    print("  Try     Dags > runway_extend_chain > Trigger; then click a task for its log, links and result")
    print("  Paid    " + ("by the account of your connection" if service.is_real else "nothing: the videos are local"))
    print("  Stop    Ctrl-C, here\n", flush=True)


def _stay(airflow: AirflowStack, service: Service) -> None:
    while True:
        airflow.require_alive()
        service.require_alive()
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
