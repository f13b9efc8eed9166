"""What a run of `make chaos` has to have kept where the service calls Airflow: pure checks, as those of `verdict`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from devtools.chaos.verdict import Check, Ending, Outcome

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox import Ledger


def check_nobody_needed(outcomes: Sequence[Outcome], ledger: Ledger) -> Check:
    """No video that is paid, and whose call has reached Airflow, is left to a person.

    A call each of whose deliveries found nobody there brings nothing: such videos are counted apart.
    """
    paid = {each.prompt: each.task_id for each in ledger.paid}
    answers: dict[str, list[int]] = defaultdict(list)
    for call in ledger.callbacks:
        answers[call.task_id].append(call.status)
    doubtful = [each for each in outcomes if each.ending is Ending.AMBIGUOUS]
    broken, unreached = [], 0
    for each in doubtful:
        if each.prompt not in paid:
            continue
        answered = answers[paid[each.prompt]]
        if answered and not any(answered):
            unreached += 1
        else:
            said = ", ".join(map(str, answered)) or "nothing, as there was none"
            broken.append(f"task {each.index} is paid, and left to a person; its call was answered {said}")
    calls = Counter(each.status for each in ledger.callbacks)
    answered_all = ", ".join(f"{count} answered {status or 'nothing'}" for status, count in sorted(calls.items()))
    figures = (
        f"{len(doubtful)} in doubt, {len(broken)} of them paid and called for, {unreached} paid and called for in vain "
        f"(nobody was there); {calls.total()} calls, {answered_all or 'none'}"
    )
    return Check("no paid video needs a person", figures, tuple(broken))


def check_silence(outcomes: Sequence[Outcome]) -> Check:
    """Where silence is to count, what is left in doubt is what it proved nothing about, and the task has said why."""
    doubtful = [each for each in outcomes if each.ending is Ending.AMBIGUOUS]
    broken = [
        f"task {each.index} is left to a person, and does not say why silence proved nothing"
        for each in doubtful
        if each.silence is None
    ]
    reasons = Counter(each.silence for each in doubtful if each.silence is not None)
    figures = "; ".join(f"{count} where {reason}" for reason, count in sorted(reasons.items()))
    return Check("silence leaves to a person what it does not prove", figures or "nothing is left", tuple(broken))
