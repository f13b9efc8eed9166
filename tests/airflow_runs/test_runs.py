from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from dag_bag import DagBag
from versions import AIRFLOW, AWAITED

from airflow_provider_runway.decorators.runway import QUESTION_KEY, RETURNED_KEY
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import Fail, Refuse, Sandbox
from airflow_provider_runway.utils.announcements import RUNWAY_KEY

from .conftest import Run

pytestmark = pytest.mark.airflow

RunDag = Callable[..., Run]
# What a decorated function has returned is kept here, where Airflow has no store for it.
IN_PLACE_OF_A_STORE = {RETURNED_KEY, QUESTION_KEY} if AIRFLOW < (3, 3) else set()
WAYS = pytest.mark.parametrize("way", ["deferrable", "in_worker"])
FAULTS: dict[str, Refuse | Fail] = {
    "AuthenticationError: Connection 'runway_default': KIE.AI answered with code 401": Refuse(401),
    "InsufficientCreditsError: Connection 'runway_default': KIE.AI answered with code 402": Refuse(402),
    "GenerationFailedError: KIE.AI failed task": Fail("The content was flagged by moderation"),
}


def pushed(run: Run, task_id: str, map_index: int = -1) -> dict[str, Any]:
    """What a task returned, once it is seen to be pushed key by key as well, with links and facts besides."""
    xcoms = run.xcoms(task_id, map_index)
    result: dict[str, Any] = xcoms["return_value"]
    assert set(result) == set(VideoResult.__annotations__)
    besides = {"return_value", RUNWAY_KEY, *IN_PLACE_OF_A_STORE}
    own = {key: value for key, value in xcoms.items() if key not in besides and not key.startswith("_link_")}
    assert own == result
    return result


