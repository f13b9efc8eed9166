"""How often a request is submitted that KIE fails: by what it says, and never without bound where that is unclear."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import GenerationFailedError
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.sandbox import Fail, Sandbox

from .support import Task

UNKNOWN = "Something that nobody has heard of"
FETCH = "Failed to fetch the image. Kindly verify any access limits or restrictions set by you."
BUSY = "Generation failed, please try again later"
MODERATION = "Lyrics contained copyrighted material"


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("message", [UNKNOWN, FETCH])
def test_what_is_unclear_is_submitted_once_more_and_not_again(
    kie: Sandbox, given_time: GivenTime, message: str, deferrable: bool
) -> None:
    kie.fault(Fail(message), times=5)
    task = Task(deferrable=deferrable)
    with pytest.raises(GenerationFailedError, match="worth one more submission at most"):
        task.run()

    with pytest.raises(AirflowFailException, match="worth one more submission at most"):
        task.run()

    assert len(kie.tasks) == 2


def test_a_video_that_comes_of_the_second_submission_is_taken(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(UNKNOWN), times=1)
    task = Task()
    with pytest.raises(GenerationFailedError):
        task.run()

    assert task.run()["state"] == "success"


def test_faults_of_the_service_are_submitted_as_often_as_the_task_says(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(BUSY), times=4)
    task = Task()
    for _ in range(4):
        with pytest.raises(GenerationFailedError, match="may succeed later"):
            task.run()

    assert task.run()["state"] == "success"


def test_faults_of_the_service_between_do_not_make_unclear_ones_more(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    for message, error in [
        (BUSY, GenerationFailedError),
        (UNKNOWN, GenerationFailedError),
        (BUSY, GenerationFailedError),
        (UNKNOWN, AirflowFailException),
    ]:
        kie.fault(Fail(message), times=1)
        with pytest.raises(error):
            task.run()


def test_another_request_is_counted_anew(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(UNKNOWN), times=3)
    task = Task()
    with pytest.raises(GenerationFailedError):
        task.run()
    changed = task.changed(prompt="A hare in the snow")

    with pytest.raises(GenerationFailedError):
        changed.run()
    with pytest.raises(AirflowFailException):
        changed.run()


def test_a_failure_that_only_the_next_try_sees_is_counted_too(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(UNKNOWN), times=3)
    task = Task()
    task.start()
    kie.advance(60)

    with pytest.raises(AirflowFailException):
        task.run()

    assert len(kie.tasks) == 2


def test_what_the_prompt_caused_is_submitted_once(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(MODERATION), times=2)

    with pytest.raises(AirflowFailException, match="change the prompt or the input"):
        Task().run()

    assert len(kie.tasks) == 1


def test_a_person_who_clears_the_task_has_one_more_submission(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(UNKNOWN), times=3)
    task = Task()
    for error in (GenerationFailedError, AirflowFailException):
        with pytest.raises(error):
            task.run()
    task.clear()

    with pytest.raises(AirflowFailException):
        task.run()
    assert task.run()["state"] == "success"
    assert len(kie.tasks) == 4


def test_a_record_of_before_there_was_a_count_can_be_read() -> None:
    record = Submission(stage=Stage.FAILED, fingerprint="f", intended_at="2026-11-26T00:00:00+00:00", task_id="t")
    stored = record.to_json()
    del stored["failures"]

    assert Submission.from_json(stored) == record


def test_where_nothing_is_kept_the_tries_are_counted(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail(UNKNOWN), times=3)
    task = Task(has_store=False)
    with pytest.raises(GenerationFailedError):
        task.run()

    with pytest.raises(AirflowFailException):
        task.run()
