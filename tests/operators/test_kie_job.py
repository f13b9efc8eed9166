"""Any other model of KIE's market: submitted once, waited for, stored, as the rest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, task
from fakes import GivenTime, fake_context

from airflow_provider_runway.exceptions import GenerationFailedError, InvalidRequestError, TaskNotFoundError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie import job_results, tasks
from airflow_provider_runway.kie.prices import CREDITS
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.results import JobResult
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator
from airflow_provider_runway.utils.config import read_prices

from .support import Deferred, Task

KEYS = {each.name for each in fields(JobResult)}
KLING: dict[str, Any] = {
    "task_id": "hare",
    "model": "kling-2.6/text-to-video",
    "input": {"prompt": "A hare in the snow", "duration": "5"},
}
PICTURES: dict[str, Any] = {
    "task_id": "hares",
    "model": "google/nano-banana",
    "input": {"prompt": "A hare in the snow", "num_images": 3},
}
PRICES = "AIRFLOW__RUNWAY__PRICES"
KLING_PRICE = '{"kling-2.6/text-to-video": 55}'


def job(**parameters: Any) -> Task:
    return Task(lambda: KieJobOperator(**{**KLING, **parameters}))


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_model_makes_its_video(kie: Sandbox, given_time: GivenTime, deferrable: bool) -> None:
    task = job(deferrable=deferrable)

    result = task.run()

    [made] = kie.tasks
    assert (made.api, made.model, made.prompt) == ("jobs", "kling-2.6/text-to-video", "A hare in the snow")
    assert (result["task_id"], result["kind"], result["state"]) == (f"jobs:{made.task_id}", "job", "success")
    assert (result["video_url"], result["result_urls"]) == (made.media_urls[0], list(made.media_urls))
    assert (result["saved_to"], result["saved_files"], result["credits_estimate"]) == (None, [], None)
    assert set(result) == KEYS
    assert json.loads(json.dumps(result)) == result
    assert task.pushed["task_id"] == result["task_id"]


def test_all_that_comes_of_a_job_is_stored(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    result = job(**PICTURES, save_to=f"{tmp_path}/").run()

    [made] = kie.tasks
    expected = [f"{made.task_id}-{number}.png" for number in (1, 2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected
    assert result["saved_files"] == [f"file://{tmp_path}/{name}" for name in expected]
    assert result["saved_to"] == result["saved_files"][0]
    assert len(result["result_urls"]) == 3
    assert kie.ledger.key_leaks == ()


def test_a_retry_that_finds_the_job_pays_nothing_more_and_stores_what_is_missing(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    task = job(**PICTURES, save_to=f"{tmp_path}/")
    waiting = task.start()
    assert isinstance(waiting, Deferred)
    kie.advance(60)
    (tmp_path / f"{kie.tasks[0].task_id}-2.png").write_bytes(b"another file")
    with pytest.raises(AirflowFailException, match="Another file is at"):
        task.resume(waiting)
    (tmp_path / f"{kie.tasks[0].task_id}-2.png").unlink()

    result = task.run()

    assert len(result["saved_files"]) == len(list(tmp_path.iterdir())) == 3
    assert len(kie.ledger.charges) == 1


def test_a_doubtful_job_is_not_sent_again_and_says_which_it_was(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(CutAfter(), on="submit")
    task = job()

    with pytest.raises(AirflowFailException, match=r"kind job, model kling-2.6/text-to-video, prompt 'A hare in"):
        task.run()
    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()

    assert len(kie.ledger.submissions) == 1


def test_a_job_that_kie_fails_by_fault_is_submitted_again(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail("Internal Error", 501), on="submit", times=1)
    task = job(deferrable=False)
    with pytest.raises(GenerationFailedError, match="Internal Error"):
        task.run()

    assert task.run()["state"] == "success"
    assert len(kie.ledger.paid) == 1


def test_without_waiting_the_submitted_job_is_handed_over_to_a_sensor(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    submitted = job(**PICTURES, wait_for_completion=False).run()
    kie.advance(60)
    wanted: dict[str, Any] = {"runway_task_id": submitted["task_id"], "kind": "job"}

    seen: Any = RunwayVideoSensor(task_id="seen", **wanted).execute(fake_context())
    stored: Any = RunwayToObjectStorageOperator(task_id="store", save_to=f"{tmp_path}/", **wanted).execute(
        fake_context()
    )

    assert (submitted["state"], submitted["result_urls"], submitted["saved_files"]) == ("submitted", [], [])
    assert set(submitted) == set(seen) == KEYS
    assert len(seen["result_urls"]) == 3
    assert set(stored) == KEYS
    assert [Path(file.removeprefix("file://")).read_bytes()[:4] for file in stored["saved_files"]] == [b"\x89PNG"] * 3
    assert stored["size"] == Path(stored["saved_to"].removeprefix("file://")).stat().st_size


def test_a_dead_link_among_several_is_renewed(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    kie.configure(seconds=0)
    kie.fault(Refuse(403, http_status=403), on="media", skip=1, times=1)

    result = job(**PICTURES, save_to=f"{tmp_path}/", deferrable=False).run()

    assert len(result["saved_files"]) == len(list(tmp_path.iterdir())) == 3
    assert (kie.ledger.counts["media"], kie.ledger.counts["download_url"]) == (4, 1)


@pytest.mark.parametrize("save_to", ["/videos/hare.mp4", "s3://videos/hare", "~/hare.mp4"])
def test_where_a_job_is_stored_is_a_folder(save_to: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^save_to must be a folder, with a / at its end"):
        KieJobOperator(**KLING, save_to=save_to)
    with pytest.raises(InvalidRequestError, match=r"^save_to must be a folder, with a / at its end"):
        RunwayToObjectStorageOperator(task_id="store", runway_task_id="t-1", kind="job", save_to=save_to)


def test_a_job_has_no_thumbnail() -> None:
    with pytest.raises(TypeError, match="thumbnail"):
        KieJobOperator(**KLING, save_to="/videos/", thumbnail=True)
    with pytest.raises(InvalidRequestError, match="thumbnail must be False for kind 'job'"):
        RunwayToObjectStorageOperator(
            task_id="store", runway_task_id="t-1", kind="job", save_to="/videos/", thumbnail=True
        )


def test_where_a_job_is_stored_is_judged_before_it_is_paid(kie: Sandbox, given_time: GivenTime) -> None:
    task = job(save_to="{{ '/videos/hare.mp4' }}", deferrable=False)
    build = task._build

    def rendered() -> Any:
        operator = build()
        operator.render_template_fields({})
        return operator

    task._build = rendered
    with pytest.raises(AirflowFailException, match="save_to must be a folder"):
        task.run()

    assert kie.ledger.submissions == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"model": ""}, "model"),
        ({"model": "two words"}, "model"),
        ({"model": None}, "model"),
        ({"model": "None"}, "model"),
        ({"input": None}, "input"),
        ({"input": ["a"]}, "input"),
        ({"input": {1: "a"}}, "input"),
        ({"callback_url": "nowhere"}, "callback_url"),
    ],
)
def test_a_literal_that_breaks_a_rule_is_refused_while_the_dag_is_read(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequestError, match="Nothing was sent") as caught:
        KieJobOperator(**{**KLING, **given})

    assert caught.value.field == field


def test_templates_and_outputs_of_other_tasks_may_stand_anywhere_in_the_fields_of_the_model() -> None:
    @task
    def picture() -> str:
        return "https://a.example/hare.png"

    with DAG("clips", schedule=None):
        shot = picture()
        made = KieJobOperator(task_id="hare", model="{{ params.model }}", input={"image_urls": [shot], "n": 1})
    assert made.upstream_task_ids == {"picture"}

    operator = KieJobOperator(
        task_id="hare", model="{{ params.m }}", input={"texts": [{"a": "{{ params.m }}"}], "n": 2}
    )
    operator.render_template_fields({"params": {"m": "veo-3-1"}})

    request = operator.build_request()
    assert (request.model, request.input) == ("veo-3-1", {"texts": [{"a": "veo-3-1"}], "n": 2})


def test_the_price_of_a_model_is_known_where_the_configuration_says_it(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRICES, '{"kling-2.6/text-to-video": 55, "extend-720p": 15}')

    assert read_prices() == {**CREDITS, "kling-2.6/text-to-video": 55, "extend-720p": 15}
    assert job(deferrable=False).run()["credits_estimate"] == 55


@pytest.mark.parametrize(
    "prices",
    [
        '{"extend-720": 15}',
        '{"generate-5s": 1}',
        '{"aleph-5s": 1}',
        '{"kling-3.0/video:prof": 20}',
        '{"veo": "x"}',
        '{"veo": -1}',
        '{"veo": 1e400}',
        '{"veo": NaN}',
        '{"veo": Infinity}',
        f'{{"veo": 1{"0" * 400}}}',
        '{"veo": true}',
        "[1]",
        "{",
        "[" * 100_000,
    ],
)
def test_a_price_list_with_a_slip_of_the_pen_is_refused(monkeypatch: pytest.MonkeyPatch, prices: str) -> None:
    monkeypatch.setenv(PRICES, prices)

    with pytest.raises(InvalidRequestError, match=r"\[runway\] prices must be a JSON object of credits"):
        read_prices()


@pytest.mark.parametrize(
    ("floor", "prices"), [(5000, ""), (5001, ""), (4945, KLING_PRICE), (4946, KLING_PRICE), (4946, '{"veo": 55}')]
)
def test_the_credit_floor_holds_for_what_is_known_of_the_price(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, floor: int, prices: str
) -> None:
    refused = floor > (4945 if prices == KLING_PRICE else 5000)
    monkeypatch.setenv(PRICES, prices)
    connection = {**json.loads(kie.connection_json()), "extra": {"credit_floor": floor}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    if refused:
        with pytest.raises(AirflowFailException, match=f"The balance is 5000 credits; .* credit_floor of {floor}"):
            job(deferrable=False).run()
    else:
        job(deferrable=False).run()

    assert len(kie.ledger.submissions) == int(not refused)


def test_the_hook_submits_a_job(kie: Sandbox, given_time: GivenTime) -> None:
    with RunwayHook() as hook:
        task_id = hook.submit_job(KLING["model"], KLING["input"])
        video = hook.wait(task_id, "job")
        with pytest.raises(TaskNotFoundError):
            hook.get_task("jobs:nobody", "job")

    assert task_id.startswith("jobs:")
    assert (video.kind, video.video_url) == ("job", kie.tasks[0].media_urls[0])


LYRICS = {"resultObject": {"lyricsData": [{"title": "Hase", "text": "Über den Schnee"}]}}


def outcome_is(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    """Have every job that is ready come to this."""
    monkeypatch.setattr(
        tasks, "read_outcome", lambda result, _: job_results.read_outcome(outcome if result else None, None)
    )


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_result_that_is_no_file_is_the_result_and_stored_as_json(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    outcome_is(monkeypatch, LYRICS)

    result = job(save_to=f"{tmp_path}/", deferrable=deferrable).run()

    [made] = kie.tasks
    [file] = tmp_path.iterdir()
    assert file.name == f"{made.task_id}-1.json"
    assert json.loads(file.read_text(encoding="utf-8")) == LYRICS
    assert (result["state"], result["result"], result["video_url"]) == ("success", LYRICS, None)
    assert (result["saved_to"], result["saved_files"]) == (f"file://{file}", [f"file://{file}"])
    assert (result["sha256"], result["size"]) == (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)


def test_the_transfer_stores_a_result_that_is_no_file_and_again(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome_is(monkeypatch, LYRICS)
    made = job().run()["task_id"]
    transfer = RunwayToObjectStorageOperator(
        task_id="store", runway_task_id=made, kind="job", save_to=f"{tmp_path}/", outlets=[]
    )

    assert transfer.execute(fake_context()) == transfer.execute(fake_context())

    [file] = tmp_path.iterdir()
    file.write_text("mine")
    with pytest.raises(AirflowFailException, match="its bytes differ"):
        transfer.execute(fake_context())


def test_every_file_of_a_job_is_stored_and_the_video_is_told_by_its_own(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, video = Task().run()["image_url"], Task().run()["video_url"]
    outcome_is(monkeypatch, {"data": [{"id": "c-1", "image_url": picture, "video_url": video}]})

    result = job(save_to=f"{tmp_path}/").run()

    assert result["result_urls"] == [picture, video]
    assert (result["video_url"], result["image_url"]) == (video, picture)
    assert [Path(name).suffix for name in result["saved_files"]] == [".png", ".mp4", ".json"]
    assert result["saved_to"] == result["saved_files"][1]
    assert result["result"]["data"][0]["id"] == "c-1"
