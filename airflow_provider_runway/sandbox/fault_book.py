"""The faults that are in force, and how often each has struck."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import Action, Delay, Expire, Fail, Fault, NoUrl
from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import SandboxRequest


class FaultBook(dict[int, "_InForce"]):
    """Faults by their numbers, in the order in which they were added.

    Every ``Delay`` that matches adds its pause; of all the others the first that matches strikes alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)

    def add(self, fault: Fault) -> int:
        """Put a fault in force.

        :returns: its number.
        """
        number = next(self._numbers)
        self[number] = _InForce(fault)
        return number

    def to_json(self) -> list[dict[str, Any]]:
        """Each fault with its ``number`` and how often it has ``struck``."""
        return [{"number": number, "struck": each.struck, **each.fault.to_json()} for number, each in self.items()]

    def strike(self, request: SandboxRequest) -> None:
        """Note at a request what befalls it."""
        names = []
        for each in self.values():
            action = each.fault.action
            if (request.fault and not isinstance(action, Delay)) or not each.strikes(request):
                continue
            names.append(each.fault.name)
            if isinstance(action, Delay):
                request.delay += action.seconds
            else:
                request.fault = action
                request.turn = (each.by_task[request.task.id] if request.task else each.struck) - 1
        request.faults = "+".join(names)


class _InForce:
    """A fault, and how often it has struck, in all and each task."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.struck = 0
        self.by_task: Counter[str] = Counter()
        self._passed = 0
        self._dice = random.Random(fault.seed)  # noqa: S311 - chances of a test, to be repeated

    def strikes(self, request: SandboxRequest) -> bool:
        """Whether it strikes; if so, that is counted."""
        fault = self.fault
        if not self._matches(request):
            return False
        if self._passed < fault.skip:
            self._passed += 1
            return False
        if fault.probability < 1 and self._dice.random() >= fault.probability:
            return False
        self.struck += 1
        if request.task:
            self.by_task[request.task.id] += 1
        return True

    def _matches(self, request: SandboxRequest) -> bool:
        fault, task = self.fault, request.task
        task_id = task.id if task else None
        return (
            fault.on in ("any", request.purpose)
            and fault.task_id in (None, task_id)
            and (fault.prompt is None or fault.prompt in request.prompt)
            and (fault.times is None or self.struck < fault.times)
            and (fault.times_per_task is None or task_id is None or self.by_task[task_id] < fault.times_per_task)
            and _makes_sense(fault.action, request)
        )


def _makes_sense(action: Action, request: SandboxRequest) -> bool:
    """Whether the action has something to act on, so that it is not used up on nothing."""
    task = request.task
    if isinstance(action, (NoUrl, Expire)):
        return task is not None and task.phase(request.at) is Phase.SUCCEEDED
    if isinstance(action, Fail) and request.purpose != "submit":
        return task is not None and task.phase(request.at) < Phase.SUCCEEDED
    return True
