from __future__ import annotations

import pickle
from typing import Any

import pytest

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import GenerationFailedError, InvalidRequestError, RateLimitedError, RunwayError

# What some carry beyond what all do.
OWN: dict[type[RunwayError], dict[str, Any]] = {
    RateLimitedError: {"retry_after": 7.5},
    GenerationFailedError: {"reason": "input"},
}


def tree(kind: type[RunwayError]) -> set[type[RunwayError]]:
    """The class and all below it, but for those that other modules keep to themselves."""
    below = {each for child in kind.__subclasses__() for each in tree(child)}
    return {each for each in {kind} | below if each.__module__ == RunwayError.__module__}


def test_the_exported_names_are_the_classes_of_the_tree() -> None:
    assert exceptions.__all__ == sorted(kind.__name__ for kind in tree(RunwayError))
    assert {getattr(exceptions, name) for name in exceptions.__all__} == tree(RunwayError)


@pytest.mark.parametrize("name", exceptions.__all__)
def test_an_exception_survives_pickling_with_all_it_carries(name: str) -> None:
    kind = getattr(exceptions, name)
    own = OWN.get(kind, {})
    error: RunwayError
    if kind is InvalidRequestError:
        error = InvalidRequestError("prompt", "", "must not be empty")
    else:
        facts: dict[str, Any] = {
            "code": 422,
            "http_status": 200,
            "task_id": "t-1",
            "service_message": "said",
            "retryable": True,
        }
        error = kind("text", **facts, **own)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert set(own) <= set(vars(copy))


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_exception_is_caught_as_a_runway_error(name: str) -> None:
    assert issubclass(getattr(exceptions, name), RunwayError)
