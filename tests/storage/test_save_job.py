"""Storing all that came of a job: several files, of types that only their bytes tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import GivenTime

from airflow_provider_runway.kie.errors import DeadLinkError, DownloadError, NotAVideoError, TargetExistsError
from airflow_provider_runway.kie.job_results import LinkType
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.storage import save as saving
from airflow_provider_runway.storage.publishing import SavedFile

from .support import PAGE, PICTURE, VIDEO, Ask, media_host, reply

SOUND = b"ID3\x04" + b"\0\1\2\3" * 500
FILES = {"/a.mp4": VIDEO, "/b": PICTURE, "/c.wav": SOUND, "/d.glb": b"glTF\2\0\0\0" + bytes(600), "/e": b"\0\1" * 400}


def answer(ask: Ask) -> bytes:
    path = ask.path.partition("?")[0]
    if path not in FILES:
        return reply(404, b"Not Found")
    # A known beginning counts for more than what the host says.
    return reply(
        200, FILES[path], content_type="application/octet-stream" if path in {"/d.glb", "/e"} else "text/plain"
    )


def save(
    links: Sequence[str], folder: object, *, overwrite: bool = False, renew: Callable[[str, int], str] | None = None
) -> Sequence[SavedFile]:
    task = VideoTask(task_id="jobs:task_7", kind="job", state=TaskState.SUCCESS, result_urls=tuple(links))

    def renew_link(task_id: str, dead: str, kind: str, position: int) -> str:
        assert (task_id, kind) == ("jobs:task_7", "job")
        return dead if renew is None else renew(dead, position)

    hook = SimpleNamespace(renew_link=renew_link, clock=GivenTime().clock)
    return saving.save(task, str(folder), hook=hook, overwrite=overwrite)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_file_gets_a_number_and_the_suffix_of_what_it_is(tmp_path: Path) -> None:
    with media_host(answer) as host:
        saved = save([host.url + path for path in FILES], f"{tmp_path}/new/")

    expected = ["task_7-1.mp4", "task_7-2.png", "task_7-3.mp3", "task_7-4.glb", "task_7-5.bin"]
    assert [file.path for file in saved] == [f"file://{tmp_path}/new/{name}" for name in expected]
    assert names(tmp_path / "new") == expected
    for file, content in zip(saved, FILES.values(), strict=True):
        assert Path(file.path.removeprefix("file://")).read_bytes() == content
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert file.downloaded


@pytest.mark.parametrize("folder", ["{0}", "{0}/", "file://{0}", "file://{0}/"])
def test_the_path_is_always_that_of_a_folder(tmp_path: Path, folder: str) -> None:
    with media_host(answer) as host:
        save([f"{host.url}/b"], folder.format(tmp_path))

    assert names(tmp_path) == ["task_7-1.png"]


def test_it_can_be_done_again_after_it_was_interrupted(tmp_path: Path) -> None:
    with media_host(answer) as host:
        links = [f"{host.url}/a.mp4", f"{host.url}/gone.mp4"]
        with pytest.raises(DeadLinkError, match=r"The media file of task jobs:task_7 could not be downloaded"):
            save(links, tmp_path)
        assert names(tmp_path) == ["task_7-1.mp4"]

        saved = save(links, tmp_path, renew=lambda dead, position: f"{host.url}/b?{position}{dead[-8:]}")

    assert [file.downloaded for file in saved] == [False, True]
    assert names(tmp_path) == ["task_7-1.mp4", "task_7-2.png"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_another_file_is_left_alone_unless_it_may_be_replaced(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "task_7-1.png").write_bytes(b"mine")
    with media_host(answer) as host:
        if overwrite:
            save([f"{host.url}/b"], tmp_path, overwrite=True)
        else:
            with pytest.raises(TargetExistsError, match="its bytes differ"):
                save([f"{host.url}/b"], tmp_path)

    assert (tmp_path / "task_7-1.png").read_bytes() == (PICTURE if overwrite else b"mine")


@pytest.mark.parametrize(
    ("page", "content_type"),
    [(PAGE, "text/html"), (b'{"code": 404, "msg": "gone"}', "application/json"), (PAGE, "image/png")],
)
def test_an_error_page_is_no_media_file(tmp_path: Path, page: bytes, content_type: str) -> None:
    with (
        media_host(lambda _: reply(200, page, content_type=content_type)) as host,
        pytest.raises(NotAVideoError, match="is no media file: it begins"),
    ):
        save([f"{host.url}/a.png"], tmp_path)

    assert names(tmp_path) == []


@pytest.mark.parametrize("fresh", ["", "not a link"])
def test_a_link_that_cannot_be_renewed_is_dead(tmp_path: Path, fresh: str) -> None:
    with media_host(answer) as host, pytest.raises(DownloadError):
        save([f"{host.url}/gone"], tmp_path, renew=lambda _dead, _position: fresh)


def save_typed(types: Sequence[LinkType], links: Sequence[str], folder: Path, result: object = None) -> list[str]:
    task = VideoTask(
        task_id="t-7",
        kind="suno",
        state=TaskState.SUCCESS,
        result_urls=tuple(links),
        result_types=tuple(types),
        result=result,
    )
    hook = SimpleNamespace(renew_link=lambda _task_id, dead, _kind, _position: dead, clock=GivenTime().clock)
    return [Path(file.path).name for file in saving.save(task, f"{folder}/", hook=hook)]


def test_what_is_no_file_is_stored_beside_the_files(tmp_path: Path) -> None:
    with media_host(answer) as host:
        links = [f"{host.url}/c.wav", f"{host.url}/b"]
        saved = save_typed(["audio", "image"], links, tmp_path, {"songs": [{"title": "Füchse"}]})

    assert saved == ["t-7-1.mp3", "t-7-2.png", "t-7-3.json"]
    assert json.loads((tmp_path / "t-7-3.json").read_text()) == {"songs": [{"title": "Füchse"}]}


@pytest.mark.parametrize(
    ("type_", "path", "what"),
    [
        ("audio", "/b", "sound"),
        ("image", "/c.wav", "picture"),
        ("image", "/a.mp4", "picture"),
        ("video", "/b", "video"),
    ],
)
def test_sound_and_pictures_are_looked_at_as_videos_are(tmp_path: Path, type_: LinkType, path: str, what: str) -> None:
    with media_host(answer) as host, pytest.raises(NotAVideoError, match=rf"what the media host sends .*is no {what}"):
        save_typed([type_], [host.url + path], tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("kind", "name"), [("veo-1080p", "t-7-1080p-1.png"), ("veo-4k", "t-7-4k-1.png")])
def test_a_larger_copy_of_a_video_is_called_by_its_size(tmp_path: Path, kind: Kind, name: str) -> None:
    with media_host(answer) as host:
        task = VideoTask(task_id="t-7", kind=kind, state=TaskState.SUCCESS, result_urls=(f"{host.url}/b",))
        hook = SimpleNamespace(renew_link=None, clock=GivenTime().clock)
        saving.save(task, f"{tmp_path}/", hook=hook)
    assert names(tmp_path) == [name]
