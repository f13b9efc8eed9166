"""A task of Airflow's through its tries, with the crashes of a test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk import Context
from airflow.sdk.definitions._internal.templater import NativeEnvironment
from airflow.triggers.base import BaseTrigger, TriggerEvent
from fakes import FakeStore, fake_context

from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

FOX = {"task_id": "video", "prompt": "A fox in the snow", "aspect_ratio": "16:9"}
SNOW: dict[str, Any] = {"task_id": "snow", "prompt": "Make it snow", "video_url": "https://a.example/fox.mp4"}
NEXT: dict[str, Any] = {"task_id": "more", "prompt": "It looks up", "runway_task_id": "task-1"}
JOB: dict[str, Any] = {"task_id": "hare", "model": "kling-2.6/text-to-video", "input": {"prompt": "A hare"}}
# What templates find among the params.
VALUES: dict[str, Any] = {
    "nothing": None,
    "empty": "",
    "blank": " \n\t",
    "year": 1984,
    "text": "1984",
    "quoted": "'A fox'",
    "json": '{"a": 1}',
    "flag": True,
    "half": 0.5,
    "list": [1, "2"],
}


class Crash(BaseException):
    """The process has died, without a chance to do anything about it."""


class CrashingStore(FakeStore):
    """A store in whose neighbourhood processes die.

    :param before: the stage that does not get written any more.
    :param after: the stage that is the last to be written.
    :param broken: the key under which nothing can be written, once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before: Stage | None = None
        self.after: Stage | None = None
        self.broken: str | None = None

    def set(self, key: str, value: Any, **options: Any) -> None:
        if key == self.broken:
            self.broken = None
            raise OSError("away")
        stage = value.get("stage", "none")
        if stage == self.before:
            self.before = None
            raise Crash
        super().set(key, value, **options)
        if stage == self.after:
            self.after = None
            raise Crash


class Deferred:
    """A task that waits in the triggerer: what Airflow keeps of it, which is plain JSON."""

    def __init__(self, deferral: TaskDeferred) -> None:
        path, arguments = deferral.trigger.serialize()
        self.trigger_class = type(deferral.trigger)
        self.trigger_path = path
        self.trigger_arguments = _as_stored(arguments)
        self.method = deferral.method_name
        self.arguments = _as_stored(deferral.kwargs or {})
        self.timeout = deferral.timeout

    @property
    def trigger(self) -> BaseTrigger:
        trigger: BaseTrigger = self.trigger_class(**self.trigger_arguments)
        return trigger

    def wait(self) -> dict[str, Any]:
        """What the trigger fires."""
        return fired(self.trigger)


class Task:
    """One task instance. What a try leaves behind is found by the next, as in Airflow.

    Its ``airflow_makes_of_success`` is the state that Airflow's API shows once a success was reported to it.

    :param build: makes the operator, as reading the DAG's file does for each process anew.
    :param has_store: Airflow before 3.3 has no task state store.
    """

    def __init__(
        self, build: Callable[[], RunwayVideoOperator] | None = None, *, has_store: bool = True, **parameters: Any
    ) -> None:
        self._build = build or (lambda: RunwayGenerateOperator(**{**FOX, **parameters}))
        self._parameters = parameters
        self.store = CrashingStore()
        self.max_tries = 2
        self.try_number = 0
        self.airflow_makes_of_success = "success"
        self._has_store = has_store
        self.operator = self._build()
        self.context = self._new_context()

    def changed(self, **parameters: Any) -> Task:
        """The same task with other parameters, and the same store."""
        task = Task(**{**self._parameters, **parameters})
        task.store = self.store
        return task

    def follow(self, earlier: Task) -> None:
        """Be the same task in its next process: with what that has left behind."""
        self.store, self.try_number, self.max_tries = earlier.store, earlier.try_number, earlier.max_tries
        self.context = earlier.context

    def start(self) -> Any:
        """Begin a try: the result, or how it waits."""
        self.try_number += 1
        self.context = self._new_context()
        return self._segment("execute", {})

    def resume(self, deferred: Deferred, event: dict[str, Any] | None = None) -> Any:
        """Go on after the trigger: the result, or how it waits on."""
        event = deferred.wait() if event is None else event
        server: Any = self.context["ti"]._ti_context_from_server  # type: ignore[attr-defined]
        server.next_method, server.xcom_keys_to_clear = deferred.method, []
        return self._segment(deferred.method, {**deferred.arguments, "event": _as_stored(event)})

    def run(self) -> Any:
        """One try to its end."""
        outcome = self.start()
        while isinstance(outcome, Deferred):
            outcome = self.resume(outcome)
        return outcome

    def run_into_crash(self) -> None:
        """One try that dies of a crash that the test has laid."""
        with pytest.raises(Crash):
            self.run()

    def clear(self) -> None:
        """What Airflow does when a person clears the task: its tries count on from here."""
        self.max_tries = max(self.try_number, 1) + 2

    @property
    def pushed(self) -> dict[str, Any]:
        """What the last try pushed by itself."""
        ti: Any = self.context["ti"]
        xcoms: dict[str, Any] = ti.xcoms
        return xcoms

    def _new_context(self) -> Context:
        left = list(self.pushed) if self.try_number > 1 else []
        context = fake_context(self.store if self._has_store else None, max_tries=self.max_tries)
        ti: Any = context["ti"]
        ti.try_number = max(self.try_number, 1)
        ti._ti_context_from_server.xcom_keys_to_clear = left
        return context

    def _segment(self, method: str, arguments: dict[str, Any]) -> Any:
        self.operator = self._build()
        try:
            result = getattr(self.operator, method)(self.context, **arguments)
        except TaskDeferred as deferral:
            return Deferred(deferral)
        except Exception:
            for callback in self.operator.on_retry_callback:
                callback(self.context)
            raise
        self._finalize()
        return result

    def _finalize(self) -> None:
        """What Airflow's task runner does after it has reported a success, whether or not that was taken."""
        ti: Any = self.context["ti"]
        ti.state = self.airflow_makes_of_success
        for callback in self.operator.on_success_callback:
            callback(self.context)


def rendered(operator: Any, native: bool = False) -> Any:
    context: Any = {"params": VALUES, "ti": Pull()}
    operator.render_template_fields(context, NativeEnvironment() if native else None)
    return operator


class Pull:
    """A task instance to which no other task has said anything."""

    def xcom_pull(self, _task_ids: str) -> None:
        return None


def rendering(build: Callable[[], RunwayVideoOperator], native: bool = False) -> Task:
    return Task(lambda: rendered(build(), native))


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, target: Any, name: str) -> Iterator[None]:
    """Whoever calls this within the block dies."""

    def die(*_args: object, **_kwargs: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(target, name, die)
        yield


def fired(trigger: BaseTrigger) -> dict[str, Any]:
    """The one event of a trigger."""

    async def run() -> list[TriggerEvent]:
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(run())
    payload: dict[str, Any] = _as_stored(event.payload)
    return payload


def is_waiting(outcome: object) -> bool:
    """Whether a task waits for its video."""
    return isinstance(outcome, Deferred) and outcome.trigger_class is RunwayVideoTrigger


def _as_stored(value: Any) -> Any:
    return json.loads(json.dumps(value))


def posts(kie: Sandbox) -> int:
    return len(kie.ledger.submissions)
