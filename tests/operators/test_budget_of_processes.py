"""A budget that workers in several processes share, some of which are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Sandbox

from .test_budget import books, limit, records

__all__ = ["limit", "records"]  # fixtures

_WORKERS = "operators.workers_of_a_budget"


def work(*workers: tuple[Sequence[int], str]) -> list[str]:
    """What the tasks of all workers come to, which begin at the same moment."""
    told = [f"{','.join(map(str, numbers))}:{dies}" for numbers, dies in workers]
    done = subprocess.run(
        [sys.executable, "-m", _WORKERS, *told],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    ended = [line for line in said if " ended " in line]
    assert ended == [f"{dies} ended {0 if dies == 'never' else -signal.SIGKILL}" for _, dies in workers]
    return [line for line in said if " refused " in line or " made " in line]


def let_pass(minutes: int, records: Path) -> None:
    """Have what was set aside been set aside so much earlier."""
    for file in records.glob("_spent-*/*.json"):
        said = json.loads(file.read_text())
        said["at"] = (datetime.fromisoformat(said["at"]) - timedelta(minutes=minutes)).isoformat()
        file.write_text(json.dumps(said))


@pytest.fixture
def busy(kie: Sandbox) -> Sandbox:
    kie.configure(submissions_per_window=1000)
    return kie


def test_fifty_tasks_at_once_make_the_twenty_that_are_allowed_and_the_others_say_why(
    busy: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("240")
    said = work(*((range(first, first + 10), "never") for first in range(0, 50, 10)))

    refused, why = [line for line in said if " refused " in line], "Of the daily_credit_limit of 240 credits 240 are"
    assert (len(busy.ledger.charges), len(said), len(refused)) == (20, 50, 30)
    assert [line for line in refused if why not in line] == []
    assert books(records).spent == 240 == busy.ledger.charged


def test_what_the_dead_have_set_aside_is_made_by_others_and_what_they_have_sent_stays_counted(
    busy: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("240")
    said = work(
        (range(10), "never"),
        (range(10, 13), "set aside"),
        # Each has one task: of another, KIE.AI might not yet have taken what is counted as in doubt.
        (range(13, 14), "sent"),
        (range(14, 15), "sent"),
        (range(15, 18), "set aside"),
    )
    assert len(said) == 10

    let_pass(1, records)
    said += work((range(18, 32), "never"), (range(32, 46), "never"))

    made = [line for line in said if " made " in line]
    assert len(busy.ledger.charges) == 20 == len(made) + 2
    assert books(records).spent == 240 == busy.ledger.charged
    assert len(said) == 38
