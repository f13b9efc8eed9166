from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskInstanceKey
from airflow.sdk import BaseOperator
from fakes import GivenTime, fake_context

from airflow_provider_runway.exceptions import RunwayError
from airflow_provider_runway.links.runway import KieLogsLink, RunwayVideoLink, VideoCardLink
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

FOX: dict[str, Any] = {"task_id": "video", "prompt": "A fox in the snow", "aspect_ratio": "16:9"}
KEY: Any = TaskInstanceKey("clips", "video", "manual__1")


def links(operator: BaseOperator) -> dict[str, str]:
    """The links as Airflow asks for them at the end of each stretch of a task, by name; but for the card's."""
    asked: Any = operator
    named = {link.name: link.get_link(asked, ti_key=KEY) for link in asked.operator_extra_links}
    assert named.pop("Video card") == "/plugin/runway-videos?dag_id=clips&run_id=manual__1&task_id=video"
    return named


def run(operator: Any) -> None:
    """One stretch of a task: it ends by deferring as well as by returning."""
    try:
        operator.execute(fake_context())
    except BaseException as end:
        if type(end).__name__ != "TaskDeferred":
            raise


OPERATORS = [
    RunwayGenerateOperator(**FOX),
    RunwayExtendOperator(task_id="more", runway_task_id="task-1", prompt="It looks up"),
    RunwayVideoSensor(task_id="seen", runway_task_id="task-1"),
]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.task_id)
def test_before_it_runs_a_task_links_to_kies_logs_alone(operator: BaseOperator) -> None:
    assert links(operator) == {"Video": "", "KIE.AI logs": "https://kie.ai/logs"}


def test_while_it_waits_a_task_links_to_the_logs_and_not_to_a_video(kie: Sandbox) -> None:
    operator = RunwayGenerateOperator(**FOX)

    run(operator)

    task_id = kie.tasks[0].task_id
    assert links(operator) == {"Video": "", "KIE.AI logs": f"{kie.url}/logs?taskId={task_id}"}
    waiting = RunwayVideoSensor(task_id="seen", runway_task_id=task_id)
    run(waiting)
    assert links(waiting) == links(operator)


def test_when_it_is_ready_a_task_links_to_the_video(kie: Sandbox, given_time: GivenTime) -> None:
    operator = RunwayGenerateOperator(**FOX, deferrable=False)

    run(operator)

    task_id = kie.tasks[0].task_id
    assert links(operator)["Video"].startswith(f"{kie.url}/media/{task_id}")
    seen = RunwayVideoSensor(task_id="seen", runway_task_id=task_id)
    run(seen)
    assert links(seen) == links(operator)


@pytest.mark.parametrize("roots", ["", "/srv/videos"])
def test_a_stored_video_is_linked_where_its_copy_is_played_if_that_may_be(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roots: str
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", roots)
    operator = RunwayGenerateOperator(**FOX, deferrable=False, save_to=str(tmp_path / "fox.mp4"))

    run(operator)

    video = links(operator)["Video"]
    assert video.startswith("/plugin/runway-videos?dag_id=clips&" if roots else f"{kie.url}/media/")


def test_a_task_that_was_refused_links_to_no_video(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(500), on="submit")
    operator = RunwayGenerateOperator(**FOX)

    with pytest.raises(RunwayError):
        run(operator)

    assert links(operator)["Video"] == ""


def test_a_link_has_no_state_of_its_own() -> None:
    assert RunwayVideoLink() == RunwayVideoLink()
    assert KieLogsLink() == KieLogsLink()
    assert {RunwayVideoLink().xcom_key, KieLogsLink().xcom_key} == {"_link_RunwayVideoLink", "_link_KieLogsLink"}


def test_each_mapped_task_links_to_its_own_card() -> None:
    key: Any = TaskInstanceKey("clips", "video", "manual__1", map_index=3)

    assert VideoCardLink().get_link(BaseOperator(task_id="bare"), ti_key=key).endswith("&task_id=video&map_index=3")


def test_operators_without_these_attributes_have_harmless_links() -> None:
    bare = BaseOperator(task_id="bare")

    assert RunwayVideoLink().get_link(bare, ti_key=KEY) == ""
    assert KieLogsLink().get_link(bare, ti_key=KEY) == "https://kie.ai/logs"
