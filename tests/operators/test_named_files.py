"""Files among a model's own fields: which texts and path objects are ones, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from fakes import GivenTime
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.requests import GenerateRequest, JobRequest, TaskRequest
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.operators.named_files import named_files, unmarked, with_marked_paths, with_values
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.sandbox import CutAfter, Sandbox

from .support import Deferred, Task, rendered
from .test_upload import picture

MODEL = "google/nano-banana-edit"


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    file = tmp_path / "fox.png"
    file.write_bytes(picture())
    return file


def job(fields: dict[str, Any], **parameters: Any) -> Task:
    return Task(lambda: KieJobOperator(task_id="edit", model=MODEL, input=fields, **parameters))


def uploads(kie: Sandbox) -> int:
    return len([entry for entry in kie.ledger.of("upload") if entry.code == 200])


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ({"image_url": "s3://bucket/fox.png"}, {"input['image_url']": "s3://bucket/fox.png"}),
        (
            {"image_urls": ["https://a.example/b.png", "file:///data/my fox.png"]},
            {"input['image_urls'][1]": "file:///data/my fox.png"},
        ),
        ({"shots": [{"mask": "gs://b/m.png"}]}, {"input['shots'][0]['mask']": "gs://b/m.png"}),
        ({"image": "s3://conn@bucket/fox.png"}, {"input['image']": "s3://conn@bucket/fox.png"}),
        ({"prompt": "file:///etc/passwd"}, {}),
        ({"text": "s3://bucket/fox.png"}, {}),
        ({"reference_image_urls": ["asset://media-1"]}, {}),
        ({"image_url": "s3://bucket/"}, {}),
        ({"image_url": "/data/fox.png"}, {}),
        ({"image_url": "data:image/png;base64,AAAA"}, {}),
        ({"image_url": None, "seed": 7}, {}),
    ],
)
def test_a_file_is_what_stands_where_a_url_belongs(fields: dict[str, Any], files: dict[str, str]) -> None:
    found = named_files(JobRequest(model=MODEL, input=fields))
    assert {file.field: file.path for file in found} == files
    assert {file.media for file in found} <= {None}


def test_a_path_object_is_a_file_wherever_it_stands(fox: Path) -> None:
    fields = {"first": fox, "more": [{"second": ObjectStoragePath(f"file://{fox}")}]}

    found = named_files(TaskRequest(endpoint="lyrics", body=with_marked_paths("body", fields)))

    assert [(file.field, file.path) for file in found] == [
        ("body['first']", f"file://{fox}"),
        ("body['more'][0]['second']", f"file://{fox}"),
    ]
    assert unmarked(fields)["first"] == f"file://{fox}"


@pytest.mark.parametrize("path", [Path("fox.png"), Path("~/fox.png")])
def test_a_path_object_that_leads_to_no_file_is_refused_by_its_place(path: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        with_marked_paths("input", {"a": [path]})
    assert caught.value.field == "input['a'][0]"


def test_the_fields_of_a_runway_request_are_files_by_their_own_rules() -> None:
    [file] = named_files(GenerateRequest(prompt="file:///x", image_url="s3://b/fox.png"))
    assert (file.field, file.media) == ("image_url", "picture")


def test_other_texts_stand_in_their_places_and_the_request_stays_as_it_was() -> None:
    request = JobRequest(model=MODEL, input={"image_urls": ["s3://b/1", "s3://b/2"], "n": {"mask": "s3://b/1"}})
    changed = with_values(request, {file.place: file.path.replace("s3", "https") for file in named_files(request)})

    assert isinstance(changed, JobRequest)
    assert changed.input == {"image_urls": ["https://b/1", "https://b/2"], "n": {"mask": "https://b/1"}}
    assert request.input["image_urls"] == ["s3://b/1", "s3://b/2"]


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("kind_of_path", [str, Path, ObjectStoragePath])
def test_a_file_is_uploaded_once_and_its_link_is_sent_in_all_places(
    kie: Sandbox, given_time: GivenTime, fox: Path, deferrable: bool, kind_of_path: Any
) -> None:
    path = fox if kind_of_path is Path else kind_of_path(f"file://{fox}")
    task = job({"prompt": "Snow", "image_urls": [path, path], "mask_url": path}, deferrable=deferrable)

    result = task.run()

    with RunwayHook() as hook:
        sent = hook.get_task(result["task_id"], "job").asked
    assert len({*sent["image_urls"], sent["mask_url"]}) == 1
    assert sent["mask_url"].startswith(kie.url)
    assert uploads(kie) == 1


def test_a_retry_finds_what_was_paid_though_the_file_is_gone(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    task = job({"prompt": "Snow", "image_urls": [f"file://{fox}"]})
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    fox.unlink()

    assert task.run()["state"] == "success"
    assert (len(kie.ledger.submissions), uploads(kie)) == (1, 1)


def test_another_file_is_another_request(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    task = job({"prompt": "Snow", "image_urls": [f"file://{fox}"]})
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    fox.write_bytes(picture(size=(91, 160)))

    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 2


@pytest.mark.parametrize("path", ["file:///nowhere/fox.png", Path("/nowhere/fox.png")])
def test_a_file_that_is_not_there_is_told_by_its_place_before_anything_is_sent(
    kie: Sandbox, given_time: GivenTime, path: Any
) -> None:
    task = job({"prompt": "Snow", "image_urls": [path]}, deferrable=False)
    with pytest.raises(AirflowFailException, match=r"/nowhere/fox.png cannot be read") as caught:
        task.run()
    assert "Nothing was" in str(caught.value) or "paid" in str(caught.value)
    assert kie.ledger.submissions == ()


def test_a_doubtful_submission_with_a_file_is_not_sent_again(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    kie.fault(CutAfter(), on="submit")
    task = job({"prompt": "Snow", "image_urls": [fox]})
    for _ in range(2):
        with pytest.raises(AirflowFailException):
            task.run()
    assert len(kie.ledger.submissions) == 1


def test_files_of_a_dedicated_endpoint_are_uploaded_too(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    body = {"prompt": "A fox", "model": "veo3_fast", "imageUrls": [fox, f"file://{fox}"]}
    task = Task(lambda: KieTaskOperator(task_id="fox", endpoint="veo/generate", body=body))
    waiting = task.start()
    assert isinstance(waiting, Deferred)
    assert task.resume(waiting)["state"] == "success"
    assert uploads(kie) == 1


@pytest.mark.parametrize("native", [False, True])
def test_path_objects_among_the_fields_are_rendered(fox: Path, native: bool) -> None:
    path = f"file://{fox.parent}/{{{{ params.text }}}}.png"
    operator = KieJobOperator(
        task_id="edit",
        model=MODEL,
        input={"prompt": "In {{ params.year }}", "image_urls": [ObjectStoragePath(path)]},
    )
    request = rendered(operator, native).build_request()
    assert request.input["prompt"] == "In 1984"
    [file] = named_files(request)
    assert file.path.endswith("/1984.png")


TEXTS = st.none() | st.sampled_from(["s3://b/k", "file:///x", "asset://y", "https://z", "a fox", ""])
LISTS = st.lists(TEXTS | st.dictionaries(st.sampled_from(["url", "a", "image"]), TEXTS), max_size=3)


@given(st.dictionaries(st.sampled_from(["x", "image_url", "shots"]), TEXTS | LISTS))
def test_whatever_the_fields_are_each_file_can_be_replaced(fields: dict[str, Any]) -> None:
    request = JobRequest(model=MODEL, input=fields)
    files = named_files(request)
    changed = with_values(request, {file.place: "https://new.example/" for file in files})
    assert named_files(changed) == []
    assert (fingerprint(changed) == fingerprint(request)) is (not files)


def test_a_path_object_beside_a_models_own_fields_is_refused_and_never_sent_as_a_text(fox: Path) -> None:
    operator = KieJobOperator(task_id="edit", model=MODEL, input={"prompt": "A hat"})
    operator.extra_fields = {"picture": fox}  # as a template may come to it

    with pytest.raises(InvalidRequestError, match=r"^extra_fields must be a mapping"):
        operator.build_request()
