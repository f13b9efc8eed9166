"""The table at the end of `make chaos`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtools.chaos.strikes import Target
    from devtools.chaos.verdict import Check, Outcome, Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run was like, and what held.

    :param title: which run it was.
    :param seconds: how long it took, before a person came.
    :param outcomes: what had become of each task by then.
    :param settlement: what the person did.
    :param struck: how many of each target were killed.
    :param died: how often a component ended by itself.
    :param faults: the faults of the service with how often each has ``struck``, as the sandbox tells them.
    :param requests: requests to the service by purpose.
    :param checks: the verdict.
    """

    title: str
    seconds: float
    outcomes: Sequence[Outcome]
    settlement: Settlement
    struck: Mapping[Target, int]
    died: Mapping[str, int]
    faults: Sequence[Mapping[str, Any]]
    requests: Mapping[str, int]
    checks: list[Check]

    @property
    def holds(self) -> bool:
        """Whether everything held."""
        return all(check.holds for check in self.checks)

    @property
    def killed(self) -> dict[str, int]:
        """How many of each target were killed, by what they are."""
        return {target.value: count for target, count in self.struck.items()}

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{self.title}, {len(self.outcomes)} videos, {self.seconds / 60:.1f} minutes"
        yield from _counted("Killed", self.killed | {f"{name}, died by itself": n for name, n in self.died.items()})
        yield from _counted("Faults of the service", fault_counts(self.faults))
        yield from _counted("Requests to the service", self.requests)
        yield ""
        width = max(len(check.name) for check in self.checks)
        for check in self.checks:
            yield f"{'PASS' if check.holds else 'FAIL'}  {check.name:<{width}}  {check.figures}"
            for sentence in check.broken:
                yield f"      - {sentence}"


def fault_counts(faults: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often faults of each kind have struck."""
    counts: Counter[str] = Counter()
    for each in faults:
        code = f" {each['code']}" if each["action"] == "refuse" else ""
        counts[f"{each['on']}: {each['action']}{code}"] += each["struck"]
    return counts


def _counted(heading: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield f"{heading}: {sum(counts.values())}"
    for name, count in sorted(counts.items()):
        if count:
            yield f"  {count:5}  {name}"
