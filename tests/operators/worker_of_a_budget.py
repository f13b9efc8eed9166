"""A worker process: it runs the tasks that it is told, all at once, and may be killed in the middle of one.

Called with the numbers of its tasks, separated by commas, and where it dies: ``never``, ``set aside`` (before the
intent of its first task is recorded) or ``sent`` (after KIE.AI has taken its first task). It says ``ready``, and begins
when it is told to.
"""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.storage.records import RecordsFolder
from operators.test_budget import Numbered


def die(*_args: Any, **_options: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def submit_and_die(client: KieClient, *args: Any, _submit: Any = KieClient.submit, **options: Any) -> None:
    _submit(client, *args, **options)
    die()


def run(number: int) -> str:
    try:
        result = Numbered(number, wait_for_completion=False).run()
    except AirflowFailException as error:
        return f"{number} refused {error}"
    return f"{number} made {result['task_id']}"


def main(numbers: str, dies: str) -> None:
    if dies == "set aside":
        setattr(RecordsFolder, "create", die)  # noqa: B010 - mypy
    elif dies == "sent":
        setattr(KieClient, "submit", submit_and_die)  # noqa: B010 - mypy
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    tasks = [int(number) for number in numbers.split(",")]
    with ThreadPoolExecutor(len(tasks)) as threads:
        for line in threads.map(run, tasks):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
