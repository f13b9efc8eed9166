"""A function that signs links: no signature is kept, and what is sent has one that works."""

from __future__ import annotations

import json

import pytest
from fakes import GivenTime
from operators.support import Task

from airflow_provider_runway.exceptions import AmbiguousSubmissionError
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox

from .functions import Signing, decorated, running, sent


@pytest.mark.parametrize("has_store", [True, False])
def test_no_signature_is_kept_and_what_is_sent_has_one_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, has_store: bool
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    kie.fault(Refuse(429), on="submit", times=1)
    made = running(signing.function, aspect_ratio=None, has_store=has_store)

    queued = made.start()
    waiting = made.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})
    result = made.resume(waiting)

    assert result["state"] == "success"
    assert "secret" not in json.dumps([made.store.rows, made.pushed])
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]
    assert [request.extra_fields for request in requests][-1] == {"deep": [signing.link(2)]}
    assert (signing.calls, len(kie.ledger.charges)) == (2, 1)


def test_a_retry_that_waits_needs_no_signature(kie: Sandbox, given_time: GivenTime) -> None:
    signing = Signing("A fox")
    made = running(signing.function, aspect_ratio=None)
    made.start()

    assert made.run()["state"] == "success"
    assert (signing.calls, len(kie.ledger.charges)) == (1, 1)


@pytest.mark.parametrize("prompts", [("A fox",), ("A fox", "A bear")])
def test_a_video_that_is_submitted_again_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, prompts: tuple[str, ...]
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing(*prompts)
    kie.fault(Fail("Internal Error, please try again later", 501), times=1)
    made = running(signing.function, aspect_ratio=None)
    made.start()
    kie.advance(60)

    assert made.run()["state"] == "success"
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]
    assert requests[-1].prompt == prompts[-1]
    assert len(kie.ledger.paid) == 1


def test_a_request_that_the_decorator_has_changed_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    function = signing.function
    durations = [5, 10]
    made = Task(lambda: decorated(function, aspect_ratio=None, duration=durations[0]))  # type: ignore[arg-type, return-value]
    made.start()
    durations.pop(0)

    made.run()

    assert [request.duration for request in requests] == [5, 10]
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]


def test_a_doubtful_submission_that_may_be_repeated_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    kie.fault(CutAfter(), on="submit", times=1)
    made = running(signing.function, aspect_ratio=None, on_ambiguous_submit="resubmit")
    with pytest.raises(AmbiguousSubmissionError):
        made.run()

    assert made.run()["state"] == "success"
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]


def test_a_prompt_that_is_a_signed_link_is_kept_as_it_is(kie: Sandbox, given_time: GivenTime) -> None:
    link = Signing("").link(1)

    def video() -> str:
        return link

    made = running(video)
    made.start()

    made.run()

    assert len(kie.ledger.charges) == 1
