from __future__ import annotations

import pytest

from airflow_provider_runway.get_provider_info import get_provider_info
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.utils.config import LARGEST_FILE, read_largest_file, read_media_roots, read_records

OPTION = "AIRFLOW__RUNWAY__LARGEST_FILE"


@pytest.mark.parametrize(("text", "largest"), [("", LARGEST_FILE), ("1", 1), (" 20000000000 ", 20_000_000_000)])
def test_the_largest_file_is_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch, text: str, largest: int) -> None:
    monkeypatch.setenv(OPTION, text)
    assert read_largest_file() == largest


@pytest.mark.parametrize("text", ["0", "-1", "5 GB", "1e9", "nan", "inf", "ten"])
def test_a_largest_file_that_is_no_number_of_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(OPTION, text)
    with pytest.raises(InvalidRequestError, match="must be a whole number of bytes"):
        read_largest_file()


def test_the_largest_file_is_what_airflow_shows_as_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPTION, raising=False)
    assert get_provider_info()["config"]["runway"]["options"]["largest_file"]["default"] == str(LARGEST_FILE)
    assert read_largest_file() == LARGEST_FILE


@pytest.mark.parametrize(("text", "folder"), [("", None), ("  ", None), (" /shared/records ", "/shared/records")])
def test_the_records_folder_is_an_address_or_none(
    monkeypatch: pytest.MonkeyPatch, text: str, folder: str | None
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", text)
    assert read_records() == folder


@pytest.mark.parametrize("text", ["records", "./records", "s3:bucket"])
def test_a_records_folder_that_every_machine_has_its_own_of_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", text)
    with pytest.raises(InvalidRequestError, match=r"\[runway\] records must be the absolute path"):
        read_records()


def test_a_password_in_the_address_of_a_folder_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", "s3://me:hush@hush@bucket/records")
    with pytest.raises(InvalidRequestError) as caught:
        read_records()
    assert "hush" not in str(caught.value)
    assert "bucket" in str(caught.value)


@pytest.mark.parametrize("text", ["videos", "/", "file:///", "https://a.example/videos", "/videos/../etc", "/a,b"])
def test_a_media_root_that_is_no_folder_or_all_of_the_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", text)
    with pytest.raises(InvalidRequestError, match="media_roots"):
        read_media_roots()
