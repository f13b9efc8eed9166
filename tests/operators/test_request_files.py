"""A file as the picture of a video: uploaded when it is needed, and known again by its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from fakes import GivenTime, fake_context
from versions import AIRFLOW

from airflow_provider_runway.exceptions import GenerationFailedError, InvalidRequestError, UnreadableFileError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.api import destination, submission_call
from airflow_provider_runway.kie.uploads import Uploader
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.paths import address
from airflow_provider_runway.operators.request_files import FILES_KEY, RequestFiles
from airflow_provider_runway.operators.runway import RunwayAlephOperator
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.storage import sources

from .support import Deferred, Task
from .test_upload import picture


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    file = tmp_path / "fox.png"
    file.write_bytes(picture())
    return file


def of(file: Path, **parameters: Any) -> Task:
    return Task(image_url=f"file://{file}", aspect_ratio=None, **parameters)


def uploads(kie: Sandbox) -> int:
    return len([entry for entry in kie.ledger.of("upload") if entry.code == 200])


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("has_store", [True, False])
def test_a_file_is_uploaded_and_its_link_is_submitted(
    kie: Sandbox, given_time: GivenTime, fox: Path, deferrable: bool, has_store: bool
) -> None:
    result = of(fox, deferrable=deferrable, has_store=has_store).run()

    [video] = kie.tasks
    assert (result["task_id"], result["state"]) == (video.task_id, "success")
    assert video.width < video.height, "the picture decides the shape"
    assert uploads(kie) == 1


def test_aleph_takes_files_for_its_video_and_its_picture(
    kie: Sandbox, given_time: GivenTime, fox: Path, tmp_path: Path
) -> None:
    film = tmp_path / "fox.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(1000))

    def aleph(video: Path, picture: Path) -> Task:
        return Task(
            lambda: RunwayAlephOperator(
                task_id="change",
                prompt="Make it snow",
                video_url=f"file://{video}",
                reference_image_url=f"file://{picture}",
            )
        )

    task = aleph(film, fox)
    task.start()
    assert task.run()["state"] == "success"
    assert (uploads(kie), len(kie.ledger.charges)) == (2, 1)
    with pytest.raises(AirflowFailException, match="video_url must be a video; it is image/png"):
        aleph(fox, fox).run()
    with pytest.raises(AirflowFailException, match="reference_image_url must be a JPG or PNG picture; it is video/mp4"):
        aleph(film, film).run()


def test_a_retry_finds_its_submission_and_uploads_nothing(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    task = of(fox)
    task.start()

    result = task.run()

    assert [charge.task_id for charge in kie.ledger.charges] == [result["task_id"]]
    assert uploads(kie) == 1


def test_a_retry_needs_the_file_no_more(
    kie: Sandbox, given_time: GivenTime, fox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have been of another worker's disk, or a temporary one."""
    task = of(fox)
    assert isinstance(task.start(), Deferred)
    fox.unlink()

    task.run()

    assert len(kie.ledger.charges) == 1
    assert "It is taken to be the same as in the earlier try." in capsys.readouterr().out


@pytest.mark.parametrize("other_name", [True, False])
def test_a_retry_whose_file_is_gone_says_what_is_paid(
    kie: Sandbox, given_time: GivenTime, fox: Path, capsys: pytest.CaptureFixture[str], other_name: bool
) -> None:
    files = [fox]
    task = Task(lambda: of(files[0]).operator)
    task.start()
    fox.unlink()
    if other_name:
        files[0] = fox.with_name("gone.png")
        with pytest.raises(AirflowFailException, match=f"cannot be read .* Task {kie.tasks[0].task_id} is paid"):
            task.run()
    else:
        task.run()

    said = capsys.readouterr().out
    assert "othing was submitted" not in said
    assert "othing was paid" not in said


