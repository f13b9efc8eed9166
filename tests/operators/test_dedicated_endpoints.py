"""Every dedicated endpoint, from the operator to the stored file, and through what can happen to a try."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from endpoint_bodies import VEO
from fakes import GivenTime

from airflow_provider_runway.exceptions import GenerationFailedError
from airflow_provider_runway.kie.families import ENDPOINTS, FAMILIES, kind_of
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

from .dedicated import MADE, body_of, task_of
from .support import Deferred, Task

AT_ONCE = [name for name in ENDPOINTS if kind_of(name) == "answer"]
COPIES = ["veo/get-1080p-video", "veo/get-4k-video"]
MADE_ONCE = [*COPIES, "suno/cover/generate"]
FREE = ("generate/get-timestamped-lyrics", "generate/generate-persona")
# One of each family, and those that differ from the others.
FAMILY = [next(iter(family.endpoints)) for family in FAMILIES.values() if isinstance(next(iter(family.endpoints)), str)]
EACH = pytest.mark.parametrize("endpoint", FAMILY)
WAITED_FOR = pytest.mark.parametrize("endpoint", [name for name in FAMILY if name not in AT_ONCE])


def charges(kie: Sandbox) -> int:
    return len(kie.ledger.charges)


def test_the_table_of_these_tests_has_every_endpoint() -> None:
    assert set(MADE) == set(ENDPOINTS)


@pytest.mark.parametrize(
    ("endpoint", "deferrable"), [*((name, True) for name in ENDPOINTS), *((name, False) for name in FAMILY)]
)
def test_what_an_endpoint_makes_is_waited_for_and_stored(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, endpoint: str, deferrable: bool
) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body, save_to=f"{tmp_path}/", deferrable=deferrable)

    result = task.run()

    types, has_object = MADE[endpoint]
    assert (result["state"], result["kind"], result["result_types"]) == ("success", kind_of(endpoint), types)
    assert len(result["result_urls"]) == len(types)
    assert (result["result"] is not None) is has_object
    suffixes = {"video": {".mp4"}, "audio": {".mp3", ".wav"}, "image": {".png", ".jpg"}}
    stored = [Path(path.removeprefix("file://")) for path in result["saved_files"]]
    assert [path.suffix in suffixes[kind] for kind, path in zip(types, stored, strict=False)] == [True] * len(types)
    assert [path.suffix for path in stored[len(types) :]] == [".json"] * has_object
    assert sorted(tmp_path.iterdir()) == sorted(stored)
    assert charges(kie) == before + (endpoint not in FREE)
    assert kie.ledger.key_leaks == ()


@EACH
def test_a_try_that_dies_once_it_has_paid_costs_nothing_more(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, endpoint: str
) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body, save_to=f"{tmp_path}/")
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()

    assert task.run()["state"] == "success"
    assert charges(kie) == before + 1


@EACH
def test_a_try_that_dies_before_it_has_sent_anything_is_followed_by_one_that_does(
    kie: Sandbox, given_time: GivenTime, endpoint: str
) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body)
    task.store.before = Stage.INTENT
    task.run_into_crash()

    assert task.run()["state"] == "success"
    assert charges(kie) == before + 1


@pytest.mark.parametrize("endpoint", [name for name in FAMILY if name not in COPIES])
def test_a_try_that_dies_before_it_could_record_the_id_is_not_followed_by_another_submission(
    kie: Sandbox, given_time: GivenTime, endpoint: str
) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body)
    task.store.before = Stage.SUBMITTED
    task.run_into_crash()

    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()
    assert charges(kie) == before + 1


@pytest.mark.parametrize("dies", ["store.before", "intent", "lost", 504])
@pytest.mark.parametrize("endpoint", COPIES)
def test_a_larger_copy_is_never_in_doubt_as_asking_again_costs_nothing(
    kie: Sandbox, given_time: GivenTime, endpoint: str, dies: str | int
) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body)
    match dies:
        case "store.before":
            task.store.before = Stage.SUBMITTED
            task.run_into_crash()
        case "intent":
            task.store.after = Stage.INTENT
            task.run_into_crash()
        case "lost":
            kie.fault(CutAfter(), times=1, on="any")
        case int(code):
            kie.fault(Refuse(code, accepted=True), times=1, on="any")

    result = task.run()

    assert (result["state"], result["task_id"]) == ("success", body["taskId"])
    assert charges(kie) == before + 1


@pytest.mark.parametrize("endpoint", [name for name in FAMILY if name not in COPIES])
def test_an_answer_that_is_lost_is_in_doubt(kie: Sandbox, given_time: GivenTime, endpoint: str) -> None:
    task = task_of(endpoint, body_of(kie, endpoint))
    kie.fault(CutAfter(), on="submit", times=1)

    with pytest.raises(AirflowFailException, match=f"kind {kind_of(endpoint)}, endpoint {endpoint}"):
        task.run()
    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()


@pytest.mark.parametrize("endpoint", [name for name in FAMILY if name != "veo/get-1080p-video"])  # which is no POST
def test_what_kie_refuses_is_free_and_can_be_sent_again(kie: Sandbox, given_time: GivenTime, endpoint: str) -> None:
    body = body_of(kie, endpoint)
    before = charges(kie)
    task = task_of(endpoint, body, deferrable=False)
    kie.fault(Refuse(402), on="submit", times=1)
    with pytest.raises(AirflowFailException, match="Nothing was paid"):
        task.run()
    assert charges(kie) == before

    assert task.run()["state"] == "success"


# What is made once only stays failed.
@pytest.mark.parametrize("endpoint", [name for name in FAMILY if name not in (*AT_ONCE, *MADE_ONCE)])
def test_a_task_that_kie_fails_by_a_fault_of_its_own_is_submitted_again(
    kie: Sandbox, given_time: GivenTime, endpoint: str
) -> None:
    body = body_of(kie, endpoint)
    task = task_of(endpoint, body)
    kie.fault(Fail("Internal Error, please try again later.", 500), on="submit", times=1)
    with pytest.raises(GenerationFailedError, match="Internal Error"):
        task.run()

    assert task.run()["state"] == "success"


@WAITED_FOR
def test_a_cleared_task_makes_it_anew(kie: Sandbox, given_time: GivenTime, tmp_path: Path, endpoint: str) -> None:
    task = task_of(endpoint, body_of(kie, endpoint), save_to=f"{tmp_path}/")
    first = task.run()
    task.clear()

    second = task.run()

    # KIE makes one larger copy of a video and one cover of a song, however often it is asked.
    assert (second["task_id"] == first["task_id"]) is (endpoint in MADE_ONCE)


def test_without_waiting_what_is_answered_at_once_is_returned_all_the_same(kie: Sandbox, given_time: GivenTime) -> None:
    task = task_of("style/generate", {"content": "warm"}, wait_for_completion=False)
    result = task.run()
    assert (result["state"], result["kind"]) == ("success", "answer")
    assert result["result"]["result"].startswith("warm")
    assert (result["credits"], result["expires_at"]) == (0.4, None)


def test_an_answer_whose_keeping_failed_is_returned_and_is_lost_only_with_the_try(
    kie: Sandbox, given_time: GivenTime, caplog: pytest.LogCaptureFixture
) -> None:
    task = task_of("style/generate", {"content": "warm"})
    task.store.broken = "runway_answer"
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()

    with pytest.raises(AirflowFailException, match=r"the answer .* was not kept"):
        task.run()
    task.clear()
    assert task.run()["state"] == "success"
    assert charges(kie) == 2


@WAITED_FOR
def test_sensor_and_transfer_take_what_was_made_elsewhere(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, capfd: pytest.CaptureFixture[str], endpoint: str
) -> None:
    submitted = task_of(endpoint, body_of(kie, endpoint), wait_for_completion=False).run()
    task_id, kind = submitted["task_id"], submitted["kind"]
    before = charges(kie)

    waiting = Task(lambda: RunwayVideoSensor(task_id="wait", runway_task_id=task_id, kind=kind))  # type: ignore[arg-type, return-value]
    seen = waiting.run()
    storing = RunwayToObjectStorageOperator(task_id="store", runway_task_id=task_id, kind=kind, save_to=f"{tmp_path}/")
    stored = storing.execute(waiting.context)

    assert seen["result_types"] == stored["result_types"] == MADE[endpoint][0]
    assert len(stored["saved_files"]) == len(list(tmp_path.iterdir())) > 0
    assert charges(kie) == before
    warned = capfd.readouterr().out.count(f"asked by {endpoint}, which orders it, and is paid")
    assert warned == (2 if endpoint in COPIES else 0)


def test_the_kind_is_that_of_what_was_submitted_whatever_a_template_says_later(
    kie: Sandbox, given_time: GivenTime
) -> None:
    endpoint = "veo/generate"
    task = Task(lambda: task_of(endpoint, VEO).operator)
    waiting = task.start()
    assert isinstance(waiting, Deferred)
    endpoint = "lyrics"

    result = task.resume(waiting)

    assert (result["kind"], result["state"]) == ("veo", "success")


@pytest.mark.parametrize(("endpoint", "pause"), [("veo/get-1080p-video", 20), ("veo/get-4k-video", 30)])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_larger_copy_is_polled_no_more_often_than_kie_asks(
    kie: Sandbox, given_time: GivenTime, endpoint: str, pause: int, deferrable: bool
) -> None:
    task_of(endpoint, body_of(kie, endpoint), deferrable=deferrable, poll_interval=1).run()

    first, *polls = [each.at for each in kie.ledger.requests if each.path.endswith(endpoint)]
    assert len(polls) > 0
    # the moment of submission is known to the second
    assert all(later - earlier > pause - 1 for earlier, later in pairwise([first, *polls[:-1]]))
