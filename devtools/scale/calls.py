"""`make calls`: KIE.AI's calls wake waiting tasks of a real Airflow; how soon, and at what cost in status requests.

The sandbox calls when a video is ready. At first the videos end one after the other; with `--burst` all at once, and a
quarter of the calls come twice; with `--kill` the API servers are killed while the calls come, and started again. The
books of the sandbox are compared with what each task has noted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import httpx

from airflow_provider_runway.sandbox import CallBack, Sandbox, SandboxSettings
from devtools.scale.figures import delays, middle_and_p95
from devtools.showcase import ROOT, Clock, ended_politely
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import CARELESS, can_run, postgres
from devtools.stack.processes import ProcessDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOME: Final = ROOT / ".calls"
DAGS: Final = ROOT / "devtools/scale/dags" / "paid_once"
DAG_ID: Final = "paid_once"
SECRET: Final = "whsec-of-the-sandbox"
# Seconds that a video takes: longer than a task has to have waited before it may be woken.
SECONDS: Final = 90.0
LONG: Final = 7200.0
MOST_POLLS: Final = 1.2
MOST_SECONDS: Final = 2.0
# Seconds until the API servers that were killed are started again.
AWAY: Final = 10.0


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make calls", description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=20, help="how many, 20 by default")
    parser.add_argument("--burst", action="store_true", help="all end at once, and a quarter of the calls come twice")
    parser.add_argument("--kill", action="store_true", help="kill the API servers while the calls come")
    parser.add_argument("--servers", type=int, default=2, help="API servers behind one address, 2 by default")
    given = parser.parse_args()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    try:
        with ended_politely(), ExitStack() as stack:
            holds = _Run(stack, given).run()
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt could not be carried through. {error}\nEverything is kept in {HOME}.", file=sys.stderr)
        return 1
    if holds:
        shutil.rmtree(HOME)
    return 0 if holds else 1


class _Run:
    def __init__(self, stack: ExitStack, given: argparse.Namespace) -> None:
        self._given, self._clock = given, Clock()
        settings = SandboxSettings(
            seconds=LONG if given.burst else SECONDS,
            distribution="fixed" if given.burst else "lognormal",
            video_scale=0.1,
            credits=10**9,
            webhook_key=SECRET,
            callback_retry=15.0,
            submissions_per_window=10**6,
            ledger_requests_kept=100_000,
        )
        self._sandbox = stack.enter_context(Sandbox(settings))
        if given.burst:
            self._sandbox.fault(CallBack("twice"), on="submit", probability=0.25)
        connection = json.loads(self._sandbox.connection_json())
        connection["extra"]["webhook_secret"] = SECRET
        prompts = HOME / "prompts.json"
        prompts.write_text(json.dumps([f"Video {number:04}: a lighthouse in fog" for number in range(given.videos)]))
        env = {
            "AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps(connection),
            "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(1024, given.videos)),
            "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL": "",  # as it is where nobody has set it
            "AIRFLOW__TRIGGERER__CAPACITY": str(max(1000, given.videos)),
            "CHAOS_PROMPTS": str(prompts),
            "CHAOS_VIDEOS": str(self._folder("videos")),
            "SCALE_RESUMED": str(self._folder("resumed")),
            "SCALE_TIMEOUT": str(LONG),  # in a burst, the first waits until the last has begun to
        }
        database = stack.enter_context(postgres(HOME / "postgres", CARELESS)) if can_run() else None
        self._airflow = stack.enter_context(
            AirflowStack(
                home=HOME / "airflow",
                dags=DAGS,
                env=env,
                database=database,
                parallelism=8,
                api_servers=given.servers if database else 1,
                callbacks=True,
                timeout=600,
            )
        )

    def run(self) -> bool:
        """Make the videos, and say what came of it: whether it is what is wanted."""
        airflow, videos = self._airflow, self._given.videos
        airflow.rest.unpause(DAG_ID)
        run_id = airflow.rest.trigger(DAG_ID)
        self._until(lambda: self._all_wait(run_id) or self._calls(), "all wait")
        if self._given.burst:
            time.sleep(35)  # as long as each has to have waited
            self._sandbox.advance(LONG)
            self._clock.say("sandbox", f"all {videos} videos are ready")
        if self._given.kill:
            self._kill()
        self._until(lambda: airflow.rest.run_state(DAG_ID, run_id) in {"success", "failed"}, "the run ends")
        tries = [each.try_number for each in airflow.rest.task_instances(DAG_ID, run_id)]
        return self._judge(airflow.rest.run_state(DAG_ID, run_id), tries)

    def _kill(self) -> None:
        servers = [name for name in self._airflow.components if name.startswith("api-server")]
        self._until(lambda: self._calls() >= self._given.videos // 4, "calls have come")
        for name in servers:
            self._airflow.kill(name)
        self._clock.say("killed", " and ".join(servers))
        time.sleep(AWAY)
        for name in servers:
            self._airflow.restart(name)
        self._clock.say("started", " and ".join(servers))

    def _judge(self, state: str, tries: list[int]) -> bool:
        ledger, given = self._sandbox.ledger, self._given
        index = {each.prompt: int(each.prompt[6:10]) for each in ledger.charges}
        of_task = {each.task_id: index[each.prompt] for each in ledger.charges}
        called: dict[int, float] = {}
        ahead = LONG if given.burst else 0.0  # by which the sandbox's clock was put forward
        for each in ledger.callbacks:
            if each.status == httpx.codes.OK:
                called.setdefault(of_task[each.task_id], each.at - ahead - 0.05)
        resumed = self._resumed()
        woken = delays(called, resumed)
        middle, p95 = middle_and_p95(woken)
        again = [sum(each >= at for each in resumed[number]) for number, at in called.items()]
        polls = ledger.counts.get("record", 0) / given.videos
        once = set(ledger.charges_by_prompt().values()) == {1} and len(ledger.charges) == given.videos
        statuses = sorted({each.status for each in ledger.callbacks})
        retried = sum(number > 1 for number in tries)
        print(
            f"\n{given.videos} videos, {len(ledger.callbacks)} calls, answered {statuses}; the run is a {state}, "
            f"{retried} tasks took more than one try, {'each' if once else 'NOT each'} paid once.\n"
            f"From the call to the task running again: {middle:.2f} s in the middle, {p95:.2f} s of 95 in 100. "
            f"{polls:.2f} status requests a video. After its call, {again.count(1)} of {len(again)} tasks ran once."
        )
        if state != "success" or not once or given.kill:
            return state == "success" and once
        holds = set(again) == {1} and len(called) == given.videos and polls <= MOST_POLLS and max(tries) == 1
        return holds and (given.burst or middle <= MOST_SECONDS)

    def _resumed(self) -> dict[int, list[float]]:
        return {
            int(file.name): [float(line) for line in file.read_text().split()] for file in (HOME / "resumed").iterdir()
        }

    def _calls(self) -> int:
        return sum(each.status == httpx.codes.OK for each in self._sandbox.read_ledger(requests=0).callbacks)

    def _all_wait(self, run_id: str) -> bool:
        """Whether all wait for their videos: before, each is deferred in the admission queue, too."""
        videos: int = self._given.videos
        return (
            self._sandbox.read_ledger(requests=0).counts.get("submit", 0) >= videos == self._count(run_id, "deferred")
        )

    def _count(self, run_id: str, state: str) -> int:
        path = f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances"
        return int(self._airflow.rest.get(path, state=state, limit=1)["total_entries"])

    def _until(self, true: Callable[[], Any], what: str) -> None:
        deadline, said = time.monotonic() + 3600, time.monotonic()
        while not self._answer(true):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within an hour: {what}")
            if time.monotonic() - said > 15:
                said = time.monotonic()
                self._clock.say("waiting", f"until {what}; {self._calls()} calls so far")
            time.sleep(1)

    def _answer(self, true: Callable[[], Any]) -> Any:
        try:
            return true()
        except httpx.TransportError:
            return None

    def _folder(self, name: str) -> Path:
        folder = HOME / name
        folder.mkdir()
        return folder


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
