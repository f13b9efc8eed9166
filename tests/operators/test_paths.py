"""Where videos are stored and files are read: one place from everywhere, judged before anything is paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, ObjectStoragePath, task
from fakes import GivenTime, fake_context
from versions import AIRFLOW

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.operators.upload import RunwayUploadOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

from .support import FOX, JOB, NEXT, SNOW, Task, rendered, rendering

BOTH = pytest.mark.parametrize("native", [False, True], ids=["texts", "native"])
PLACELESS = ["{{ params.nothing }}", "{{ params.empty }}", "{{ params.blank }}"]


@BOTH
@pytest.mark.parametrize("template", PLACELESS)
def test_a_target_that_comes_to_nothing_costs_nothing(kie: Sandbox, template: str, native: bool) -> None:
    with pytest.raises(AirflowFailException, match=r"save_to must not come to nothing, as its template .*Nothing was"):
        rendering(lambda: RunwayGenerateOperator(**FOX, save_to=template), native).run()
    transfer = RunwayToObjectStorageOperator(task_id="store", runway_task_id="task-1", save_to=template)
    with pytest.raises(AirflowFailException, match="save_to must not come to nothing"):
        rendered(transfer, native).execute(fake_context())

    assert kie.ledger.requests == ()


def test_a_target_that_another_task_leaves_empty_costs_nothing(kie: Sandbox) -> None:
    def build() -> RunwayVideoOperator:
        operator = RunwayGenerateOperator(**FOX, save_to="{{ x }}")
        operator.render_template("x", {})  # as if it had been the output of a task
        operator.save_to = None
        return operator

    with pytest.raises(AirflowFailException, match="save_to must"):
        Task(build).run()
    assert kie.ledger.requests == ()


RELATIVE = [
    "fox.mp4",
    "videos/",
    "./fox.mp4",
    "../fox.mp4",
    "file://videos/fox.mp4",
    "local://fox.mp4",
    "s3:/b/fox.mp4",
    "~",
    "~fox.mp4",
    "~ /fox.mp4",
    "file://~fox.mp4",
]
# Airflow 3.1 makes it absolute by itself.
STORAGE_PATHS = [ObjectStoragePath("fox.mp4")] if AIRFLOW >= (3, 2) else []
REFUSED_PLACES = [
    "",
    " ",
    "None",
    "foo://bucket/fox.mp4",
    "nosuch+scheme://x/y",
    "/srv/a\nb.mp4",
    "/srv/\ud800.mp4",
    7,
    b"/x",
]


@pytest.mark.parametrize("place", [*RELATIVE, Path("fox.mp4"), *STORAGE_PATHS, *REFUSED_PLACES])
def test_a_place_that_is_none_is_refused_while_the_dag_is_read(place: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^save_to must"):
        RunwayGenerateOperator(**FOX, save_to=place)
    with pytest.raises(InvalidRequestError, match=r"^save_to must"):
        RunwayToObjectStorageOperator(task_id="store", runway_task_id="task-1", save_to=place)
    with pytest.raises(InvalidRequestError, match=r"^path must"):
        RunwayUploadOperator(task_id="upload", path=place)


@pytest.mark.parametrize("place", RELATIVE)
def test_a_relative_place_out_of_a_template_costs_nothing(kie: Sandbox, place: str) -> None:
    with pytest.raises(AirflowFailException, match=r"save_to must .* Nothing was sent"):
        rendering(lambda: RunwayGenerateOperator(**FOX, save_to=f"{{{{ {place!r} }}}}")).run()
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("place", ["~nobody_at_all/fox.mp4", "file://~nobody_at_all/fox.mp4", "local://~x.mp4/fox.mp4"])
def test_a_place_in_a_home_that_there_is_not_costs_nothing(
    kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(AirflowFailException, match=r"there is no home folder ~.* Nothing was sent or paid"):
        Task(lambda: RunwayGenerateOperator(**FOX, save_to=place)).run()
    with pytest.raises(AirflowFailException, match="there is no home folder ~"):
        RunwayUploadOperator(task_id="upload", path=place).execute(fake_context())

    assert (kie.ledger.submissions, list(tmp_path.iterdir())) == ((), [])


@pytest.mark.parametrize("place", ["~/fox.mp4", "file://~/fox.mp4"])
def test_a_home_that_there_is_takes_a_video(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert Task(lambda: RunwayGenerateOperator(**FOX, save_to=place)).run()["saved_to"] == f"file://{tmp_path}/fox.mp4"


@pytest.mark.parametrize(
    "place",
    ["/srv/", "~/fox.mp4", "file:///srv/fox.mp4", "file://disk@/srv/fox.mp4", "s3://aws@b/k", "gs://b/k", "abfss://c/k",
     "S3://b/k", "memory://b/k", Path("/srv/fox.mp4"), ObjectStoragePath("s3://b/k", conn_id="aws"),
     "relative/{{ ds }}.mp4"],
)  # fmt: skip
def test_a_place_that_may_be_one_is_not_refused_while_the_dag_is_read(place: Any) -> None:
    assert RunwayGenerateOperator(**FOX, save_to=place).save_to == place
    assert RunwayUploadOperator(task_id="upload", path=place).path == place


def test_a_file_system_that_the_dag_has_attached_is_known() -> None:
    from airflow.sdk.io.store import _STORE_CACHE, attach
    from fsspec.implementations.memory import MemoryFileSystem

    attach("fsoftheirown", fs=MemoryFileSystem())
    try:
        RunwayGenerateOperator(**FOX, save_to="fsoftheirown://b/k")
    finally:
        _STORE_CACHE.pop("fsoftheirown")


@pytest.mark.parametrize("kind", [str, Path, ObjectStoragePath])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_path_object_is_stored_at_as_its_text_is(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, kind: Callable[[str], Any], deferrable: bool
) -> None:
    target = tmp_path / "a fox#1 %41.mp4" if kind is not ObjectStoragePath else tmp_path / "fox.mp4"
    made = rendering(lambda: RunwayGenerateOperator(**FOX, save_to=kind(str(target)), deferrable=deferrable))

    result = made.run()
    made.clear()
    again = made.run()

    assert (result["state"], target.is_file()) == ("success", True)
    assert again["task_id"] != result["task_id"], "its own video is replaced"
    assert json.loads(json.dumps(made.store.record)) == made.store.record


@pytest.mark.parametrize("kind", [Path, ObjectStoragePath])
def test_a_path_object_is_a_place_for_transfer_and_upload_too(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, kind: Callable[[str], Any]
) -> None:
    made = rendering(lambda: RunwayGenerateOperator(**FOX)).run()
    transfer = RunwayToObjectStorageOperator(
        task_id="store", runway_task_id=made["task_id"], save_to=kind(str(tmp_path / "fox.mp4"))
    )
    upload = RunwayUploadOperator(task_id="upload", path=kind(str(tmp_path / "fox.mp4")))

    assert rendered(transfer).execute(fake_context())["saved_to"] == f"file://{tmp_path}/fox.mp4"
    assert rendered(upload).execute(fake_context())["content_type"] == "video/mp4"


@pytest.mark.parametrize("value", ["foo://bucket/fox.png", "/srv/fox.png", "fox.png", Path("fox.png"), 7])
def test_a_source_of_no_known_kind_is_refused_while_the_dag_is_read(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^image_url must"):
        RunwayGenerateOperator(**FOX, image_url=value)
    with pytest.raises(InvalidRequestError, match=r"^video_url must"):
        RunwayAlephOperator(**{**SNOW, "video_url": value})
    with pytest.raises(InvalidRequestError, match=r"^reference_image_url must"):
        RunwayAlephOperator(**SNOW, reference_image_url=value)


@pytest.mark.parametrize(
    "fields",
    ["text", ["a"], {1: "a"}, {"a": {1, 2}}, {"a": [object()]}, {"a": float("nan")}, {"a": b"x"}, {"a": Path("/x")},
     {"a": datetime(2026, 1, 1, tzinfo=timezone.utc)}, {"a": "\ud800"}, 7, 0, []],
)  # fmt: skip
def test_fields_that_are_no_json_are_refused_while_the_dag_is_read(fields: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^extra_fields must be a mapping"):
        RunwayGenerateOperator(**FOX, extra_fields=fields)
    if fields == {"a": Path("/x")}:  # among a model's own fields it is a file that is uploaded
        KieJobOperator(**{**JOB, "input": fields})
    else:
        with pytest.raises(InvalidRequestError, match=r"^input must be a mapping"):
            KieJobOperator(**{**JOB, "input": fields})


def test_fields_without_end_are_refused_while_the_dag_is_read() -> None:
    fields: dict[str, Any] = {}
    fields["a"] = [fields]

    with pytest.raises(InvalidRequestError, match=r"^input must be a mapping"):
        KieJobOperator(**{**JOB, "input": fields})


@pytest.mark.parametrize(
    ("operator", "given", "name"),
    [
        (RunwayGenerateOperator, FOX, "prompt"),
        (RunwayGenerateOperator, FOX, "duration"),
        (RunwayExtendOperator, NEXT, "quality"),
        (RunwayAlephOperator, SNOW, "seed"),
        (KieJobOperator, JOB, "model"),
        (KieJobOperator, JOB, "callBackUrl"),
    ],
)
def test_an_extra_field_that_is_a_parameter_is_refused_while_the_dag_is_read(
    operator: type[RunwayVideoOperator], given: dict[str, Any], name: str
) -> None:
    with pytest.raises(InvalidRequestError, match=f"extra_fields must not repeat .*; got '{name}'"):
        operator(**given, extra_fields={name: "{{ params.year }}"})


def test_fields_that_are_still_to_come_are_not_judged() -> None:
    @task
    def picture() -> str:
        return "https://a.example/hare.png"

    with DAG("clips", schedule=None):
        made = KieJobOperator(
            **{**JOB, "input": {"images": (picture(), "{{ params.year }}")}, "extra_fields": {"x": [picture()]}}
        )
    assert made.upstream_task_ids == {"picture", "picture__1"}
