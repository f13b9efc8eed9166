from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.storage.names import file_stem

from .support import media_host, save, video_reply


@pytest.mark.parametrize(
    ("task_id", "stem"),
    [
        ("ee603959-debb-48d1-98c4-a6d1c717eba6", "ee603959-debb-48d1-98c4-a6d1c717eba6"),
        ("jobs:task_7", "task_7"),
        ("281e5b0f39b9a2", "281e5b0f39b9a2"),
        ("a.b_c-d", "a.b_c-d"),
        ("x" * 128, "x" * 128),
    ],
)
def test_files_are_called_by_kies_own_id_whichever_api_made_the_task(task_id: str, stem: str) -> None:
    assert file_stem(task_id) == stem


ODD = ["x" * 129, "x" * 300, "a/b", "a_b/", "a:b", "..", ".", ".hidden", "../../etc/passwd", "", " ", "füchse", "f\0x",
       "\ud800", "x" * 299 + "y", "a\\b", "a\nb", "jobs:", "*"]  # fmt: skip


@pytest.mark.parametrize("task_id", ODD)
def test_an_id_that_is_no_name_becomes_a_safe_one(task_id: str) -> None:
    stem = file_stem(task_id)
    assert stem.isascii()
    assert 0 < len(stem) <= 128
    assert not set(stem) & set("/\\:\0 \n*")
    assert not stem.startswith(".")


def test_ids_that_look_alike_have_names_of_their_own() -> None:
    stems = [file_stem(task_id) for task_id in [*ODD, "a_b", "a:b:", "a/b/", "_", "task"]]
    assert len(set(stems)) == len(stems)


@given(st.text(max_size=400))
def test_any_id_has_a_name_and_always_the_same(task_id: str) -> None:
    assert file_stem(task_id) == file_stem(task_id)
    assert len(file_stem(task_id)) <= 128


@pytest.mark.parametrize("task_id", ["../../up", "x" * 300, "a/b"])
def test_a_video_of_any_id_is_stored_within_its_folder(tmp_path: Path, task_id: str) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, f"{tmp_path}/in/", task_id=task_id)
        again = save(host.link, f"{tmp_path}/in/", task_id=task_id)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert [f"file://{path}" for path in (tmp_path / "in").iterdir()] == [saved.path]
    assert again.path == saved.path
    assert not again.downloaded