def test_after_the_trigger_the_file_is_not_looked_at(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    task = of(fox)
    waiting = task.start()
    fox.unlink()
    task.store.delete(FILES_KEY)

    assert task.resume(waiting)["state"] == "success"


def test_the_same_bytes_under_another_name_are_the_same_video(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    copy = fox.with_name("copy.png")
    copy.write_bytes(fox.read_bytes())
    files = [fox, copy]
    task = Task(lambda: of(files[0]).operator)
    task.start()
    files.pop(0)

    task.run()

    assert len(kie.ledger.charges) == 1


def test_other_bytes_are_another_video_and_the_log_says_so(
    kie: Sandbox, given_time: GivenTime, fox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = of(fox)
    task.start()
    fox.write_bytes(picture(size=(160, 90)))

    task.run()

    assert len(kie.ledger.charges) == 2
    assert f"whose task {kie.tasks[0].task_id} is paid and not used" in capsys.readouterr().out


def test_a_file_that_changes_before_it_is_uploaded_is_not_submitted_as_the_one_before(
    kie: Sandbox, given_time: GivenTime, fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, upload = of(fox), RunwayHook.upload

    def changed(hook: RunwayHook, *args: Any, **kwargs: Any) -> Any:
        fox.write_bytes(picture(size=(160, 90)))
        return upload(hook, *args, **kwargs)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(RunwayHook, "upload", changed)
        with pytest.raises(UnreadableFileError, match=r"has changed.*Nothing was paid.*A retry submits it"):
            task.run()
    task.run()

    assert len(kie.ledger.charges) == 1


def test_a_file_that_changes_while_it_is_uploaded_is_not_submitted_as_the_one_before(
    kie: Sandbox, given_time: GivenTime, fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, send, before = of(fox), Uploader.send, fox.read_bytes()

    def changed(uploader: Uploader, *args: Any, **kwargs: Any) -> str:
        fox.write_bytes(before[:-1] + b"!")
        return send(uploader, *args, **kwargs)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Uploader, "send", changed)
        with pytest.raises(UnreadableFileError, match=r"has changed while it was uploaded.*Nothing was paid"):
            task.run()

    assert not kie.ledger.charges


def test_a_file_that_is_named_twice_is_read_once(
    kie: Sandbox, given_time: GivenTime, fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = sources.read_source, list[object]()

    def reading(*args: Any) -> Any:
        reads.append(args)
        return read(*args)

    monkeypatch.setattr(sources, "read_source", reading)
    operator = KieJobOperator(
        task_id="a", model="some/model", input={"prompt": "A fox", "image_urls": [f"file://{fox}"] * 3}
    )
    with RunwayHook() as hook:
        RequestFiles(hook, TaskState(fake_context()), hook.log).identify(operator.build_request())

    assert len(reads) == 1


def test_a_video_that_kie_failed_is_uploaded_for_anew(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    kie.fault(Fail("Generation failed, please try again later"), times=1)
    task = of(fox, deferrable=False)
    with pytest.raises(GenerationFailedError, match="please try again later"):
        task.run()

    assert task.run()["state"] == "success"
    assert uploads(kie) == 2


def test_a_doubtful_submission_stays_one(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    kie.fault(CutAfter(), on="submit", times=1)
    task = of(fox)

    for said in ("AmbiguousSubmissionError", "It is not submitted again"):
        with pytest.raises(AirflowFailException, match=said):
            task.run()
    assert (uploads(kie), len(kie.ledger.charges)) == (1, 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (picture("GIF"), "image_url must be a JPG or PNG picture; it is image/gif"),
        (b"not a picture", "image_url must be a JPG or PNG picture; it is none of these"),
        (picture() + bytes(10_000_001), "image_url must be a picture of at most 10 MB"),
    ],
)
def test_what_kie_does_not_take_is_found_out_before_anything_is_sent(
    kie: Sandbox, fox: Path, data: bytes, said: str
) -> None:
    fox.write_bytes(data)

    with pytest.raises(AirflowFailException, match=f"InvalidRequestError: {said}.*Nothing was sent"):
        of(fox).run()
    assert kie.ledger.requests == ()


def test_a_file_that_is_not_there_sends_nothing(kie: Sandbox, fox: Path) -> None:
    fox.unlink()

    with pytest.raises(AirflowFailException, match=r"UnreadableFileError: .*cannot be read .*\. Nothing was paid\."):
        of(fox).run()
    assert kie.ledger.requests == ()


def test_an_upload_that_fails_leaves_nothing_in_doubt(kie: Sandbox, given_time: GivenTime, fox: Path) -> None:
    kie.fault(Refuse(401), on="upload")
    task = of(fox)
    with pytest.raises(AirflowFailException, match="code 401"):
        task.run()

    assert task.store.record is None
    kie.clear_faults()
    assert task.run()["state"] == "success"


def test_a_refusal_for_now_queues_and_the_file_is_uploaded_for_its_moment(
    kie: Sandbox, given_time: GivenTime, fox: Path
) -> None:
    kie.fault(Refuse(429), on="submit", times=1)
    task = of(fox)

    queued = task.start()
    assert queued.method == "execute_admitted"
    waiting = task.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})
    assert task.resume(waiting)["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_a_file_cannot_be_submitted_as_it_is(kie: Sandbox) -> None:
    request = GenerateRequest(prompt="A fox", image_url="s3://bucket/fox.png")

    with pytest.raises(InvalidRequestError, match=r"image_url is a file, which has to be uploaded first"):
        submission_call(request, destination(request, "runway"))
    with RunwayHook() as hook, pytest.raises(InvalidRequestError):
        hook.submit(request)
    assert kie.ledger.requests == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ObjectStoragePath("file:///srv/fox.png"), "file:///srv/fox.png"),
        (ObjectStoragePath("file:///srv/fox.png", conn_id="disk"), "file://disk@/srv/fox.png"),
        ("s3://aws@bucket/fox.png", "s3://aws@bucket/fox.png"),
        (ObjectStoragePath("/srv/fox.png"), "/srv/fox.png" if AIRFLOW >= (3, 2) else "file:///srv/fox.png"),
        (Path("/srv/a fox.png"), "file:///srv/a fox.png"),
        (Path("fox.png"), "fox.png"),
        ("None", "None"),
        (None, None),
    ],
)
def test_a_path_object_is_a_text_that_leads_to_the_same_file(value: Any, text: str | None) -> None:
    assert address(value) == text


def test_an_error_about_a_doubtful_submission_names_the_request_as_the_record_does(
    kie: Sandbox, given_time: GivenTime, fox: Path
) -> None:
    kie.fault(CutAfter(), on="submit", times=1)
    task = of(fox)

    with pytest.raises(AirflowFailException) as caught:
        task.run()

    record = task.store.record
    assert record is not None
    assert f"(request {record['fingerprint']}, sent after {record['intended_at']})" in str(caught.value)
