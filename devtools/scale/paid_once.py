"""`make scale`: many videos in an Airflow of several machines' parts, while these are killed; each is paid once.

PostgreSQL, the CeleryExecutor on Redis, two workers, two triggerers, a scheduler, an API server and a DAG processor,
all on this machine, and the sandbox with KIE.AI's rate limit. Midway a worker, a task's process, a triggerer and the
API server are killed. The books of the sandbox are then compared with Airflow's tasks and the files.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from devtools.bench.documentation import fill_in
from devtools.bench.machine import machine
from devtools.chaos.plan import Plan
from devtools.chaos.strikes import Target, schedule
from devtools.chaos.trial import Trial
from devtools.chaos.verdict import Check
from devtools.scale.figures import Measured, delays, imposed, keep, middle_and_p95, table
from devtools.scale.parts import provide
from devtools.scale.peaks import Peaks
from devtools.showcase import ROOT, Clock, ended_politely
from devtools.stack.postgres import postgres
from devtools.stack.processes import ProcessDiedError
from devtools.stack.redis import redis

if TYPE_CHECKING:
    from devtools.chaos.report import Report

HOME: Final = ROOT / ".scale"
RESULTS: Final = ROOT / "devtools/scale/results.json"
PAGE: Final = ROOT / "docs/operations.md"
# A run of fewer videos is a rehearsal, and not kept.
FULL: Final = 200
MOST_POSTS: Final = 1.1
WORKERS: Final = 2
PARALLELISM: Final = 8
# Strikes a minute; the API server is away for as long as a restart on a busy machine takes.
RATES: Final = {
    Target.CELERY_WORKER: 0.7,
    Target.TASK: 1.5,
    Target.TALKING_TASK: 1.5,
    Target.TRIGGERER: 0.7,
    Target.API_SERVER: 0.5,
}
AWAY: Final = {Target.API_SERVER: 20.0}
# A task that a dead worker had taken from the queue, and not begun, is queued again after two minutes.
AIRFLOW: Final = {
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "3600",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "600",
    "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL": "",  # as it is where nobody has set it
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "120",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
}
_PACKAGES: Final = (
    "apache-airflow",
    "apache-airflow-providers-celery",
    "celery",
    "redis",
    "psycopg2-binary",
    "asyncpg",
)


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make scale", description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=500, help="how many, 500 by default")
    parser.add_argument("--seed", type=int, default=1, help="who is killed when, and how long videos take")
    parser.add_argument("--no-kills", action="store_true", help="kill nothing: no task may take more than one try then")
    parser.add_argument("--records", action="store_true", help="keep the submission records in a shared folder")
    parser.add_argument("--callbacks", action="store_true", help="have the service call Airflow, with two API servers")
    given = parser.parse_args()
    provide()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    try:
        with ended_politely(), ExitStack() as stack:
            report, run = _measure(stack, given)
    except (ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nIt could not be judged. {error}\nEverything is kept in {HOME}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 1
    print("", *report.lines(), "", table({_name(given): run}), sep="\n")
    if not report.holds:
        print(f"\nEverything is kept in {HOME}.", file=sys.stderr)
        return 1
    shutil.rmtree(HOME)
    if given.videos >= FULL:
        fill_in(PAGE, {"scale": table(keep(RESULTS, _name(given), run, machine(_PACKAGES)))})
    return 0


def _name(given: argparse.Namespace) -> str:
    name = "without kills" if given.no_kills else "with kills"
    name += ", records in a folder" if given.records else ""
    return f"{name}, called back" if given.callbacks else name


def _measure(stack: ExitStack, given: argparse.Namespace) -> tuple[Report, Measured]:
    resumed = HOME / "resumed"
    resumed.mkdir()
    clock = Clock()
    clock.say("scale", "starting PostgreSQL and Redis")
    plan = _plan(
        given,
        {"SCALE_RESUMED": str(resumed)},
        database=stack.enter_context(postgres(HOME / "postgres", {"max_connections": "200"})),
        broker=stack.enter_context(redis(HOME / "redis")),
    )
    trial = Trial(stack, HOME, plan, clock)
    with Peaks(trial.airflow, trial.service_port) as peaks:
        report = trial.run()
    run = _measured(trial, report, peaks, _times(resumed))
    if given.no_kills:
        report.checks.append(check_calm(run))
    return report, run


def _plan(given: argparse.Namespace, env: Mapping[str, str], *, database: str, broker: str) -> Plan:
    seconds = 30 + imposed(given.videos)
    many = str(max(1024, given.videos))
    return Plan(
        title=f"Seed {given.seed}, {_name(given)}",
        seed=given.seed,
        prompts=[f"Video {number:04}: a lighthouse in fog" for number in range(given.videos)],
        seconds=seconds,
        dags=Path(__file__).parent / "dags" / "paid_once",
        dag_id="paid_once",
        sandbox=["--seconds", "60", "--distribution", "lognormal"],
        client_timeout=30,
        parallelism=PARALLELISM,
        env={
            **AIRFLOW,
            "AIRFLOW__CORE__MAX_MAP_LENGTH": many,
            "AIRFLOW__TRIGGERER__CAPACITY": many,
            **env,
        },
        airflow={
            "database": database,
            "broker": broker,
            "workers": WORKERS,
            "triggerers": 2,
            "api_servers": 2 if given.callbacks else 1,
            "timeout": 600,
        },
        records=given.records,
        callbacks=given.callbacks,
        strikes=() if given.no_kills else schedule(given.seed, seconds, RATES, AWAY),
        by_progress=True,
        patience=3600,
    )


def _times(folder: Path) -> dict[int, list[float]]:
    """When each task was taken up, by map index, as the DAG has written it down."""
    return {int(file.name): [float(line) for line in file.read_text().split()] for file in folder.iterdir()}


def _measured(trial: Trial, report: Report, peaks: Peaks, resumed: Mapping[int, list[float]]) -> Measured:
    ledger, index = trial.sandbox.read_ledger(requests=0), {each.prompt: each.index for each in report.outcomes}
    paid = ledger.charges_by_prompt(paid_only=True)
    finished = {index[each.prompt]: each.finish_at for each in trial.sandbox.tasks if each.prompt in index}
    middle, p95 = middle_and_p95(delays(finished, resumed))
    videos = len(report.outcomes)
    return Measured(
        videos=videos,
        killed=report.killed,
        paid_once=sum(paid[prompt] == 1 for prompt in index) if report.holds else 0,
        settled=len(report.settlement.found | report.settlement.made),
        retried=sum(each.tries > 1 for each in report.outcomes),
        seconds=report.seconds,
        submitting=ledger.charges[-1].at - ledger.charges[0].at,
        posts=report.requests["submit"] / videos,
        polls=report.requests["record"] / videos,
        resumed_median=middle,
        resumed_p95=p95,
        sockets=peaks.sockets,
        triggerer_sockets=peaks.triggerer_sockets,
        triggerer_mib=peaks.triggerer_bytes / 2**20,
        database_connections=peaks.database_connections,
    )


def check_calm(run: Measured) -> Check:
    """Where nothing is killed, no task is failed by the scheduler, and hardly a submission refused for the rate."""
    broken = []
    if run.retried:
        broken.append(f"{run.retried} tasks took more than one try")
    if run.posts > MOST_POSTS:
        broken.append(f"{run.posts:.3f} POSTs a video")
    return Check("no retry is used", f"{run.retried} tasks retried, {run.posts:.3f} POSTs a video", tuple(broken))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
