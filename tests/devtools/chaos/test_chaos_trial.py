from __future__ import annotations

from pathlib import Path

from devtools.chaos.plan import Plan
from devtools.chaos.trial import CALLED_WITHIN, longest_clearing


def planned(*, callbacks: bool) -> Plan:
    return Plan(
        title="A trial",
        seed=1,
        prompts=["Video 0"],
        seconds=60,
        dags=Path("dags"),
        dag_id="chaos",
        sandbox=[],
        client_timeout=10,
        parallelism=4,
        callbacks=callbacks,
    )


def test_what_a_person_has_cleared_is_waited_for_until_a_lost_call_is_made_good() -> None:
    assert longest_clearing(planned(callbacks=True)) > CALLED_WITHIN + 60
    assert longest_clearing(planned(callbacks=False)) == 180
