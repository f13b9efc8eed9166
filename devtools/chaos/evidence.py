"""Gathering what `make chaos` is judged by: from Airflow's REST API, from the service's books, from the disk."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from devtools.chaos.verdict import Ending, Outcome, Settlement

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox import Ledger, SandboxControl
    from devtools.stack.airflow_rest import AirflowRest, TaskInstance

TASK: Final = "video"
RECORD: Final = "runway_submission"
# The first of a chain of errors is the one that Airflow was given.
_FAILURE: Final = re.compile(r'error_detail=\[\{"exc_type": "[^"]*", "exc_value": "((?:[^"\\]|\\.)*)"')
_SILENCE: Final = re.compile(r"has not called for this request proves nothing: (.*?)\.(?: \w+=|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Airflow:
    """One run of the batch, seen over REST.

    :param rest: the client.
    :param dag_id: the DAG.
    :param run_id: the DAG run.
    :param prompts: by map index.
    :param records: where submission records are kept in a folder, the environment of Airflow's commands.
    """

    rest: AirflowRest
    dag_id: str
    run_id: str
    prompts: Sequence[str]
    records: Mapping[str, str] | None = None

    def run_state(self) -> str:
        """The state of the run."""
        return self.rest.run_state(self.dag_id, self.run_id)

    def instances(self) -> list[TaskInstance]:
        """The tasks as they stand."""
        return self.rest.task_instances(self.dag_id, self.run_id)

    def outcomes(self) -> list[Outcome]:
        """What has become of each task."""
        return [self._outcome(each) for each in sorted(self.instances(), key=lambda each: each.map_index)]

    def settle(self, outcomes: Sequence[Outcome], ledger: Ledger) -> Settlement:
        """Do what the messages of doubtful submissions say: look each up, and have it waited for or made."""
        paid = {each.prompt: each.task_id for each in ledger.paid}
        doubtful = [each for each in outcomes if each.ending is Ending.AMBIGUOUS]
        for each in doubtful:
            task_id = paid.get(each.prompt)
            if self.records is not None:
                self._settle_in_folder(each.index, task_id, self.records)
            else:
                self._settle_in_store(each.index, task_id)
        if doubtful:
            self.rest.clear(self.dag_id, self.run_id, [(TASK, each.index) for each in doubtful])
        return Settlement(
            found=frozenset(each.prompt for each in doubtful if each.prompt in paid),
            made=frozenset(each.prompt for each in doubtful if each.prompt not in paid),
            under_way=frozenset(each.prompt for each in outcomes if each.ending is Ending.STUCK),
        )

    def _settle_in_store(self, index: int, task_id: str | None) -> None:
        place = self.dag_id, self.run_id, TASK
        if task_id is None:
            self.rest.delete_state(*place, RECORD, index)
        else:
            record = self.rest.state_store(*place, index)[RECORD]
            found = {**record, "stage": "submitted", "task_id": task_id}
            self.rest.change_state(*place, RECORD, value=found, map_index=index)

    def _settle_in_folder(self, index: int, task_id: str | None, env: Mapping[str, str]) -> None:
        which = [self.dag_id, TASK, self.run_id, "--map-index", str(index)]
        command = ["forget", *which, "--yes"] if task_id is None else ["set-id", task_id, *which]
        subprocess.run(
            [sys.executable, "-m", "airflow_provider_runway.cli", "records", *command],
            env=env,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )

    def _outcome(self, instance: TaskInstance) -> Outcome:
        index = instance.map_index
        log = self._log_of_failure(instance) if instance.state == "failed" else ""
        task_id = self._task_id(index) if instance.state == "success" else None
        return Outcome(
            index=index,
            prompt=self.prompts[index] if 0 <= index < len(self.prompts) else "",
            state=instance.state,
            tries=instance.try_number,
            message=failure_message(log),
            task_id=task_id,
            silence=silence_proved_nothing(log),
        )

    def _log_of_failure(self, instance: TaskInstance) -> str:
        """The log of what it failed with. Airflow may have counted one try more than it ran, when it lost one."""
        for number in range(instance.try_number, 0, -1):
            log = self.rest.task_log(self.dag_id, self.run_id, TASK, number, instance.map_index)
            if failure_message(log):
                return log
        return ""

    def _task_id(self, index: int) -> str | None:
        try:
            value = self.rest.xcom(self.dag_id, self.run_id, TASK, "task_id", index)
        except httpx.HTTPStatusError:
            return None
        return str(value)


def failure_message(log: str) -> str:
    """The last error that a task's log tells of, as it was raised; empty if there is none."""
    found = _FAILURE.findall(log)
    return str(json.loads(f'"{found[-1]}"')) if found else ""


def silence_proved_nothing(log: str) -> str | None:
    """Why silence about a submission proved nothing, as a task's log says it last; None if it does not."""
    found = _SILENCE.findall(log)
    return found[-1] if found else None


def media_checksums(sandbox: SandboxControl, ledger: Ledger) -> dict[str, str]:
    """The checksum of what the service serves for each KIE task that is paid and done."""
    paid = {each.task_id for each in ledger.paid}
    done = [each for each in sandbox.tasks if each.task_id in paid and each.phase == "succeeded"]
    with httpx.Client(trust_env=False, timeout=60) as client:
        return {each.task_id: _checksum(client.get(each.media_urls[0]).raise_for_status().content) for each in done}


def visible_files(folder: Path) -> dict[str, str]:
    """The checksum of each file that whoever lists a folder sees."""
    return {path.name: _checksum(path.read_bytes()) for path in folder.iterdir() if not path.name.startswith(".")}


def hidden_files(folder: Path) -> int:
    """How many files are hidden in a folder."""
    return sum(1 for path in folder.iterdir() if path.name.startswith("."))


def files_with(text: str, *folders: Path) -> tuple[list[str], int]:
    """The files below folders that contain a text, and how many were searched."""
    paths = [(path, folder) for folder in folders for path in folder.rglob("*") if path.is_file()]
    found = [str(path.relative_to(folder)) for path, folder in paths if text.encode() in path.read_bytes()]
    return found, len(paths)


def recorded_tasks(folder: Path) -> dict[str, frozenset[str]]:
    """The KIE tasks that each entry of a records folder names, by the entry's file: in it, or in what was added."""
    named: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*/[0-9]*.json")):
        if path.parent.name.startswith("_"):
            continue
        task_id = json.loads(path.read_text())["value"].get("task_id")
        entry = f"{path.parent.name}/{path.name.partition('.')[0]}.json"
        named.setdefault(entry, set()).update({task_id} if task_id else ())
    return {entry: frozenset(ids) for entry, ids in named.items()}


def patiently(ask: Callable[[], Any]) -> Any:
    """An answer of an API server that may be dead at the moment; None then."""
    try:
        return ask()
    except httpx.HTTPError:
        return None


def _checksum(data: bytes) -> str:
    return sha256(data).hexdigest()
