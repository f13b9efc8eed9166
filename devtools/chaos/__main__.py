"""`make chaos`: a real Airflow makes a batch of videos while its processes are killed and the service misbehaves.

Everything that goes wrong is drawn from a seed. At the end the books of the service, Airflow's tasks and the files on
the disk are compared, and a table says what held. The exit code is 0 when all did.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import httpx

from airflow_provider_runway.sandbox import SandboxControl
from devtools.chaos import verdict
from devtools.chaos.evidence import (
    DAG,
    Airflow,
    files_with,
    hidden_files,
    media_checksums,
    patiently,
    visible_files,
)
from devtools.chaos.hunt import Striker
from devtools.chaos.report import Report
from devtools.chaos.strikes import CLIENT_TIMEOUT, faults, prompts, schedule
from devtools.showcase import ROOT, Clock
from devtools.stack.airflow_home import LOOPBACK, free_port
from devtools.stack.airflow_rest import AirflowRest
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import Daemon, Leash, ProcessDiedError, end_sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.sandbox import Ledger
    from devtools.chaos.verdict import Check

T = TypeVar("T")

HOME: Final = ROOT / ".chaos"
DAGS: Final = Path(__file__).parent / "dags"
PARALLELISM: Final = 10
# Seconds that a batch may take to its end once the last process has been killed, and once a person has cleared tasks.
LONGEST_END: Final = 600.0
LONGEST_CLEARING: Final = 180.0
_PROGRESS: Final = 10.0

# A killed task, scheduler or triggerer is found out in seconds; by default that takes minutes.
AIRFLOW: Final = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "8",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
}


def main() -> int:
    """Run the batch, and judge it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="what goes wrong, and when")
    parser.add_argument("--videos", type=int, default=200, help="how many videos are made")
    given = parser.parse_args()
    home = HOME / f"seed-{given.seed}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    clock = Clock()
    try:
        with ExitStack() as stack:
            report = Chaos(stack, home, given.seed, given.videos, clock).run()
    except (ProcessDiedError, TimeoutError) as error:
        print(f"\nIt could not be judged. {error}\nEverything is kept in {home}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 1
    print("", *report.lines(), sep="\n")
    if report.holds:
        shutil.rmtree(home)
        return 0
    print(f"\nEverything is kept in {home}.", file=sys.stderr)
    return 1


class Chaos:
    """One run.

    :param stack: what ends everything that the run starts.
    :param home: a folder for all of it.
    :param seed: what goes wrong, and when.
    :param videos: how many videos are made.
    :param clock: prints what happens.
    """

    def __init__(self, stack: ExitStack, home: Path, seed: int, videos: int, clock: Clock) -> None:
        self._home = home
        self._seed = seed
        self._prompts = prompts(videos)
        self._seconds = 60.0 + 1.05 * videos
        self._clock = clock
        self._key = f"chaos-{secrets.token_hex(16)}"
        self._videos = home / "videos"
        self._videos.mkdir()
        self._sandbox = self._start_sandbox(stack)
        self._airflow = self._start_airflow(stack)
        self._rest = AirflowRest(self._airflow.url)
        stack.callback(self._rest.close)

    # -- before -----------------------------------------------------------------------------------------------------

    def _start_sandbox(self, stack: ExitStack) -> SandboxControl:
        port = free_port()
        command = ["-m", "airflow_provider_runway.sandbox", "--port", str(port), "--key", self._key]
        command += ["--seconds", "4", "--distribution", "lognormal", "--credits", "1000000", "--video-scale", "0.1"]
        daemon = Daemon(
            "sandbox",
            [sys.executable, *command],
            env=os.environ,
            cwd=self._home,
            log=self._home / "sandbox.log",
        )
        leash = Leash()
        stack.callback(leash.close)
        daemon.start(leash)
        stack.callback(end_sessions, [daemon.pid], 2)
        sandbox = SandboxControl(f"http://{LOOPBACK}:{port}", self._key)
        stack.callback(sandbox.close)
        sandbox.wait_until_ready(30)
        sandbox.configure(seed=self._seed)
        return sandbox

    def _start_airflow(self, stack: ExitStack) -> AirflowStack:
        prompts_file = self._home / "prompts.json"
        prompts_file.write_text(json.dumps(self._prompts))
        connection = json.loads(self._sandbox.connection_json())
        connection["extra"]["timeout"] = CLIENT_TIMEOUT
        env = {
            "AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps(connection),
            "CHAOS_PROMPTS": str(prompts_file),
            "CHAOS_VIDEOS": str(self._videos),
        }
        self._clock.say("airflow", "starting")
        airflow = AirflowStack(home=self._home / "airflow", dags=DAGS, env={**AIRFLOW, **env}, parallelism=PARALLELISM)
        return stack.enter_context(airflow)

    # -- the run ----------------------------------------------------------------------------------------------------

    def run(self) -> Report:
        """Make the batch under strikes, clear up as a person would, and judge both."""
        strikes = schedule(self._seed, self._seconds)
        self._clock.say("chaos", f"seed {self._seed}: {len(strikes)} strikes within {self._seconds:.0f} s")
        self._rest.unpause(DAG)
        for each in faults(self._seed):
            self._sandbox.fault(
                each.action,
                on=each.on,
                prompt=each.prompt,
                times=each.times,
                times_per_task=each.times_per_task,
                probability=each.probability,
                seed=each.seed,
            )
        batch = Airflow(self._rest, self._rest.trigger(DAG), self._prompts)
        started = time.monotonic()
        port = int(self._sandbox.url.rpartition(":")[2])
        striker = Striker(self._airflow, strikes, port, self._home / "strikes.jsonl")
        striker.start()
        try:
            self._wait(batch, striker, self._seconds + LONGEST_END)
            minutes = (time.monotonic() - started) / 60
            struck, requests = self._sandbox.faults, self._sandbox.read_ledger(requests=0).counts
            self._sandbox.clear_faults()
            checks = self._judge(batch, striker)
        finally:
            striker.stop()
        return Report(
            title=f"Seed {self._seed}, {len(self._prompts)} videos, {minutes:.1f} minutes",
            struck=striker.struck,
            died=striker.died_by_themselves,
            faults=struck,
            requests=requests,
            checks=checks,
        )

    def _wait(self, batch: Airflow, striker: Striker, seconds: float) -> None:
        """Wait until the run has ended; if it does not in time, the checks will say so."""
        deadline = time.monotonic() + seconds
        said = 0.0
        while time.monotonic() < deadline:
            if striker.error is not None:
                raise striker.error
            if patiently(batch.run_state) in verdict.FINAL_STATES and striker.is_done:
                return
            if time.monotonic() - said > _PROGRESS:
                said = time.monotonic()
                self._progress(batch, striker)
            time.sleep(1)

    def _progress(self, batch: Airflow, striker: Striker) -> None:
        instances = patiently(batch.instances)
        if instances is None:
            said = "no answer"
        else:
            states = Counter(each.state or "none" for each in instances)
            said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        ledger = self._sandbox.read_ledger(requests=0)
        self._clock.say(
            "progress",
            f"{said} | {len(ledger.charges)} charges, {len(ledger.refunds)} refunds, "
            f"{ledger.counts.get('submit', 0)} submissions | {striker.struck.total()} killed",
        )

    # -- the end ----------------------------------------------------------------------------------------------------

    def _judge(self, batch: Airflow, striker: Striker) -> list[Check]:
        """The verdict on what is left of the run, and on what a person then makes of it."""
        self._clock.say("chaos", "looking at what is left")
        outcomes, ledger = _insistently(batch.outcomes), self._sandbox.ledger
        for each in outcomes:
            if each.message:
                self._clock.say(f"video[{each.index}]", f"{each.ending}: {each.message}")
        checks = [
            verdict.check_end(outcomes, len(self._prompts), _insistently(batch.run_state)),
            verdict.check_reasons(outcomes),
            verdict.check_charges(outcomes, ledger),
            verdict.check_submissions(outcomes, ledger, striker.tasks_hit(PARALLELISM)),
            self._check_files(outcomes, ledger),
            verdict.check_key(*files_with(self._key, self._home / "airflow"), ledger),
        ]
        settlement = batch.settle(outcomes, ledger)
        found, made = len(settlement.found), len(settlement.made)
        self._clock.say("person", f"settles {found + made} doubts: {found} videos are in KIE's list, {made} are not")
        self._wait(batch, striker, LONGEST_CLEARING)
        outcomes, after = _insistently(batch.outcomes), self._sandbox.ledger
        files = self._check_files(outcomes, after)
        return [*checks, verdict.check_settled(outcomes, ledger, after, settlement, files)]

    def _check_files(self, outcomes: list[verdict.Outcome], ledger: Ledger) -> Check:
        media = media_checksums(self._sandbox, ledger)
        return verdict.check_files(outcomes, ledger, media, visible_files(self._videos), hidden_files(self._videos))


def _insistently(ask: Callable[[], T], seconds: float = 60.0) -> T:
    """An answer of an API server that may just be coming back."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
