"""`make chaos`: a real Airflow makes a batch of videos while its processes are killed and the service misbehaves.

Everything that goes wrong is drawn from a seed. At the end the books of the service, Airflow's tasks and the files on
the disk are compared, and a table says what held. The exit code is 0 when all did.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from airflow_provider_runway.utils.versions import airflow_version
from devtools.chaos.plan import Plan
from devtools.chaos.strikes import CLIENT_TIMEOUT, faults, prompts, schedule
from devtools.chaos.trial import Trial
from devtools.showcase import ROOT, Clock
from devtools.stack.processes import ProcessDiedError

HOME: Final = ROOT / ".chaos"
PARALLELISM: Final = 10


def main() -> int:
    """Run the batch, and judge it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="what goes wrong, and when")
    parser.add_argument("--videos", type=int, default=200, help="how many videos are made")
    parser.add_argument("--records", action="store_true", help="keep the submission records in a folder")
    parser.add_argument("--callbacks", action="store_true", help="have the service call Airflow")
    parser.add_argument(
        "--resubmit-if-silent", action="store_true", help="the same, and send again what it would have called for"
    )
    given = parser.parse_args()
    if airflow_version() < (3, 3) and not given.records:
        parser.error("before Airflow 3.3 there is no task state store: say --records (RECORDS=1)")
    home = HOME / f"seed-{given.seed}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            report = Trial(stack, home, _plan(given), Clock()).run()
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


def _plan(given: argparse.Namespace) -> Plan:
    seconds, silent = 60.0 + 1.05 * given.videos, given.resubmit_if_silent
    called = ", sent again if silent" if silent else ", called back" if given.callbacks else ""
    return Plan(
        title=f"Seed {given.seed}{', records in a folder' if given.records else ''}{called}",
        seed=given.seed,
        prompts=prompts(given.videos),
        seconds=seconds,
        dags=Path(__file__).parent / "dags",
        dag_id="chaos",
        sandbox=["--seconds", "4", "--distribution", "lognormal"],
        client_timeout=CLIENT_TIMEOUT,
        parallelism=PARALLELISM,
        airflow={"timeout": 300},
        records=given.records,
        callbacks=given.callbacks or silent,
        on_ambiguous_submit="resubmit_if_silent" if silent else "fail",
        strikes=schedule(given.seed, seconds),
        faults=faults(given.seed),
    )


if __name__ == "__main__":
    sys.exit(main())
