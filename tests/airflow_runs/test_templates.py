"""Templates, as Airflow itself renders them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_runway.sandbox import Sandbox


def test_texts_stay_texts_in_a_dag_of_native_templates(kie: Sandbox, run: Callable[..., Any]) -> None:
    done = run("native")

    assert set(done.states.values()) == {"success"}
    assert sorted(video.prompt for video in kie.tasks) == sorted(
        ["None", "'A fox'", "1984", "{{ params.year }}", "1984", "'1984'", "1984 in 1984", "Words: 1985, fox"]
    )


@pytest.mark.parametrize("dag_id", ["nothing_plain", "nothing_native"])
def test_a_needed_text_that_is_not_there_costs_nothing(kie: Sandbox, run: Callable[..., Any], dag_id: str) -> None:
    done = run(dag_id)

    assert done.states == dict.fromkeys(["param", "xcom", "mapped[0]", "mapped[1]", "expanded[0]", "job"], "failed")
    assert kie.ledger.requests == ()
