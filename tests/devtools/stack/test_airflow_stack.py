from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from devtools.stack.airflow_rest import TaskInstance
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import ProcessDiedError, members

pytestmark = pytest.mark.stack

DAG_FILE = """
import time
from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, task


class Nap(BaseOperator):
    def execute(self, context):
        context["task_state_store"].set("job", {"id": 7})
        self.log.info("Going to sleep")
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="wake_up")

    def wake_up(self, context, event):
        return {"slept": True}


with DAG("naps", schedule=None):

    @task
    def square(number):
        return number * number

    Nap(task_id="nap") >> square.expand(number=[2, 3])

with DAG("sleep", schedule=None):

    @task
    def sleep():
        time.sleep(600)

    sleep()
"""


def at_home(home: Path) -> list[int]:
    """The processes that were started with this Airflow home."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("AIRFLOW_HOME") == str(home.resolve()):
                found.append(process.pid)
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def told() -> list[str]:
    """The parts of the stack, as they came up."""
    return []


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Iterator[AirflowStack]:
    dags = tmp_path_factory.mktemp("dags")
    (dags / "naps.py").write_text(DAG_FILE)
    (dags / "broken.py").write_text("from airflow.sdk import DAG\nraise ValueError('not today')\n")
    home = tmp_path_factory.mktemp("home")
    with AirflowStack(home=home, dags=dags, triggerers=2, all_admins=False, on_up=told.append) as airflow:
        airflow.rest.unpause("naps")
        yield airflow


@dataclass(frozen=True)
class Seen:
    """A run that is over, and the states that its tasks were seen in."""

    run_id: str
    states: Sequence[tuple[str, str | None]]


@pytest.fixture(scope="module")
def first(airflow: AirflowStack) -> Seen:
    """The first run."""
    seen = list[tuple[str, str | None]]()

    def note(task: TaskInstance) -> None:
        seen.append((task.label, task.state))

    run_id = airflow.rest.trigger("naps", run_id="first")
    assert airflow.rest.wait_for_run("naps", run_id, timeout=300, on_change=note) == "success"
    return Seen(run_id, seen)


def test_a_component_that_cannot_start_is_reported_at_once_and_nothing_is_left(tmp_path: Path) -> None:
    airflow = AirflowStack(home=tmp_path, dags=tmp_path, env={"AIRFLOW__CORE__EXECUTOR": "NoSuchExecutor"})

    with pytest.raises(ProcessDiedError, match=r"scheduler ended with code 1(?s:.*)NoSuchExecutor"):
        airflow.start()

    assert at_home(tmp_path) == []


def test_each_part_is_told_of_once_as_it_comes_up(airflow: AirflowStack, told: list[str]) -> None:
    start = told[:5]

    assert start[:2] == ["database", "api-server"]
    assert set(start[2:]) == {"scheduler", "dag-processor", "triggerer"}


def test_a_dag_runs_and_everything_about_it_can_be_asked_for(airflow: AirflowStack, first: Seen) -> None:
    rest, run_id = airflow.rest, first.run_id

    assert run_id == "first"
    assert ("nap", "deferred") in first.states
    assert {label for label, state in first.states if state == "success"} == {"nap", "square[0]", "square[1]"}
    assert rest.xcom("naps", run_id, "nap") == {"slept": True}
    assert [rest.xcom("naps", run_id, "square", map_index=index) for index in (0, 1)] == [4, 9]
    assert rest.state_store("naps", run_id, "nap") == {"job": {"id": 7}}
    assert "Going to sleep" in rest.task_log("naps", run_id, "nap")
    assert rest.extra_links("naps", run_id, "nap") == {}
    assert rest.run_ids("naps") == ["first"]
    assert rest.pool()["occupied_slots"] == 0
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        rest.xcom("naps", run_id, "nap", key="nothing")


def test_a_cleared_task_runs_again(airflow: AirflowStack, first: Seen) -> None:
    rest, run_id = airflow.rest, first.run_id

    cleared = rest.clear("naps", run_id, ["nap"])

    assert [task.label for task in cleared] == ["nap"]
    assert rest.wait_for_run("naps", run_id, timeout=300) == "success"
    (nap,) = [task for task in rest.task_instances("naps", run_id) if task.task_id == "nap"]
    assert nap.try_number == 2


def test_the_file_that_cannot_be_imported_is_named(airflow: AirflowStack) -> None:
    (error,) = airflow.rest.import_errors().items()

    assert error[0].endswith("broken.py")
    assert "not today" in error[1]


def test_the_connection_form_knows_this_provider(airflow: AirflowStack) -> None:
    assert "http" in airflow.rest.connection_types()


def test_the_door_is_closed_to_those_without_the_password(airflow: AirflowStack) -> None:
    assert airflow.password
    assert httpx.get(f"{airflow.url}/api/v2/dags", trust_env=False).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("component", ["triggerer-2", "api-server"])
def test_a_killed_component_comes_back(airflow: AirflowStack, component: str, first: Seen) -> None:
    before = airflow.pid(component)

    airflow.kill(component)
    airflow.restart(component)

    assert members(before) == []
    assert airflow.pid(component) != before
    os.kill(airflow.pid(component), 0)
    assert airflow.rest.run_state("naps", first.run_id) == "success"


def test_what_a_component_killed_alone_has_started_runs_on_beside_the_new_one(airflow: AirflowStack) -> None:
    before = airflow.pid("triggerer-2")
    left = [pid for pid in members(before) if pid != before]
    assert left
    for pid in left:  # they would end by themselves once they find out
        os.kill(pid, signal.SIGSTOP)

    airflow.kill("triggerer-2", alone=True)
    wait_until(lambda: airflow.is_dead("triggerer-2"))
    airflow.revive("triggerer-2")

    assert set(airflow.sessions("triggerer-2")) == {before, airflow.pid("triggerer-2")}
    assert not airflow.is_dead("triggerer-2")
    assert set(members(before)) == set(left)
    for pid in left:
        os.kill(pid, signal.SIGCONT)


def test_what_a_task_has_stored_is_changed_and_deleted_and_one_mapped_task_cleared(
    airflow: AirflowStack, first: Seen
) -> None:
    rest, run_id = airflow.rest, first.run_id

    rest.change_state("naps", run_id, "nap", "job", value={"id": 8})
    assert rest.state_store("naps", run_id, "nap") == {"job": {"id": 8}}
    rest.delete_state("naps", run_id, "nap", "job")
    cleared = rest.clear("naps", run_id, [("square", 1)])

    assert rest.state_store("naps", run_id, "nap") == {}
    assert [task.label for task in cleared] == ["square[1]"]
    assert rest.wait_for_run("naps", run_id, timeout=300) == "success"


# The last one: it ends the Airflow that the others share.
def test_no_process_is_left_when_it_stops_in_the_middle_of_a_task(airflow: AirflowStack) -> None:
    airflow.rest.unpause("sleep")
    run_id = airflow.rest.trigger("sleep")
    with pytest.raises(TimeoutError, match="'sleep': 'running'"):
        airflow.rest.wait_for_run("sleep", run_id, timeout=5)

    airflow.stop(grace=1)

    assert at_home(airflow.home) == []
