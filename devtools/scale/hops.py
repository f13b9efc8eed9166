"""`make hops`: videos that are ready after 3 s, at the limit, on a busy machine: the scheduler may fail no task.

A task that is back from the triggerer before the scheduler has noted that it had left is failed without an error in its
log. So many short waits beside two busy loops, without a retry, are what this is most likely in.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT
from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from devtools.showcase import ROOT, Clock
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import ProcessDiedError

HOME: Final = ROOT / ".hops"
DAGS: Final = ROOT / "devtools/scale/dags" / "hops"
DAG_ID: Final = "short_videos"
MOST_POSTS: Final = 1.1
OPTION: Final = "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL"


@dataclass(frozen=True)
class Outcome:
    """What came of one run.

    :param videos: how many were wanted.
    :param failed: tasks that have failed.
    :param retried: tasks that took more than one try.
    :param paid_twice: prompts that were paid more than once.
    :param unpaid: prompts that were not paid.
    :param posts: POSTs a video.
    :param seconds: from the first submission taken to the last.
    :param whole: seconds that the run took.
    """

    videos: int
    failed: int
    retried: int
    paid_twice: int
    unpaid: int
    posts: float
    seconds: float
    whole: float

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return not (self.failed or self.retried or self.paid_twice or self.unpaid) and self.posts <= MOST_POSTS


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description="Videos that are ready at once, beside busy loops.")
    parser.add_argument("--videos", type=int, default=200, help="how many at a time, 200 by default")
    parser.add_argument("--runs", type=int, default=3, help="how often, 3 times by default")
    parser.add_argument("--loops", type=int, default=2, help="busy loops beside it, 2 by default")
    parser.add_argument("--seconds", type=float, default=3, help="until a video is ready, 3 by default")
    parser.add_argument("--shortest", help="[runway] shortest_deferral in seconds; its default if left out")
    options = parser.parse_args()
    clock, outcomes = Clock(), list[Outcome]()
    try:
        with busy(options.loops):
            for number in range(options.runs):
                clock.say("run", f"{number + 1} of {options.runs}")
                outcomes.append(_one(clock, options.videos, options.seconds, options.shortest))
                clock.say("run", "as it must be" if outcomes[-1].holds else f"NOT as it must be: {outcomes[-1]}")
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt could not be carried through. {error}", file=sys.stderr)
        return 1
    print(table(outcomes))
    return 0 if all(outcome.holds for outcome in outcomes) else 1


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many processes that do nothing but keep a core busy, until the end of this context."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _one(clock: Clock, videos: int, seconds: float, shortest: str | None) -> Outcome:
    shutil.rmtree(HOME, ignore_errors=True)
    settings = SandboxSettings(seconds=seconds, video_scale=0.1, credits=10**9, submissions_per_window=SUBMISSION_LIMIT)
    with Sandbox(settings) as sandbox:
        env = {
            "AIRFLOW_CONN_RUNWAY_DEFAULT": sandbox.connection_json(),
            "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(1024, videos)),
            OPTION: shortest or "",
        }
        with AirflowStack(home=HOME / "airflow", dags=DAGS, env=env, parallelism=16, timeout=300) as airflow:
            return _run(clock, sandbox, airflow, videos)


def _run(clock: Clock, sandbox: Sandbox, airflow: AirflowStack, videos: int) -> Outcome:
    rest = airflow.rest
    rest.unpause(DAG_ID)
    body: dict[str, Any] = {"logical_date": None, "conf": {"videos": videos}}
    begun = time.monotonic()
    run_id = str(rest.post(f"/api/v2/dags/{DAG_ID}/dagRuns", body)["dag_run_id"])
    while (state := rest.run_state(DAG_ID, run_id)) not in {"success", "failed"}:
        airflow.require_alive()
        if time.monotonic() - begun > 120 + 10 * videos:
            raise TimeoutError(f"the run is still {state}")
        time.sleep(15)
        ledger = sandbox.read_ledger(requests=0)
        clock.say("submitted", f"{len(ledger.charges)} of {videos}, {ledger.codes.get('429', 0)} refused for the rate")
    whole = time.monotonic() - begun
    tasks = rest.task_instances(DAG_ID, run_id)
    ledger = sandbox.read_ledger(requests=0)
    paid: Counter[str] = Counter(ledger.charges_by_prompt())
    return Outcome(
        videos=videos,
        failed=sum(task.state != "success" for task in tasks),
        retried=sum(task.try_number > 1 for task in tasks),
        paid_twice=sum(times > 1 for times in paid.values()),
        unpaid=videos - len(paid),
        posts=ledger.counts["submit"] / videos,
        seconds=ledger.charges[-1].at - ledger.charges[0].at,
        whole=whole,
    )


def table(outcomes: list[Outcome]) -> str:
    """The outcomes, one a line."""
    heads = ("videos", "failed", "retried", "paid twice", "not paid", "POSTs a video", "submitted in s", "run s", "ok")
    rows = [
        (o.videos, o.failed, o.retried, o.paid_twice, o.unpaid, f"{o.posts:.3f}", f"{o.seconds:.0f}", f"{o.whole:.0f}",
         "yes" if o.holds else "NO")
        for o in outcomes
    ]  # fmt: skip
    lines = [heads, tuple("-" * len(head) for head in heads), *rows]
    return "\n" + "\n".join(
        "| " + " | ".join(f"{cell!s:>{len(head)}}" for cell, head in zip(line, heads, strict=True)) + " |"
        for line in lines
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
