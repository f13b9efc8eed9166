"""Where records are kept changes between two tries: a folder is set, another one, or none; or Airflow is upgraded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.sandbox import CutAfter, Sandbox

from .support import Task, is_waiting, posts


@pytest.fixture(autouse=True)
def _time(given_time: GivenTime) -> None:
    """Nothing is waited for."""


KeepIn = Callable[[str | None], None]


@pytest.fixture
def keep_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeepIn:
    """Have records kept in the folder of this name from now on, or in none."""

    def keep(name: str | None) -> None:
        monkeypatch.delenv("AIRFLOW__RUNWAY__RECORDS", raising=False)
        if name is not None:
            (tmp_path / name).mkdir()
            monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path / name))

    return keep


PLACES = {
    "a folder is set": ((None, False), ("one", False)),
    "another folder is set": (("one", False), ("other", False)),
    "the folder is unset": (("one", False), (None, False)),
    "Airflow is upgraded": ((None, False), (None, True)),
    "a folder is set as Airflow is upgraded": ((None, False), ("one", True)),
}


@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("is_cleared", [False, True], ids=["the retry", "the cleared task"])
def test_a_retry_that_does_not_find_what_was_recorded_elsewhere_does_not_submit(
    kie: Sandbox,
    keep_in: KeepIn,
    before: tuple[str | None, bool],
    after: tuple[str | None, bool],
    is_cleared: bool,
) -> None:
    keep_in(before[0])
    first = Task(has_store=before[1])
    assert is_waiting(first.start())

    keep_in(after[0])
    second = Task(has_store=after[1])
    second.follow(first)
    if is_cleared:
        second.clear()
        assert second.run()["state"] == "success"
        assert posts(kie) == 2
        return
    with pytest.raises(AirflowFailException, match="If it is not, clear this task") as caught:
        second.run()
    assert "set-id" not in str(caught.value)
    assert posts(kie) == 1


@pytest.mark.parametrize(("before", "after"), [(None, "one"), ("one", "other"), ("one", None)])
def test_where_the_state_store_is_beside_it_the_folder_may_change_at_any_time(
    kie: Sandbox, keep_in: KeepIn, before: str | None, after: str | None
) -> None:
    keep_in(before)
    first = Task()
    first.start()

    keep_in(after)
    second = Task()
    second.follow(first)

    assert second.run()["task_id"] == kie.ledger.charges[0].task_id
    assert posts(kie) == 1


def test_a_doubt_that_only_the_state_store_knows_of_is_settled_there_though_a_folder_is_set_by_now(
    kie: Sandbox, keep_in: KeepIn
) -> None:
    kie.fault(CutAfter(), on="submit", times=1)
    first = Task()
    with pytest.raises(AirflowFailException):
        first.run()

    keep_in("one")
    second = Task()
    second.follow(first)
    with pytest.raises(AirflowFailException, match="this task's state store") as caught:
        second.run()
    assert "runway records set-id" not in str(caught.value)

    record = second.store.record
    assert record is not None
    second.store.set("runway_submission", {**record, "stage": "submitted", "task_id": kie.ledger.charges[0].task_id})
    second.clear()
    assert second.run()["task_id"] == kie.ledger.charges[0].task_id
    assert posts(kie) == 1