def test_every_dag_is_read_without_a_warning(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert bag.captured_warnings == {}


@WAYS
def test_generate_extend_and_wait(run: RunDag, kie: Sandbox, way: str) -> None:
    done = run(f"chain_{way}")

    assert done.states == {"generate": "success", "extend": "success", "wait": "success"}
    first, second, seen = (pushed(done, task_id) for task_id in ("generate", "extend", "wait"))
    assert [task.task_id for task in kie.tasks] == [first["task_id"], second["task_id"]]
    assert second["parent_task_id"] == seen["parent_task_id"] == first["task_id"]
    assert seen["task_id"] == second["task_id"]
    assert seen["video_url"] == second["video_url"] != first["video_url"]
    assert {each["state"] for each in (first, second, seen)} == {"success"}
    assert {each["kind"] for each in (first, second, seen)} == {"runway"}
    assert [each["credits_estimate"] for each in (first, second, seen)] == [12, 12, None]
    assert (first["parent_task_id"], first["saved_to"], first["schema_version"]) == (None, None, 1)


@WAYS
def test_times_are_iso_in_utc_and_in_order(run: RunDag, kie: Sandbox, way: str) -> None:
    result = pushed(run(f"chain_{way}"), "generate")

    names = ["submitted_at", "completed_at", "expires_at"]
    if way == "deferrable" and AIRFLOW < (3, 3):
        # `dag.test()` gives a task nothing back there but its event, and Airflow has no store that tells.
        assert result[names.pop(0)] is None
    moments = [datetime.fromisoformat(result[name]) for name in names]
    assert {moment.utcoffset() for moment in moments} == {timedelta(0)}
    assert sorted(moments) == moments
    assert moments[-1] - moments[-2] == timedelta(days=14)


@WAYS
def test_submitting_and_waiting_in_two_tasks(run: RunDag, kie: Sandbox, way: str) -> None:
    done = run(f"submit_then_wait_{way}")

    submitted, seen = pushed(done, "submit"), pushed(done, "wait")
    assert (submitted["state"], seen["state"]) == ("submitted", "success")
    assert submitted["video_url"] is None
    assert seen["task_id"] == submitted["task_id"]
    assert len(kie.ledger.submissions) == 1


def test_a_mapped_batch_makes_a_video_each(run: RunDag, kie: Sandbox) -> None:
    done = run("mapped", animal="wolf")

    assert done.states == {"each[0]": "success", "each[1]": "success", "each[2]": "success", "titles": "success"}
    made = {task.prompt: task.task_id for task in kie.tasks}
    assert sorted(made) == ["A bear", "A fox", "A wolf"]
    results = [pushed(done, "each", index) for index in range(3)]
    assert [each["task_id"] for each in results] == [made["A fox"], made["A bear"], made["A wolf"]]
    assert done.returned("titles") == [f"{each['task_id']} {each['video_url']}" for each in results]


def test_mapped_pairs_of_parameters_are_judged_one_by_one(run: RunDag, kie: Sandbox) -> None:
    assert run("mapped_pairs").state == "success"

    assert {(task.prompt, task.seconds) for task in kie.tasks} == {("A fox", 10), ("A bear", 5)}


def test_a_later_task_takes_a_key_or_the_whole(run: RunDag, kie: Sandbox) -> None:
    done = run("by_key")

    result = pushed(done, "generate")
    assert done.returned("publish") == {
        "video_url": result["video_url"],
        "task_id": result["task_id"],
        "everything": result,
    }


@pytest.mark.parametrize("seconds", [5, 10])
def test_templates_are_rendered_and_their_texts_understood(run: RunDag, kie: Sandbox, seconds: int) -> None:
    assert run("templated", animal="wolf", seconds=seconds).state == "success"

    [task] = kie.tasks
    assert task.prompt.startswith("A wolf on 20")
    assert task.seconds == seconds
    assert task.width < task.height


def test_a_template_that_breaks_a_rule_fails_with_nothing_sent(
    run: RunDag, kie: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run("templated", seconds=7)

    assert done.states == {"generate": "failed"}
    assert "duration must be 5 or 10 (seconds); got 7. Nothing was sent." in "".join(capfd.readouterr())
    assert kie.ledger.requests == ()


def test_the_hook_in_taskflow(run: RunDag, kie: Sandbox) -> None:
    done = run("taskflow")

    assert done.states == {"make": "success", "wait": "success", "left": AWAITED}
    assert done.returned("wait") == kie.tasks[0].media_urls[0]
    if AWAITED == "success":
        assert done.returned("left") == kie.balance


def test_a_decorated_function_is_mapped(run: RunDag, kie: Sandbox) -> None:
    done = run("decorated")

    assert done.states == {"each[0]": "success", "each[1]": "success", "titles": "success"}
    made = {task.prompt: task for task in kie.tasks}
    assert sorted(made) == ["A bear, number 1", "A fox, number 0"]
    assert {task.seconds for task in kie.tasks} == {10}
    assert pushed(done, "each", 1)["task_id"] == made["A bear, number 1"].task_id


@WAYS
@pytest.mark.parametrize("said", FAULTS)
def test_what_no_retry_can_help_fails_and_says_why(
    run: RunDag, kie: Sandbox, capfd: pytest.CaptureFixture[str], way: str, said: str
) -> None:
    kie.fault(FAULTS[said], on="submit")

    done = run(f"failing_{way}")

    assert done.states == {"generate": "failed"}
    assert done.dag_run.state == "failed"
    out = "".join(capfd.readouterr())
    assert said in out
    assert kie.key not in out
    *_, last = (line for line in out.splitlines() if f"See {page('errors.md')}" in line)
    assert out.index(last) > out.rindex("Traceback (most recent call last)"), "the advice does not stand last"
    assert ("Nothing was paid" in last) is ("GenerationFailedError" not in said)


def test_a_sensor_that_fails_softly_skips(run: RunDag, kie: Sandbox) -> None:
    assert run("skipping", video="no-such-task").states == {"wait": "skipped"}


def test_a_sensor_whose_video_kie_does_not_know_fails(
    run: RunDag, kie: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("unknown_video").states == {"wait": "failed"}
    assert "KIE.AI has no record of task no-such-task" in "".join(capfd.readouterr())


def test_links_are_stored_for_the_page_of_the_task(run: RunDag, kie: Sandbox) -> None:
    done = run("chain_deferrable")

    xcoms = done.xcoms("generate")
    assert xcoms["_link_RunwayVideoLink"] == xcoms["video_url"]
    assert xcoms["_link_KieLogsLink"] == f"{kie.url}/logs?taskId={xcoms['task_id']}"


def test_what_is_wrong_by_its_value_is_tried_once(run: RunDag, kie: Sandbox) -> None:
    done = run("wrong_values")

    wrong = [each for each in done.dag_run.get_task_instances() if each.task_id in {"ratio", "place", "template"}]
    assert {(each.task_id, str(each.state), each.try_number) for each in wrong} == {
        ("ratio", "failed", 1),
        ("place", "failed", 1),
        ("template", "failed", 1),
    }
    assert kie.ledger.submissions == ()
