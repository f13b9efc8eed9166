from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway import exceptions
from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    InvalidRequestError,
    NoAnswerError,
    NotSentError,
    RateLimitedError,
    RunwayError,
    ServiceError,
)


def drawn_tree() -> dict[str, str]:
    """Each class that the module's docstring draws, with its parent."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (exceptions.__doc__ or "").splitlines():
        if match := re.match(r"    ((?:│   |    )*)(?:[├└]── )?(\w+Error)\b", line):
            depth = len(match[1]) // 4 + ("── " in line)
            path[depth:] = [match[2]]
            if depth:
                parents[match[2]] = path[depth - 1]
    return parents


def test_the_tree_drawn_in_the_docstring_is_the_real_one() -> None:
    real = {
        name: next(base.__name__ for base in kind.__bases__ if issubclass(base, RunwayError))
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, RunwayError) and kind is not RunwayError
    }
    assert drawn_tree() == real


@pytest.mark.parametrize("kind", [NotSentError, NoAnswerError, RateLimitedError, errors.ServerError])
def test_faults_that_pass_are_worth_a_retry(kind: type[RunwayError]) -> None:
    assert kind("x").retryable


@pytest.mark.parametrize(
    "kind",
    [
        errors.AuthenticationError,
        errors.InsufficientCreditsError,
        errors.PermissionDeniedError,
        errors.QuotaExceededError,
        errors.RejectedError,
        errors.InputUnreachableError,
        errors.FeatureDisabledError,
        errors.ConnectionSettingsError,
        errors.AmbiguousSubmissionError,
        errors.VideoExpiredError,
        errors.TaskNotFoundError,
    ],
)
def test_what_no_retry_changes_is_not_worth_one(kind: type[RunwayError]) -> None:
    assert not kind("x").retryable


def test_an_error_can_know_better_than_its_class_whether_a_retry_helps() -> None:
    assert GenerationFailedError("x", retryable=True).retryable
    assert not RateLimitedError("x", retryable=False).retryable


def test_an_error_carries_what_a_program_needs() -> None:
    error = ServiceError("text", code=422, http_status=200, task_id="t", service_message="said")
    assert (str(error), error.code, error.http_status, error.task_id, error.service_message, error.retryable) == (
        "text.",
        422,
        200,
        "t",
        "said",
        False,
    )


def test_the_message_of_an_error_can_go_on_and_survives_pickling() -> None:
    error = ServiceError("it failed..", code=500, retry_after=7.0)
    error = error.replace(*error.args, "Nothing was paid. Try later")
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.code, twin.retry_after) == ("it failed. Nothing was paid. Try later.", 500, 7.0)


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("duration", 7, "must be 5 or 10"),
        errors.CreditFloorError(10.0, 12.0, 5.0),
        errors.CreditFloorError(4.0, None, 5.0),
        GenerationFailedError("it failed", reason="moderation", resubmissions=0),
        errors.DeadLinkError("it is dead", http_status=404),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_every_error_keeps_what_was_replaced_in_it_when_it_is_copied(
    error: RunwayError, again: Callable[[RunwayError], RunwayError]
) -> None:
    error = again(error)
    error = error.replace(*error.args, "Nothing was paid", task_id="t-1")
    assert error.task_id == "t-1"
    twin = again(again(error))
    assert str(twin) == str(error)
    assert str(twin).endswith("Nothing was paid.")
    assert (type(twin), twin.__dict__) == (type(error), error.__dict__)


def test_an_error_to_be_raised_in_place_of_another_leaves_that_as_it_is() -> None:
    first = ServiceError("it failed", detail="Try later", code=500, task_id="t-1")
    with pytest.raises(ServiceError) as caught:
        raise first from LookupError()
    other = first.replace(retryable=True, task_id=None)
    assert (str(other), other.code, other.task_id, other.retryable) == (str(first), 500, None, True)
    assert (other.__cause__, other.__suppress_context__) == (first.__cause__, True)
    assert other.__traceback__ is caught.tb
    assert (first.task_id, first.retryable) == ("t-1", False)
    assert first.replace("It failed for good").args == ("It failed for good.",)


def test_an_error_that_comes_of_another_takes_over_what_was_said() -> None:
    said_by = ServiceError("it failed", code=500, http_status=200, service_message="no", task_id="t-1", retry_after=7.0)
    error = errors.DeadLinkError("it is dead", http_status=404, said_by=said_by)
    assert (error.code, error.http_status, error.service_message) == (500, 404, "no")
    assert (error.task_id, error.retry_after) == (None, None)


def test_an_invalid_request_names_field_rule_and_value() -> None:
    error = InvalidRequestError("duration", 7, "must be 5 or 10 (seconds)")
    assert str(error) == "duration must be 5 or 10 (seconds); got 7. Nothing was sent."
    assert (error.field, error.value, error.rule) == ("duration", 7, "must be 5 or 10 (seconds)")
    assert isinstance(error, ValueError)


def test_a_long_value_is_shown_by_its_beginning_and_length() -> None:
    assert f"got '{'x' * 79}… (2000 characters)" in str(InvalidRequestError("prompt", "x" * 2000, "is long"))


class Unprintable:
    def __repr__(self) -> str:
        raise LookupError


@pytest.mark.parametrize("value", [10**5000, Unprintable()], ids=["a number too long", "a broken repr"])
def test_a_value_that_cannot_be_shown_does_not_hide_the_error(value: object) -> None:
    assert "cannot be shown" in str(InvalidRequestError("duration", value, "must be 5 or 10"))


def test_a_value_nested_too_deeply_to_show_does_not_hide_the_error() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    assert "extra_fields must" in str(InvalidRequestError("extra_fields", value, "must be short"))
    while value:  # taken apart from outside in: freeing it whole would recurse
        value = value.pop()  # type: ignore[assignment]


@given(st.text() | st.integers() | st.binary() | st.none() | st.lists(st.text()))
def test_any_value_makes_an_error_that_survives_pickling(value: object) -> None:
    error = InvalidRequestError("field", value, "rule")
    error.task_id = "t"
    twin = pickle.loads(pickle.dumps(error))
    assert (twin.value, twin.task_id, str(twin)) == (value, "t", str(error))
