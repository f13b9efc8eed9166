"""A loop of Airflow 3.4: each iteration submits for itself, and a retry within one pays nothing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG, BaseOperator
from dag_bag import DagBag
from versions import since

from airflow_provider_runway.sandbox import Fail, Refuse, Sandbox

from .support import EXAMPLES, RunDag

pytestmark = since(3, 4, "task groups have loops")

REFUSED = Fail("The AI moderator caught your prompt")
TWICE = """
from airflow.sdk import DAG, task_group
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("twice", schedule=None):
    @task_group
    def again():
        RunwayGenerateOperator(task_id="make_video", prompt="A fox", aspect_ratio="16:9")

    again.loop(max_iterations=2)
"""


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder with that example, and a loop that asks for the same each time."""
    folder = tmp_path / "dags"
    folder.mkdir()
    shutil.copy(EXAMPLES / "runway_softer_prompts.py", folder)
    (folder / "twice.py").write_text(TWICE)
    return folder


def states(dag_run: DagRun, task_id: str) -> list[str]:
    """Those of each iteration."""
    instances = [each for each in dag_run.get_task_instances() if each.task_id == task_id]
    return [str(each.state) for each in sorted(instances, key=lambda each: each.map_index)]


@pytest.mark.parametrize("refused", [0, 2])
def test_softer_prompts_are_tried_until_one_is_taken(run: RunDag, kie: Sandbox, refused: int) -> None:
    kie.fault(REFUSED, times=refused)

    dag_run = run("runway_softer_prompts")

    assert dag_run.state == "success"
    assert states(dag_run, "attempt.make_video") == ["skipped"] * refused + ["success"]
    beginnings = ["In the evening light", "From far away, nobody comes to harm", "A friendly picture book for children"]
    assert all(task.prompt.startswith(words) for task, words in zip(kie.tasks, beginnings, strict=False))
    assert len(kie.tasks) == refused + 1
    assert kie.ledger.initial - kie.balance == 12
    taken = dag_run.get_task_instance("take")
    assert taken is not None
    assert taken.xcom_pull("take") == kie.tasks[-1].media_urls[0]


def test_where_no_softer_prompt_is_taken_the_run_fails_and_has_cost_nothing(run: RunDag, kie: Sandbox) -> None:
    kie.fault(REFUSED)

    dag_run = run("runway_softer_prompts")

    assert dag_run.state == "failed"
    assert states(dag_run, "attempt.make_video") == ["skipped"] * 3
    assert states(dag_run, "take") == ["upstream_failed"]
    assert (len(kie.tasks), kie.ledger.initial - kie.balance) == (3, 0)


def test_no_softer_prompt_is_tried_where_something_else_goes_wrong(run: RunDag, kie: Sandbox) -> None:
    kie.fault(Fail("The image format is unsupported"))

    assert run("runway_softer_prompts").state == "failed"
    assert len(kie.tasks) == 1


@pytest.mark.usefixtures("given_time")
@pytest.mark.parametrize("keeps", ["store", "folder"])
def test_an_iteration_makes_a_video_of_its_own_and_its_retry_finds_it(
    bag: DagBag,
    kie: Sandbox,
    keeps: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = tmp_path / "records"
    if keeps == "folder":
        records.mkdir()
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", records.as_uri())
    dag = bag.dags["twice"]
    assert isinstance(dag, DAG)
    [make] = [task for task in dag.tasks if task.task_id == "again.make_video"]
    assert isinstance(make, BaseOperator)
    make.retries, make.retry_delay = 1, timedelta(0)
    # The triggerer is refused, and the worker that looks after it: each iteration's first try fails, and has paid.
    kie.fault(Refuse(401), on="record", times_per_task=2)

    dag_run: DagRun = dag.test()

    assert dag_run.state == "success"
    made = [each for each in dag_run.get_task_instances() if each.task_id == "again.make_video"]
    assert [(each.map_index, each.try_number) for each in sorted(made, key=lambda each: each.map_index)] == [
        (0, 2),
        (1, 2),
    ]
    assert (len(kie.tasks), kie.ledger.initial - kie.balance) == (2, 24)
    assert keeps == "store" or len({file.parent for file in records.glob("[!_]*/*.json")}) == 2
