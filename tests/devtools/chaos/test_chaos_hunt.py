from __future__ import annotations

import threading
from pathlib import Path
from signal import SIGKILL, Signals

import pytest

from devtools.chaos import hunt
from devtools.chaos.hunt import Striker
from devtools.chaos.strikes import Strike, Target
from devtools.stack.airflow_stack import AirflowStack


class Struck(AirflowStack):
    """An Airflow on two Celery workers that only notes who is killed and started again."""

    def __init__(self, home: Path) -> None:
        super().__init__(home=home, dags=home, broker="redis://", workers=2, triggerers=2)
        self.dead: list[str] = []
        self.killed: list[str] = []

    def is_dead(self, component: str) -> bool:
        return component in self.dead

    def kill(self, component: str, number: Signals = SIGKILL, *, alone: bool = False) -> None:
        self.killed.append(component)
        self.dead.append(component)

    def revive(self, component: str) -> None:
        self.dead.remove(component)


@pytest.mark.parametrize(
    ("target", "lot", "component"),
    [
        (Target.CELERY_WORKER, 0.0, "worker"),
        (Target.CELERY_WORKER, 0.99, "worker-2"),
        (Target.TRIGGERER, 0.5, "triggerer-2"),
        (Target.API_SERVER, 0.7, "api-server"),
        (Target.SCHEDULER_ALONE, 0.7, "scheduler"),
    ],
)
def test_the_lot_picks_one_of_several(tmp_path: Path, target: Target, lot: float, component: str) -> None:
    airflow = Struck(tmp_path)
    striker = Striker(airflow, [], 80, tmp_path / "diary")

    striker._strike(Strike(at=10, target=target, lot=lot, away=20), now=10)

    assert airflow.killed == [component]
    assert striker.struck == {target: 1}


def test_who_is_away_is_not_killed_again_and_comes_back_in_its_time(tmp_path: Path) -> None:
    airflow = Struck(tmp_path)
    striker = Striker(airflow, [], 80, tmp_path / "diary")
    strike = Strike(at=10, target=Target.CELERY_WORKER, lot=0.0, away=20)

    striker._strike(strike, now=10)
    striker._strike(strike, now=11)
    striker._revive(now=29)
    assert (airflow.killed, airflow.dead, striker.is_done) == (["worker"], ["worker"], False)
    striker._revive(now=30)

    assert (airflow.dead, striker.is_done) == ([], True)
    assert striker.missed == {Target.CELERY_WORKER: 1}
    assert striker.tasks_hit(8) == 8


def test_strikes_can_go_by_how_far_the_batch_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunt, "_SLOW_TICK", 0.001)
    airflow, far = Struck(tmp_path), iter([0.0, 9.0, 11.0])
    strikes = [Strike(at=at, target=Target.TRIGGERER, lot=0.0, away=0.0) for at in (10.0, 1000.0)]
    over = threading.Event()

    def passed() -> float:
        said = next(far, None)
        if said is None:
            over.set()
            return 11.0
        assert airflow.killed == []
        return said

    striker = Striker(airflow, strikes, 80, tmp_path / "diary", passed=passed)
    striker.start()
    assert over.wait(60)
    striker.stop()

    assert airflow.killed == ["triggerer"]
    assert not striker.is_done
