"""A task replaces the files that it has stored itself, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.sandbox import Sandbox

from .support import Task


def test_a_cleared_task_replaces_its_own_video_and_thumbnail(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4", thumbnail=True)
    task.run()
    (first, picture_there) = [(tmp_path / name).read_bytes() for name in ("fox.mp4", "fox.png")]
    task.clear()

    result = task.run()

    assert result["thumbnail_saved_to"]
    assert (tmp_path / "fox.mp4").read_bytes() != first
    assert picture_there
    assert len(kie.ledger.charges) == 2


def test_a_cleared_task_leaves_a_picture_alone_that_it_has_not_made(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    holiday = tmp_path / "fox.png"
    holiday.write_bytes(b"my holiday picture")
    task = Task(save_to=f"{tmp_path}/fox.mp4", thumbnail=True)

    for _ in range(3):
        task.run()
        task.clear()
        assert holiday.read_bytes() == b"my holiday picture"


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_cleared_task_leaves_a_video_alone_that_another_task_has_stored_there_since(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, deferrable: bool
) -> None:
    target = tmp_path / "fox.mp4"
    one = Task(save_to=str(target), deferrable=deferrable)
    one.run()
    target.rename(tmp_path / "archive.mp4")
    Task(save_to=str(target), prompt="A hare").run()
    others = target.read_bytes()
    one.clear()

    with pytest.raises(AirflowFailException, match=r"TargetExistsError: .*Nothing was sent or paid"):
        one.run()

    assert target.read_bytes() == others
    assert len(kie.ledger.charges) == 2


def test_a_video_that_came_to_the_target_while_this_one_was_made_is_left_alone(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    target = tmp_path / "fox.mp4"
    task = Task(save_to=str(target))
    task.run()
    task.clear()
    waiting = task.start()
    target.write_bytes(b"another's")

    with pytest.raises(AirflowFailException, match="TargetExistsError"):
        task.resume(waiting)

    assert target.read_bytes() == b"another's"
