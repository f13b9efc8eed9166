"""`make waits`: a thousand tasks wait in one real triggerer at once; its log says whether they kept it from its work.

The tasks of a real Airflow are brought to wait one by one, which takes some three minutes on two cores. They then wait
together for two minutes; at the end all their videos are ready at the same moment.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from devtools.scale.peaks import memory
from devtools.showcase import ROOT, Clock
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import ProcessDiedError, members

if TYPE_CHECKING:
    from collections.abc import Callable

    from devtools.stack.airflow_rest import AirflowRest

HOME: Final = ROOT / ".waits"
DAGS: Final = ROOT / "devtools/scale/dags" / "waits"
DAG_ID: Final = "waits"
# How Airflow says that something has kept the triggerer's event loop.
BLOCKED: Final = "async thread was blocked"
LONGEST: Final = 1800.0


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description="Many tasks wait in one real triggerer at once.")
    parser.add_argument("--waits", type=int, default=1000, help="tasks, 1000 by default")
    parser.add_argument("--seconds", type=float, default=120, help="seconds that they wait together, 120 by default")
    options = parser.parse_args()
    shutil.rmtree(HOME, ignore_errors=True)
    clock = Clock()
    settings = SandboxSettings(
        seconds=LONGEST * 2, credits=10**9, submissions_per_window=10**6, video_scale=0.1, ledger_requests_kept=10
    )
    try:
        with Sandbox(settings) as sandbox:
            ids = _submit(sandbox, options.waits)
            env = {
                "AIRFLOW_CONN_RUNWAY_DEFAULT": sandbox.connection_json(),
                "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(1024, options.waits)),
                "AIRFLOW__TRIGGERER__CAPACITY": str(max(1000, options.waits)),
            }
            with AirflowStack(home=HOME / "airflow", dags=DAGS, env=env, parallelism=8) as airflow:
                return _wait(clock, sandbox, airflow, ids, options.seconds)
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt could not be carried through. {error}", file=sys.stderr)
        return 1


def _submit(sandbox: Sandbox, number: int) -> list[str]:
    request = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")
    with KieClient(Address(api_key=sandbox.key, base_url=sandbox.url)) as kie:
        return [kie.submit(request) for _ in range(number)]


def _wait(clock: Clock, sandbox: Sandbox, airflow: AirflowStack, ids: list[str], seconds: float) -> int:
    rest, number = airflow.rest, len(ids)
    rest.unpause(DAG_ID)
    body: dict[str, Any] = {"logical_date": None, "conf": {"ids": ids}}
    run_id = str(rest.post(f"/api/v2/dags/{DAG_ID}/dagRuns", body)["dag_run_id"])
    _until(clock, airflow, run_id, lambda waiting: waiting >= number)
    clock.say("all wait", f"{number} tasks are deferred; for {seconds:.0f} s nothing else happens")
    looks, used = _looks(sandbox), _processor_time(airflow)
    time.sleep(seconds)
    looks, used = _looks(sandbox) - looks, _processor_time(airflow) - used
    used_memory = memory(members(airflow.pid("triggerer")))
    clock.say(
        "waited", f"{looks} looks, {looks / seconds:.1f} a second; the triggerer used {used / seconds:.1%} of a core"
    )
    sandbox.advance(LONGEST * 3)
    clock.say("sandbox", "all videos are ready now")
    _until(clock, airflow, run_id, lambda waiting: waiting == 0)
    said = airflow.log("triggerer").read_text(errors="replace").splitlines()
    blocked = [line for line in said if BLOCKED in line]
    failed = _count(rest, run_id, "failed")
    print(
        f"\n{number} tasks waited at once: {looks / seconds:.1f} looks a second, {used / max(looks, 1) * 1000:.2f} ms "
        f"of the triggerer's processor time each (Airflow's own included), {used_memory / 2**20:.0f} MiB in all, "
        f"{len(blocked)} times blocked, {failed} tasks failed."
    )
    for line in blocked:
        print(f"  {line}")
    return 0 if not failed else 1


def _until(clock: Clock, airflow: AirflowStack, run_id: str, is_enough: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    said = 0.0
    while True:
        waiting = _count(airflow.rest, run_id, "deferred")
        if is_enough(waiting):
            return
        airflow.require_alive()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{waiting} tasks wait after {LONGEST:.0f} s")
        if time.monotonic() - said > 30:
            said = time.monotonic()
            clock.say("deferred", str(waiting))
        time.sleep(2)


def _count(rest: AirflowRest, run_id: str, state: str) -> int:
    path = f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances"
    return int(rest.get(path, state=state, limit=1)["total_entries"])


def _looks(sandbox: Sandbox) -> int:
    return int(sandbox.read_ledger(requests=0).counts.get("record", 0))


def _processor_time(airflow: AirflowStack) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in members(airflow.pid("triggerer")))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
