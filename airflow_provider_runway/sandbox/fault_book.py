"""The faults that are in force, and how often each has struck."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_runway.sandbox.faults import Action, Delay, Expire, Fail, Fault, NoUrl
from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.tasks import Task


class Subject(NamedTuple):
    """What a request is about, as far as faults ask."""

    family: str
    task: Task | None
    prompt: str
    now: float


class Strike(NamedTuple):
    """What befalls a request.

    :param delay: seconds to wait first.
    :param action: what else goes wrong.
    :param turn: how often the same fault has struck this task before.
    :param names: all of it, for the ledger.
    """

    delay: float = 0.0
    action: Action | None = None
    turn: int = 0
    names: str = ""


@dataclass(slots=True)
class _InForce:
    number: int
    fault: Fault
    dice: random.Random
    struck: int = 0
    passed: int = 0
    by_task: Counter[str] = field(default_factory=Counter)


class FaultBook:
    """Faults in the order in which they were added.

    Every ``Delay`` that matches adds its pause; of all the others the first that matches strikes alone.
    """

    def __init__(self) -> None:
        self._in_force: list[_InForce] = []
        self._numbers = 0

    def add(self, fault: Fault) -> int:
        """Put a fault in force.

        :returns: its number.
        """
        self._numbers += 1
        dice = random.Random(fault.seed)  # noqa: S311 - chances of a test, to be repeated
        self._in_force.append(_InForce(self._numbers, fault, dice))
        return self._numbers

    def remove(self, number: int) -> bool:
        """Take a fault out of force.

        :returns: whether there was one of that number.
        """
        before = len(self._in_force)
        self._in_force = [each for each in self._in_force if each.number != number]
        return len(self._in_force) < before

    def clear(self) -> None:
        """Take all faults out of force."""
        self._in_force.clear()

    def to_json(self) -> list[dict[str, Any]]:
        """Each fault with its ``number`` and how often it has ``struck``."""
        return [{"number": each.number, "struck": each.struck, **each.fault.to_json()} for each in self._in_force]

    def strike(self, subject: Subject) -> Strike:
        """What befalls a request."""
        if not self._in_force:
            return _NOTHING
        delay, action, turn, names = 0.0, None, 0, []
        for each in self._in_force:
            waits = isinstance(each.fault.action, Delay)
            if (action is not None and not waits) or not _strikes(each, subject):
                continue
            names.append(each.fault.name)
            if isinstance(each.fault.action, Delay):
                delay += each.fault.action.seconds
            else:
                action = each.fault.action
                turn = each.by_task[subject.task.id] - 1 if subject.task else each.struck - 1
        return Strike(delay, action, turn, "+".join(names))


_NOTHING = Strike()


def _strikes(each: _InForce, subject: Subject) -> bool:
    """Whether a fault strikes; if so, it is counted."""
    if not _matches(each.fault, subject) or _used_up(each, subject.task):
        return False
    if each.passed < each.fault.skip:
        each.passed += 1
        return False
    if each.fault.probability < 1 and each.dice.random() >= each.fault.probability:
        return False
    each.struck += 1
    if subject.task:
        each.by_task[subject.task.id] += 1
    return True


def _matches(fault: Fault, subject: Subject) -> bool:
    task = subject.task
    return (
        fault.on in ("any", subject.family)
        and (fault.task_id is None or (task is not None and task.id == fault.task_id))
        and (fault.prompt is None or fault.prompt in subject.prompt)
        and _makes_sense(fault.action, subject)
    )


def _used_up(each: _InForce, task: Task | None) -> bool:
    total, per_task = each.fault.times, each.fault.times_per_task
    if total is not None and each.struck >= total:
        return True
    return task is not None and per_task is not None and each.by_task[task.id] >= per_task


def _makes_sense(action: Action, subject: Subject) -> bool:
    """Whether the action has something to act on, so that it is not used up on nothing."""
    task = subject.task
    if isinstance(action, (NoUrl, Expire)):
        return task is not None and task.phase(subject.now) is Phase.SUCCEEDED
    if isinstance(action, Fail) and subject.family != "submit":
        return task is not None and task.phase(subject.now) < Phase.SUCCEEDED
    return True
