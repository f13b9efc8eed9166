"""Workers, each a process of its own: they run the tasks that they are told, all at once, and may be killed midway.

Called with, for each worker, the numbers of its tasks, separated by commas, a colon, and where it dies: ``never``,
``set aside`` (before the intent of its first task is recorded) or ``sent`` (after KIE.AI has taken its first task).
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


def work(numbers: str, dies: str) -> None:
    if dies == "set aside":
        setattr(RecordsFolder, "create", die)  # noqa: B010 - mypy
    elif dies == "sent":
        setattr(KieClient, "submit", submit_and_die)  # noqa: B010 - mypy
    tasks = [int(number) for number in numbers.split(",")]
    with ThreadPoolExecutor(len(tasks)) as threads:
        for line in threads.map(run, tasks):
            say(line)


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())  # whole, whoever else writes


def main(*workers: str) -> None:
    begin, hold = os.pipe()
    started: dict[int, str] = {}
    for worker in workers:  # to start Python anew for each would take longer than all the tests here
        numbers, _, dies = worker.partition(":")
        child = os.fork()
        if child == 0:
            os.close(hold)
            os.read(begin, 1)  # until all others let go, too
            work(numbers, dies)
            os._exit(0)
        started[child] = dies
    os.close(hold)
    for child, dies in started.items():
        say(f"{dies} ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
