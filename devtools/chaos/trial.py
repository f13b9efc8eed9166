"""One batch of videos in a real Airflow under strikes, judged by the books of the service, the tasks and the files."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import httpx

from airflow_provider_runway.sandbox import SandboxControl
from devtools.chaos import called_back, verdict
from devtools.chaos.evidence import (
    Airflow,
    files_with,
    hidden_files,
    media_checksums,
    patiently,
    recorded_tasks,
    visible_files,
)
from devtools.chaos.hunt import Striker
from devtools.chaos.plan import SOON_FOUND_OUT, Patience, Plan
from devtools.chaos.report import Report
from devtools.showcase import Clock
from devtools.stack.airflow_home import LOOPBACK, free_port
from devtools.stack.airflow_rest import AirflowRest
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import dump
from devtools.stack.processes import Daemon, Leash, end_sessions

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox import Ledger
    from devtools.chaos.verdict import Check, Outcome, Settlement

T = TypeVar("T")

_LONGEST_CLEARING: Final = 180.0
# Seconds between two deliveries of a call, of which there are three; KIE.AI names none. An API server is back by then.
CALLED_AGAIN: Final = 60.0
# Seconds that a task waits for a call.
CALLED_WITHIN: Final = 420.0
_PROGRESS: Final = 10.0
# The part of a batch within which strikes come, where they go by its progress.
_STRUCK: Final = 0.8


class Trial:
    """One run.

    :param stack: what ends everything that the run starts.
    :param home: a folder for all of it.
    :param plan: what is made, and what goes wrong.
    :param clock: prints what happens.
    """

    def __init__(self, stack: ExitStack, home: Path, plan: Plan, clock: Clock) -> None:
        self._home = home
        self._plan = plan
        self._clock = clock
        self._key = f"chaos-{secrets.token_hex(16)}"
        self._secret = f"whsec-{secrets.token_hex(16)}"
        self._videos = home / "videos"
        self._videos.mkdir()
        self.sandbox = self._start_sandbox(stack)
        self.airflow = self._start_airflow(stack)
        self.rest = AirflowRest(self.airflow.url)
        stack.callback(self.rest.close)

    # -- before -----------------------------------------------------------------------------------------------------

    def _start_sandbox(self, stack: ExitStack) -> SandboxControl:
        port = free_port()
        command = ["-m", "airflow_provider_runway.sandbox", "--port", str(port), "--key", self._key]
        command += ["--credits", "1000000", "--video-scale", "0.1", *self._plan.sandbox]
        command += ["--webhook-key", self._secret] if self._plan.callbacks else []
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
        sandbox.configure(seed=self._plan.seed, callback_retry=CALLED_AGAIN)
        return sandbox

    def _start_airflow(self, stack: ExitStack) -> AirflowStack:
        prompts_file = self._home / "prompts.json"
        prompts_file.write_text(json.dumps(self._plan.prompts))
        connection = json.loads(self.sandbox.connection_json())
        connection["extra"]["timeout"] = self._plan.client_timeout
        if self._plan.callbacks:
            connection["extra"]["webhook_secret"] = self._secret
        env = {
            "AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps(connection),
            "CHAOS_PROMPTS": str(prompts_file),
            "CHAOS_VIDEOS": str(self._videos),
            "CHAOS_AMBIGUOUS": self._plan.on_ambiguous_submit,
            "CHAOS_TIMEOUT": str(CALLED_WITHIN if self._plan.callbacks else 1800.0),
        }
        if self._plan.records:
            folder = self._home / "records"
            folder.mkdir()
            env["AIRFLOW__RUNWAY__RECORDS"] = str(folder)
        self._clock.say("airflow", "starting")
        return stack.enter_context(
            AirflowStack(
                home=self._home / "airflow",
                dags=self._plan.dags,
                env={**SOON_FOUND_OUT, **self._plan.env, **env},
                parallelism=self._plan.parallelism,
                callbacks=self._plan.callbacks,
                **self._plan.airflow,
            )
        )

    # -- the run ----------------------------------------------------------------------------------------------------

    def run(self) -> Report:
        """Make the batch under strikes, clear up as a person would, and judge both."""
        plan = self._plan
        self._clock.say("trial", f"seed {plan.seed}: {len(plan.strikes)} strikes within {plan.seconds:.0f} s")
        self.rest.unpause(plan.dag_id)
        for each in plan.faults:
            aim = {field.name: getattr(each, field.name) for field in fields(each)}
            self.sandbox.fault(**aim)
        run_id = self.rest.trigger(plan.dag_id)
        batch = Airflow(
            self.rest, plan.dag_id, run_id, plan.prompts, records=self.airflow.env if plan.records else None
        )
        started = time.monotonic()
        striker = Striker(
            self.airflow,
            plan.strikes,
            self.service_port,
            self._home / "strikes.jsonl",
            passed=self._passed if plan.by_progress else None,
        )
        striker.start()
        try:
            self._wait(batch, striker, plan.patience, until=started + plan.seconds + plan.patience)
            seconds = time.monotonic() - started
            struck, requests = self.sandbox.faults, self.sandbox.read_ledger(requests=0).counts
            self.sandbox.clear_faults()
            outcomes, settlement, checks = self._judge(batch, striker)
        finally:
            striker.stop()
        return Report(
            title=plan.title,
            seconds=seconds,
            outcomes=outcomes,
            settlement=settlement,
            struck=striker.struck,
            died=striker.died_by_themselves,
            faults=struck,
            requests=requests,
            checks=checks,
        )

    @property
    def service_port(self) -> int:
        """The port by which tasks and triggerers talk to the service."""
        return int(self.sandbox.url.rpartition(":")[2])

    def _passed(self) -> float:
        """How much of the plan's seconds the batch is worth by now: all, when four fifths are submitted and fetched."""
        counts = self.sandbox.read_ledger(requests=0).counts
        videos = len(self._plan.prompts)
        done = sum(min(videos, counts.get(each, 0)) for each in ("submit", "media")) / (2 * videos)
        return self._plan.seconds * done / _STRUCK

    def _wait(self, batch: Airflow, striker: Striker, seconds: float, *, until: float) -> None:
        """Wait until the run has ended; if no task ends for so long, the checks will say so."""
        patience = Patience(until, seconds)
        said = 0.0
        while not patience.is_over(time.monotonic()):
            if striker.error is not None:
                raise striker.error
            if patiently(batch.run_state) in verdict.FINAL_STATES and striker.is_done:
                return
            if time.monotonic() - said > _PROGRESS:
                said = time.monotonic()
                patience.note(self._progress(batch, striker), said)
            time.sleep(1)

    def _progress(self, batch: Airflow, striker: Striker) -> int:
        """Print how far the batch has come: how many tasks have ended."""
        states = Counter(each.state or "none" for each in patiently(batch.instances) or ())
        said = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no answer"
        ledger = self.sandbox.read_ledger(requests=0)
        self._clock.say(
            "progress",
            f"{said} | {len(ledger.charges)} charges, {len(ledger.refunds)} refunds, "
            f"{ledger.counts.get('submit', 0)} submissions | {striker.struck.total()} killed",
        )
        return sum(states[state] for state in verdict.FINAL_STATES)

    # -- the end ----------------------------------------------------------------------------------------------------

    def _judge(self, batch: Airflow, striker: Striker) -> tuple[list[Outcome], Settlement, list[Check]]:
        """What is left of the run, what a person then makes of it, and the verdict on both."""
        self._clock.say("trial", "looking at what is left")
        outcomes, ledger = _insistently(batch.outcomes), self.sandbox.ledger
        for each in outcomes:
            if each.message:
                self._clock.say(f"video[{each.index}]", f"{each.ending}: {each.message}")
        if self.airflow.database:
            dump(self.airflow.database, self._home / "airflow" / "database.sql")
        checks = [
            verdict.check_end(outcomes, len(self._plan.prompts), _insistently(batch.run_state)),
            verdict.check_reasons(outcomes),
            verdict.check_charges(outcomes, ledger),
            verdict.check_submissions(
                outcomes,
                ledger,
                striker.tasks_hit(self._plan.parallelism),
                callbacks=self._plan.callbacks,
                resubmits=self._plan.on_ambiguous_submit == "resubmit_if_silent",
            ),
            self._check_files(outcomes, ledger),
            verdict.check_key(*files_with(self._key, *self._kept()), ledger),
        ]
        if self._plan.callbacks:
            checks.append(called_back.check_nobody_needed(outcomes, ledger))
        if self._plan.on_ambiguous_submit == "resubmit_if_silent":
            checks.append(called_back.check_silence(outcomes))
        settlement = batch.settle(outcomes, ledger)
        found, made = len(settlement.found), len(settlement.made)
        self._clock.say("person", f"settles {found + made} doubts: {found} videos are in KIE's list, {made} are not")
        longest = longest_clearing(self._plan)
        self._wait(batch, striker, longest, until=time.monotonic() + longest)
        final, after = _insistently(batch.outcomes), self.sandbox.ledger
        files = self._check_files(final, after)
        checks.append(verdict.check_settled(final, ledger, after, settlement, files))
        if self._plan.records:
            checks.append(verdict.check_entries(recorded_tasks(self._home / "records"), after))
        return outcomes, settlement, checks

    def _kept(self) -> list[Path]:
        """The folders that Airflow has written to."""
        return [folder for name in ("airflow", "records") if (folder := self._home / name).exists()]

    def _check_files(self, outcomes: list[Outcome], ledger: Ledger) -> Check:
        media = media_checksums(self.sandbox, ledger)
        return verdict.check_files(outcomes, ledger, media, visible_files(self._videos), hidden_files(self._videos))


def longest_clearing(plan: Plan) -> float:
    """Seconds that may pass once a person has cleared tasks until one of them ends, and then the next.

    A video whose call is lost is polled for late.
    """
    return _LONGEST_CLEARING + (CALLED_WITHIN if plan.callbacks else 0.0)


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
