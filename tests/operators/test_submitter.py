"""What is refused, or of unknown outcome: what is said, what is recorded, and what the next try may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    NotSentError,
    RunwayError,
    ServerError,
)
from airflow_provider_runway.operators import store_records
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.sandbox import (
    CutAfter,
    CutBefore,
    Delay,
    Garbage,
    NoTaskId,
    Refuse,
    Sandbox,
)

from .support import FOX, Task

REFUSALS = [
    (Refuse(401), False),
    (Refuse(402), False),
    (Refuse(422), False),
    (Refuse(433), False),
    (Refuse(451), False),
    (Refuse(505), False),
    (Refuse(500), True),
    (Garbage("html", http_status=403, accepted=False), False),
]


@pytest.mark.parametrize(("refusal", "retryable"), REFUSALS)
def test_a_refusal_is_forgotten_and_retried_only_where_that_can_help(
    kie: Sandbox, given_time: GivenTime, refusal: Refuse, retryable: bool
) -> None:
    kie.fault(refusal, on="submit", times=1)
    task = Task(deferrable=False)

    with pytest.raises(ServerError if retryable else AirflowFailException):
        task.run()

    assert task.store.stages == ["intent", "forgotten"]
    assert task.store.record is None
    assert kie.ledger.charges == ()
    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_a_wrong_key_fails_for_good_and_says_so_without_the_key(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "k3y-of-nobody"))

    with pytest.raises(AirflowFailException, match=r"AuthenticationError: .*the API key is missing, wrong") as caught:
        Task().run()

    assert "k3y-of-nobody" not in str(caught.value)


@pytest.mark.parametrize("password", ["", "two words"])
def test_a_missing_or_odd_key_fails_for_good_before_anything_is_recorded_or_sent(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    connection = {"conn_type": "runway", "host": kie.url, "password": password}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    task = Task()

    with pytest.raises(AirflowFailException, match="ConnectionSettingsError: Connection 'runway_default'"):
        task.run()

    assert task.store.stages == []
    assert kie.ledger.requests == ()


def test_an_invalid_request_fails_for_good_before_anything_is_recorded_or_sent(kie: Sandbox) -> None:
    task = Task(lambda: _rendered(duration="{{ 7 }}"))

    with pytest.raises(AirflowFailException, match=r"InvalidRequestError: .* Nothing was sent"):
        task.run()

    assert task.store.stages == []
    assert kie.ledger.requests == ()


def _rendered(**parameters: Any) -> RunwayGenerateOperator:
    operator = RunwayGenerateOperator(**{**FOX, **parameters})
    operator.render_template_fields({})
    return operator


def test_what_cannot_be_recorded_is_not_sent(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task()

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError("the API server is away")

    monkeypatch.setattr(store_records, "_PAUSES", (0.0,) * 3)
    monkeypatch.setattr(task.store, "set", refuse)
    with pytest.raises(OSError, match="away"):
        task.run()

    assert kie.ledger.requests == ()


@pytest.mark.parametrize("value", [{}, [], "record", {"version": 1, "stage": "submitted"}])
def test_a_record_that_cannot_be_read_is_not_taken_for_none(kie: Sandbox, value: Any) -> None:
    task = Task()
    task.store.rows["runway_submission"] = json.dumps(value)

    with pytest.raises(AirflowFailException, match=r"UnreadableRecordError: .*runway_submission"):
        task.run()

    assert kie.ledger.requests == ()
    assert task.store.stages == []


def test_a_store_that_cannot_be_asked_is_not_taken_for_an_empty_one(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()

    def away(*_args: object) -> None:
        raise OSError("the API server is away")

    monkeypatch.setattr(task.store, "get", away)
    with pytest.raises(OSError, match="away"):
        task.run()

    assert kie.ledger.requests == ()


AMBIGUOUS = [
    CutAfter(),
    CutBefore(),
    NoTaskId(),
    Garbage("html", http_status=200),
    Garbage("truncated"),
    Garbage("empty"),
    Garbage("shape"),
    Garbage("null"),
    Garbage("html", http_status=502),
    Refuse(504, http_status=504, accepted=True),
    Refuse(502, http_status=502),
    Refuse(408),
]


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=repr)
def test_a_submission_of_unknown_outcome_fails_for_good_and_is_never_sent_again(
    kie: Sandbox, given_time: GivenTime, fault: Any
) -> None:
    kie.fault(fault, on="submit", times=1)
    task = Task()

    with pytest.raises(AirflowFailException, match="AmbiguousSubmissionError: It is unknown whether") as caught:
        task.run()
    assert isinstance(caught.value.__cause__, AmbiguousSubmissionError)
    for fact in (f"{kie.url}/logs", "'A fox in the snow'", "request ", "records set-id", "It may be paid."):
        assert fact in str(caught.value)
    assert task.store.stages == ["intent"]

    task.clear()
    with pytest.raises(AirflowFailException, match="AmbiguousSubmissionError: An earlier try was about to submit"):
        task.run()
    assert len(kie.ledger.submissions) == 1


def test_an_answer_that_takes_too_long_is_of_unknown_outcome(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, given_time: GivenTime
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"timeout": 0.1}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    kie.fault(Delay(0.5), on="submit")

    with pytest.raises(AirflowFailException, match=r"AmbiguousSubmissionError: .*ReadTimeout"):
        Task().run()

    assert len(kie.ledger.submissions) <= 1


@pytest.mark.parametrize("fault", AMBIGUOUS[:3], ids=repr)
def test_a_submission_of_unknown_outcome_is_sent_again_by_the_next_try_where_that_was_asked_for(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], fault: Any
) -> None:
    kie.fault(fault, on="submit", times=1)
    task = Task(on_ambiguous_submit="resubmit", deferrable=False)

    with pytest.raises(RunwayError):
        task.run()
    assert kie.ledger.counts["submit"] == 1

    assert task.run()["state"] == "success"
    assert kie.ledger.counts["submit"] == 2
    assert "The video may be paid twice" in capfd.readouterr().out


def test_where_nobody_listens_nothing_was_sent_and_a_retry_submits(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(deferrable=False)
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.url, "http://127.0.0.1:9"))
        with pytest.raises(NotSentError):
            task.run()
    assert task.store.record is None

    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1
