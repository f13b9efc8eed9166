"""The examples of KIE.AI's other families run to success on the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from PIL import Image

from airflow_provider_runway.sandbox import Sandbox

from .support import RunDag
from .test_examples import returned, seconds_of


def kinds_in(folder: Path) -> list[str]:
    """What the streams of each file are, once it has been read."""
    kinds = []
    for file in sorted(folder.iterdir()):
        if file.suffix == ".json":
            kinds.append("json" if json.loads(file.read_text()) else "")
        elif file.suffix == ".png":
            with Image.open(file) as picture:
                picture.load()
            kinds.append("image")
        else:
            with av.open(str(file)) as media:
                assert sum(1 for _ in media.decode(media.streams[0])) > 0
                kinds.append("+".join(stream.type for stream in media.streams))
    return sorted(kinds)


def test_veo_makes_a_video_and_a_copy_of_it_in_4k(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_veo_4k")

    assert dag_run.state == "success"
    video, copy = kie.tasks
    assert (video.operation, copy.operation, copy.parent_id) == ("veo/generate", "veo/get-4k-video", video.task_id)
    [file] = (videos / "kie_veo_4k").glob("*.mp4")
    with av.open(str(file)) as media:
        assert media.streams.video[0].width == copy.width * kie.settings.video_scale == 384
    assert returned(dag_run, "in_4k")["saved_to"] == f"file://{file}"
    assert kie.ledger.charged == 180


def test_a_song_is_sung_with_the_words_that_were_written_for_it(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_song", about="a ferry that never came")

    assert dag_run.state == "success"
    words, song = kie.tasks
    written = returned(dag_run, "words")["result"]["data"][0]
    assert (words.prompt, "a ferry that never came" in written["text"]) == ("a ferry that never came", True)
    assert song.prompt == written["text"].strip()
    result = returned(dag_run, "song")
    assert [each["title"] for each in result["result"]["sunoData"]] == [written["title"]] * 2
    assert kinds_in(videos / "kie_song").count("audio") == 2
    assert sorted(result["result_types"]) == ["audio", "audio", "image"]
    assert kie.ledger.charged == pytest.approx(12.4)


def test_a_song_is_taken_apart(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_stems")

    assert dag_run.state == "success"
    song, *parts = kie.tasks
    assert {part.operation for part in parts} == {"vocal-removal/generate", "wav/generate"}
    folder = videos / "kie_stems"
    assert sorted(file.suffix for file in folder.iterdir() if file.suffix != ".json") == [".mp3", ".mp3", ".wav"]
    assert kinds_in(folder).count("audio") == 3
    assert seconds_of_sound(next(folder.glob("*.wav"))) == pytest.approx(song.seconds, abs=0.1)
    assert kie.ledger.charged == pytest.approx(22.4)


def test_a_voice_is_laid_over_a_video(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_voice_over")

    assert dag_run.state == "success"
    film = videos / "kie_voice_over" / "harbour.mp4"
    [voice] = [task for task in kie.tasks if task.model.startswith("elevenlabs/")]
    assert returned(dag_run, "voice")["result_types"] == ["audio"]
    assert kinds_in(film.parent)[-1] in ("video+audio", "video+audio+subtitle")
    assert seconds_of(film) == pytest.approx(max(5, voice.seconds), abs=0.5)


def test_a_picture_becomes_a_video(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_image_to_video")

    assert dag_run.state == "success"
    day, night, video = kie.tasks
    assert (day.api, night.api, video.api) == ("4o-image", "flux-kontext", "runway")
    assert returned(dag_run, "by_day")["result_types"] == ["image"]
    assert kinds_in(videos / "kie_image_to_video") == ["image", "image", "video"]
    assert kie.ledger.charged == 23


def seconds_of_sound(file: Path) -> float:
    with av.open(str(file)) as media:
        return float(media.duration or 0) / 1e6
