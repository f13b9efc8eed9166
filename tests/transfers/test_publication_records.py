"""The record of a publication: where it is, where it is not, and where it cannot be kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from poster import Poster, answering, lose_the_reply, lose_the_request

from airflow_provider_runway.exceptions import PublicationError, PublicationInDoubtError, RecordsFolderError
from airflow_provider_runway.publishing.publication import RECORD_KEY
from airflow_provider_runway.storage.records import RecordsFolder

from .publishing_task import FIND, Crash, answer_nothing, task


def test_where_no_record_is_kept_only_what_cannot_be_published_is_sent_again(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [answering(429), lose_the_reply]
    publishing = task(tmp_path, "nowhere")
    with pytest.raises(PublicationError):
        publishing.run()
    with pytest.raises(AirflowFailException, match="If it is not, clear this task: it publishes"):
        publishing.run()
    with pytest.raises(AirflowFailException, match="no record is kept that tells"):
        publishing.run()
    assert len(poster.posts) == 1
    publishing.clear()
    assert publishing.run()["response"]["id"] == 2


def test_where_no_record_is_kept_a_killed_try_is_not_followed_by_another(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_runway.publishing.sender import Service

    def die(*_: object, **__: object) -> None:
        raise Crash

    publishing = task(tmp_path, "nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(Service, "send", die)
        with pytest.raises(Crash):
            publishing.run()
    with pytest.raises(AirflowFailException, match="no record is kept that tells"):
        publishing.run()
    assert poster.posts == []


def test_where_no_record_is_kept_the_service_is_asked(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [lose_the_reply, lose_the_request]
    poster.answers.append(answer_nothing)
    publishing = task(tmp_path, "nowhere", **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["response"] == [{"id": 1}]
    assert len(poster.posts) == 1


def test_where_no_record_is_kept_a_put_is_sent_again(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, "nowhere", method="PUT")
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["status"] == 201


def test_nothing_is_sent_where_the_record_cannot_be_kept(poster: Poster, tmp_path: Path, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises((RecordsFolderError, AirflowFailException), match="This try has published nothing"):
        task(tmp_path, "folder").run()
    assert poster.posts == []


def test_no_later_try_says_that_nothing_is_published(
    poster: Poster, tmp_path: Path, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, recorded)
    with pytest.raises(AirflowFailException):
        publishing.run()
    with pytest.raises(AirflowFailException, match="What an earlier try sent may be published"):
        publishing.run(video="/nowhere.mp4")
    with pytest.raises(AirflowFailException, match="What an earlier try sent may be published"):
        publishing.run(http_conn_id="nobody")
    published = task(tmp_path, recorded, publish_key="another")
    if recorded == "store":
        published.run()
        with pytest.raises(AirflowFailException, match="This try has published nothing"):
            published.run(video="/nowhere.mp4")


def test_a_record_that_cannot_be_read_is_not_none(poster: Poster, tmp_path: Path) -> None:
    publishing = task(tmp_path)
    publishing.store.set(RECORD_KEY, {"version": 9, "stage": "published"})
    with pytest.raises(AirflowFailException, match=r"cannot be read.*It may be published"):
        publishing.run()
    assert poster.posts == []


def test_a_record_in_the_store_counts_where_a_folder_is_set_later(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing = task(tmp_path)
    publishing.run()
    (tmp_path / "records").mkdir()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path / "records"))
    publishing.run()
    assert len(poster.posts) == 1


def test_what_cannot_be_recorded_after_it_was_published_is_said_and_returned(
    poster: Poster, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RecordsFolderError("The folder is away.")

    publishing = task(tmp_path, "folder")
    monkeypatch.setattr(RecordsFolder, "add_outcome", away)
    assert publishing.run()["response"]["id"] == 1
    assert "could not be recorded: a retry takes the outcome for unknown" in capsys.readouterr().out


def test_the_record_is_plain_and_holds_no_secret(poster: Poster, tmp_path: Path, folder: Path) -> None:
    task(tmp_path, "folder", fields={"title": "the title"}).run()
    files = [file for file in folder.rglob("*.json") if "_probe" not in str(file)]
    text = "".join(file.read_text() for file in files)
    assert {json.loads(file.read_text())["of"]["name"] for file in files} == {"publication"}
    assert not any(word in text for word in ("of-the-poster", "editor", "the title"))
