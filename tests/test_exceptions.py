from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import (
    GenerationFailedError,
    PublicationError,
    RateLimitedError,
    RunwayError,
)

# What some carry beyond what all do.
OWN: dict[type[RunwayError], dict[str, Any]] = {
    RateLimitedError: {"retry_after": 7.5},
    GenerationFailedError: {"reason": "input"},
}


# What others keep to themselves is not public.
MODULES = {RunwayError.__module__, PublicationError.__module__, "airflow_provider_runway.kie.spending_errors"}


def tree(kind: type[RunwayError]) -> set[type[RunwayError]]:
    """The class and all below it, but for those that other modules keep to themselves."""
    below = {each for child in kind.__subclasses__() for each in tree(child)}
    return {each for each in {kind} | below if each.__module__ in MODULES}


def test_the_exported_names_are_the_classes_of_the_tree() -> None:
    assert exceptions.__all__ == sorted(kind.__name__ for kind in tree(RunwayError))
    assert {getattr(exceptions, name) for name in exceptions.__all__} == tree(RunwayError)


def sample(kind: type[RunwayError]) -> RunwayError:
    """An exception that carries all it can; one that words its message itself is given numbers to put into it."""
    taken = inspect.signature(kind).parameters
    if "message" not in taken:
        own: dict[str, Any] = {name: {"foxes": 3.0} if name == "by_dag" else n for n, name in enumerate(taken, 1)}
        return kind(**own)
    facts = {"code": 422, "http_status": 200, "task_id": "t-1", "service_message": "said", "retryable": True}
    return kind("text", **facts, **OWN.get(kind, {}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", exceptions.__all__)
def test_an_exception_survives_pickling_with_all_it_carries(name: str) -> None:
    kind = getattr(exceptions, name)
    error = sample(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert set(OWN.get(kind, {})) <= set(vars(copy))


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_exception_is_caught_as_a_runway_error(name: str) -> None:
    assert issubclass(getattr(exceptions, name), RunwayError)
