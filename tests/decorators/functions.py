"""Decorated functions that tests run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import BaseOperator, task
from operators.support import Task

from airflow_provider_runway.decorators.runway import RunwayDecoratedOperator
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.sandbox import Sandbox

ASPECT: dict[str, Any] = {"aspect_ratio": "16:9"}


def decorated(function: Callable[..., Any], *arguments: Any, **parameters: Any) -> BaseOperator:
    """The operator that a decorated function becomes when it is called in a DAG."""
    return task.runway(**{**ASPECT, **parameters})(function)(*arguments).operator  # type: ignore[no-any-return]


def running(function: Callable[..., Any], *arguments: Any, has_store: bool = True, **parameters: Any) -> Task:
    def build() -> RunwayDecoratedOperator:
        operator = decorated(function, *arguments, **parameters)
        assert isinstance(operator, RunwayDecoratedOperator)
        return operator

    return Task(build, has_store=has_store)


def fox() -> str:
    return "A fox"


class Signing:
    """A function whose picture is signed anew in each call.

    :param prompt: What it says in its calls, one after another; the last one again and again.
    """

    def __init__(self, *prompts: str) -> None:
        self.calls = 0
        self._prompts = prompts

    def link(self, call: int) -> str:
        query = f"v=1&X-Amz-Credential=k&X-Amz-Date={call}&X-Amz-Signature=secret{call}"
        return f"https://bucket.example/fox.png?{query}"

    @property
    def function(self) -> Callable[[], dict[str, Any]]:
        def video() -> dict[str, Any]:
            self.calls += 1
            prompt = self._prompts[min(self.calls, len(self._prompts)) - 1]
            signed = self.link(self.calls)
            return {"prompt": prompt, "image_url": signed, "callback_url": signed, "extra_fields": {"deep": [signed]}}

        return video


def sent(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[GenerateRequest]:
    """The requests that are sent from here on."""
    requests: list[GenerateRequest] = []
    submit = KieClient.submit

    def noting(self: KieClient, request: Any, **options: Any) -> str:
        requests.append(request)
        return submit(self, request, **options)

    monkeypatch.setattr(KieClient, "submit", noting)
    return requests
