from __future__ import annotations

import json
import math
from typing import Any

import pytest
from airflow.sdk import Context
from fakes import fake_context
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway import exceptions
from airflow_provider_runway.utils.announcements import announce, announce_failure, expected_at, reason_of


def said(context: Context, key: str) -> dict[str, Any]:
    ti: Any = context["ti"]
    found: dict[str, Any] = ti.xcoms[key]
    return found


ODD: list[Any] = ["", " ", "\ud800", "\0", "é" * 5000, b"bytes", math.nan, math.inf, 10**400, True, [1], {"a": {}}, {1}]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("name", ["prompt", "model", "duration", "parameters", "save_to", "queue", "task_id"])
def test_whatever_it_is_that_is_said_airflow_can_store_it(name: str, odd: Any) -> None:
    context = fake_context()

    announce(context, kind="job", **{name: odd})

    stored = json.dumps(said(context, "runway"), allow_nan=False)
    assert "\\u0000" not in stored
    assert len(stored) < 20_000


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.text()))))
def test_any_parameters_can_be_stored(values: dict[str, Any]) -> None:
    context = fake_context()

    announce(context, kind="job", parameters=values)

    json.dumps(said(context, "runway"), allow_nan=False).encode()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (exceptions.GenerationFailedError("x", reason="moderation"), "moderation"),
        (exceptions.AmbiguousSubmissionError("x"), "ambiguous_submission"),
        (exceptions.VideoExpiredError("x"), "video_expired"),
        (exceptions.WaitTimeoutError("x"), "wait_timeout"),
        (exceptions.NotAVideoError("x"), "not_a_video"),
        (ValueError("x"), "unexpected"),
    ],
    ids=repr,
)
def test_why_it_failed_is_one_word(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


@pytest.mark.parametrize("is_paid", [True, False, None])
def test_whether_it_is_paid_is_said_beside_the_sentence(is_paid: bool | None) -> None:
    context = fake_context()

    announce_failure(context, ValueError("x"), paid="This try has paid nothing.", is_paid=is_paid, advice="Do.")

    failure = said(context, "failure")
    assert (failure["paid"], failure["payment"]) == (is_paid, "This try has paid nothing.")


def test_a_long_message_is_cut_and_what_airflow_masks_is_masked() -> None:
    from airflow.sdk.log import mask_secret

    mask_secret("sk-masked-secret")
    context = fake_context()

    error = ValueError("key sk-masked-secret " + "x" * 100_000)
    announce_failure(context, error, paid="It is paid.", is_paid=True, advice="Do.")

    message = said(context, "failure")["message"]
    assert message.startswith("key *** x")
    assert len(message) < 3000


@pytest.mark.parametrize("odd", [None, "", "yesterday", "9999-12-31T23:59:59+00:00"])
def test_where_it_is_not_known_when_it_was_submitted_nothing_is_expected(odd: str | None) -> None:
    assert expected_at(odd, "aleph") is None
