"""Where an operator's video goes: checked before anything is paid, whole, and in place of its own alone."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import DeadLinkError, TargetUnwritableError
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import FOX, Deferred, Task


def test_the_video_is_stored_and_the_result_says_where(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    target = tmp_path / "night" / "fox.mp4"

    result = Task(save_to=str(target)).run()

    assert result["saved_to"] == f"file://{target}"
    assert target.read_bytes()[4:8] == b"ftyp"
    assert [path.name for path in target.parent.iterdir()] == ["fox.mp4"]


def test_in_a_folder_the_file_is_named_for_the_task(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    result = Task(save_to=f"{tmp_path}/").run()

    assert (tmp_path / f"{result['task_id']}.mp4").is_file()


def test_a_file_that_the_task_did_not_make_is_left_alone_and_nothing_is_sent(kie: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "fox.mp4"
    target.write_bytes(b"yesterday's fox")

    with pytest.raises(AirflowFailException, match=r"TargetExistsError: .*Nothing was sent"):
        Task(save_to=str(target)).run()

    assert target.read_bytes() == b"yesterday's fox"
    assert kie.ledger.submissions == ()


def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_sent(kie: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="TargetUnwritableError"):
        Task(save_to="ftp://bucket/fox.mp4").run()

    assert kie.ledger.submissions == ()


@pytest.mark.parametrize("path", ["/proc/x/fox.mp4", "/dev/null/fox.mp4", "link/fox.mp4", "link"])
def test_a_place_where_nothing_can_be_written_costs_nothing(kie: Sandbox, tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    with pytest.raises(AirflowFailException, match=r"TargetUnwritableError: .*Nothing was sent or paid"):
        Task(save_to=str(tmp_path / path)).run()

    assert kie.ledger.submissions == ()


def test_a_full_disk_costs_nothing_and_is_worth_a_retry(
    kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid"):
        Task(save_to=str(tmp_path / "fox.mp4")).run()

    assert kie.ledger.submissions == ()
    assert list(tmp_path.iterdir()) == []


def test_a_cleared_task_replaces_its_own_video_even_if_it_had_to_queue(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    target = tmp_path / "fox.mp4"
    task = Task(save_to=str(target))
    first = task.run()
    before = target.read_bytes()
    task.clear()
    kie.fault(Refuse(429), on="submit", times=1)

    queued = task.start()
    assert isinstance(queued, Deferred)
    assert queued.method == "execute_admitted"
    waiting = task.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})
    second = task.resume(waiting)

    assert second["task_id"] != first["task_id"]
    assert target.read_bytes() != before
    assert len(kie.ledger.charges) == 2


def test_the_result_has_checksum_and_size_and_the_thumbnail_where_that_was_asked_for(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    result = Task(save_to=f"{tmp_path}/fox.mp4", thumbnail=True).run()

    video = (tmp_path / "fox.mp4").read_bytes()
    assert (result["size"], result["sha256"]) == (len(video), hashlib.sha256(video).hexdigest())
    assert result["thumbnail_saved_to"] == f"file://{tmp_path}/fox.png"
    assert (tmp_path / "fox.png").read_bytes().startswith(b"\x89PNG")


def test_a_link_that_has_died_is_renewed_and_the_key_goes_to_kies_api_alone(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    kie.fault(Refuse(404, http_status=404), on="media", times=1)

    assert Task(save_to=f"{tmp_path}/fox.mp4").run()["size"]

    assert kie.ledger.counts["download_url"] == 1
    assert kie.ledger.key_leaks == ()


def test_a_video_that_kie_gives_no_link_to_any_more_is_a_distinct_error_and_stays_recorded(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    kie.fault(Refuse(404, http_status=404), on="media")
    kie.fault(Refuse(422, "url is wrong"), on="download_url")
    task = Task(save_to=f"{tmp_path}/fox.mp4")

    with pytest.raises(DeadLinkError, match=r"KIE\.AI gives no other: .*url is wrong") as caught:
        task.run()
    assert caught.value.task_id == kie.ledger.charges[0].task_id

    kie.clear_faults()
    assert task.run()["size"]
    assert len(kie.ledger.charges) == 1


def test_a_thumbnail_alone_cannot_be_stored() -> None:
    with pytest.raises(ValueError, match="thumbnail needs save_to"):
        RunwayGenerateOperator(**FOX, thumbnail=True)


def test_a_video_cannot_be_stored_without_being_waited_for() -> None:
    with pytest.raises(ValueError, match="save_to needs wait_for_completion=True"):
        RunwayGenerateOperator(**FOX, save_to="/fox.mp4", wait_for_completion=False)
