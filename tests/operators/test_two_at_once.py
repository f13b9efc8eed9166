"""A try that was taken for dead, and lives on while the next one runs from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.records import RecordsFolder

from .support import Task, posts


@pytest.mark.parametrize("step", range(1, 9))
def test_whenever_the_next_try_runs_one_video_is_paid(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    one, other = Task(has_store=False), Task(has_store=False)
    other.try_number = 1
    steps = list[str]()

    def at_each_step(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **options: Any) -> Any:
            steps.append(name)
            if len(steps) == step:
                with suppress(AirflowFailException):  # it has found a doubt, and sends nothing
                    other.run()
            return act(*args, **options)

        return stepped

    for name in ("check", "entries", "create", "add_outcome", "get"):
        monkeypatch.setattr(RecordsFolder, name, at_each_step(name, getattr(RecordsFolder, name)))

    assert one.run()["task_id"] == kie.ledger.charges[0].task_id
    assert len(steps) >= step
    assert posts(kie) == 1
