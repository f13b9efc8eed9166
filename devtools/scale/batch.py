"""`make batch`: a thousand videos as one mapped task of a real Airflow, at the true limit of 20 in 10 seconds.

No task may fail or use a retry. The sandbox counts how many POSTs were sent for them and when the last was taken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from typing import Any, Final

import httpx

from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT, SUBMISSION_WINDOW
from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from devtools.showcase import ROOT, Clock
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import ProcessDiedError

HOME: Final = ROOT / ".batch"
DAGS: Final = ROOT / "devtools/scale/dags" / "batch"
DAG_ID: Final = "large_batch"
MOST_POSTS: Final = 1.2
LONGEST: Final = 1.15


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description="A large batch of videos at the true limit, in a real Airflow.")
    parser.add_argument("--videos", type=int, default=1000, help="how many, 1000 by default")
    options = parser.parse_args()
    shutil.rmtree(HOME, ignore_errors=True)
    settings = SandboxSettings(seconds=7200, credits=10**9, submissions_per_window=SUBMISSION_LIMIT)
    try:
        with Sandbox(settings) as sandbox:
            env = {
                "AIRFLOW_CONN_RUNWAY_DEFAULT": sandbox.connection_json(),
                "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(1024, options.videos)),
                "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL": "",  # as it is where nobody has set it
                # The tasks that wait in the queue are triggers too.
                "AIRFLOW__TRIGGERER__CAPACITY": str(max(1000, options.videos)),
            }
            with AirflowStack(home=HOME / "airflow", dags=DAGS, env=env, parallelism=16) as airflow:
                return _run(Clock(), sandbox, airflow, options.videos)
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt could not be carried through. {error}", file=sys.stderr)
        return 1


def _run(clock: Clock, sandbox: Sandbox, airflow: AirflowStack, videos: int) -> int:
    rest = airflow.rest
    rest.unpause(DAG_ID)
    body: dict[str, Any] = {"logical_date": None, "conf": {"videos": videos}}
    run_id = str(rest.post(f"/api/v2/dags/{DAG_ID}/dagRuns", body)["dag_run_id"])
    imposed = videos / SUBMISSION_LIMIT * SUBMISSION_WINDOW
    deadline = time.monotonic() + 3 * imposed + 300
    while (state := rest.run_state(DAG_ID, run_id)) not in {"success", "failed"}:
        airflow.require_alive()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the run is still {state}")
        time.sleep(15)
        ledger = sandbox.read_ledger(requests=0)
        clock.say("submitted", f"{len(ledger.charges)} of {videos}, {ledger.codes.get('429', 0)} refused for the rate")
    ledger = sandbox.read_ledger(requests=0)
    seconds = ledger.charges[-1].at - ledger.charges[0].at
    posts, share = ledger.counts["submit"] / videos, seconds / imposed
    paid = ledger.charges_by_prompt()
    once = len(paid) == videos and set(paid.values()) == {1}
    print(
        f"\n{videos} videos in a real Airflow: the run is a {state}, {posts:.3f} POSTs a video ({MOST_POSTS} allowed), "
        f"{seconds:.0f} s from the first to the last, {share:.3f} of what the limit imposes ({LONGEST} allowed), "
        f"{'each paid once' if once else 'NOT each paid once'}."
    )
    return 0 if state == "success" and once and posts <= MOST_POSTS and share <= LONGEST else 1


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
