"""Every example parses, and runs to success on the sandbox."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from clips import picture, seen, tone
from dag_bag import DagBag
from PIL import Image
from poster import Poster, lose_the_reply
from sqlalchemy import select
from versions import AIRFLOW, AWAITED, since

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Sandbox

from .films import Film, samples
from .support import EXAMPLES, Cms, Received, RunDag, person

# What these versions of Airflow come with does not know all the parameters.
TOO_NEW = {"runway_approval": "response_timeout"} if AIRFLOW < (3, 2) else {}
EVERY_FILE = sorted(file.stem for file in EXAMPLES.glob("*.py"))
# One needs another provider, one Airflow 3.4; each has a file of tests of its own.
IGNORED = ["kie_llm_prompt", "runway_softer_prompts"]
FILES = [name for name in EVERY_FILE if name not in [*TOO_NEW, *IGNORED]]
WITH_A_PERSON = since(3, 3, "dag.test() hands a question to a person")


def test_every_example_parses_with_no_error_and_no_warning(bag: DagBag) -> None:
    errors = {Path(file).stem: error for file, error in bag.import_errors.items()}
    assert errors.keys() == TOO_NEW.keys()
    assert all(parameter in errors[name] for name, parameter in TOO_NEW.items())
    warnings = [warning for warnings in bag.captured_warnings.values() for warning in warnings]
    # The oldest providers of Airflow's own that are allowed warn of each other there.
    assert [each for each in warnings if AIRFLOW >= (3, 2) or "/airflow/providers/" not in each.partition(":")[0]] == []


def test_each_file_holds_the_dag_of_its_name(bag: DagBag) -> None:
    assert sorted(bag.dags) == FILES


@pytest.mark.parametrize("name", EVERY_FILE)
def test_each_example_says_what_it_shows_and_what_a_run_costs(bag: DagBag, name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text()
    docstring = text.split('"""')[1]
    assert "\nShows " in docstring
    assert "\nA run costs " in docstring
    assert name not in FILES or bag.dags[name].tags == {"runway"}


@pytest.mark.parametrize("name", EVERY_FILE)
def test_each_example_tries_again_what_a_busy_airflow_or_a_killed_worker_has_failed(name: str) -> None:
    _, _, code = (EXAMPLES / f"{name}.py").read_text().split('"""', 2)
    assert re.search(r"\bretries\W+[1-9]", code)


def test_every_example_is_run_here_or_beside() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in EVERY_FILE if f'run("{name}"' not in tests] == []


def test_what_not_every_airflow_runs_is_ignored() -> None:
    ignored = [line for line in (EXAMPLES / ".airflowignore").read_text().splitlines() if not line.startswith("#")]
    assert ignored == [f"{name}.py" for name in IGNORED]


def test_two_formats(run: RunDag, kie: Sandbox, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = tmp_path / "media"
    media.mkdir()
    files = {"voice.mp3": tone(1, suffix=".mp3"), "music.mp3": tone(2, hertz=880, suffix=".mp3"), "logo.png": picture()}
    for name, file in files.items():
        (media / name).write_bytes(file.read_bytes())
    (media / "captions.srt").write_text("1\n00:00:00,500 --> 00:00:03,000\nA harbour at dawn\n")
    monkeypatch.setenv("AIRFLOW_VAR_RUNWAY_MEDIA", f"file://{media}")
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", str(media))

    dag_run = run("runway_two_formats")

    assert dag_run.state == "success"
    _, second = kie.tasks
    assert second.prompt.startswith("The boat reaches")
    wide, upright = (seen(next(videos.rglob(f"{name}.mp4"))) for name in ("wide", "upright"))
    assert wide.size == upright.size[::-1]
    assert wide.size[0] > wide.size[1]
    for film in (wide, upright):
        assert film.streams == ["video", "audio"]
        assert film.seconds == pytest.approx(9.5, abs=0.2)
    assert len(kie.ledger.charges) == 2


def test_text_to_video(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("runway_text_to_video")

    assert dag_run.state == "success"
    [video] = kie.tasks
    assert video.prompt.startswith("Lisbon wakes up on ")
    assert dag_run.run_after.strftime("%A, %d %B") in video.prompt
    file = videos / "runway_text_to_video" / f"{dag_run.run_id}.mp4"
    result = returned(dag_run, "make_video")
    assert (result["task_id"], result["saved_to"]) == (video.task_id, f"file://{file}")
    assert seconds_of(file) == pytest.approx(5, abs=0.5)
    assert kie.ledger.charged == 12


def test_image_to_video_is_stored(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("runway_image_to_video", seconds=10)

    assert dag_run.state == "success"
    [video] = kie.tasks
    file = videos / "runway_image_to_video" / f"{video.task_id}.mp4"
    assert returned(dag_run, "make_video")["saved_to"] == f"file://{file}"
    assert seconds_of(file) == pytest.approx(10, abs=0.5)
    assert asset_events(f"file://{file}") == [(video.task_id, video.prompt, 10, "runway_moving_pictures")]


def test_taskflow_makes_what_the_function_returned(run: RunDag, kie: Sandbox) -> None:
    dag_run = run("runway_taskflow")

    assert dag_run.state == "success"
    [video] = kie.tasks
    assert video.prompt == "A square in Porto in fog, people in coats cross it, seen from a window."
    assert returned(dag_run, "announce") == f"Today's video: {video.media_urls[0]}"


def test_from_file_uploads_the_pictures(
    run: RunDag, kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_RUNWAY_PICTURES", f"file://{tmp_path}")
    for name, size in (("harbour.jpg", (40, 30)), ("mountain.png", (30, 40))):
        Image.new("RGB", size).save(tmp_path / name)

    dag_run = run("runway_from_file")

    assert dag_run.state == "success"
    assert [entry.code for entry in kie.ledger.of("upload")] == [200, 200]
    assert sorted((video.width > video.height) for video in kie.tasks) == [False, False, True]
    assert returned(dag_run, "mountain")["content_type"] == "image/png"


def test_extend_chain_ends_with_one_clip_that_plays(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("runway_extend_chain")

    assert dag_run.state == "success"
    first, second, third = kie.tasks
    assert [video.parent_id for video in (first, second, third)] == ["", first.task_id, second.task_id]
    [clip] = (videos / "runway_extend_chain").iterdir()
    assert returned(dag_run, "whale")["saved_to"] == f"file://{clip}"
    assert seconds_of(clip) == pytest.approx(third.seconds, abs=0.5)
    assert third.seconds > second.seconds > first.seconds


def test_aleph_changes_the_video_that_was_made(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("runway_aleph")

    assert dag_run.state == "success"
    summer, winter = kie.tasks
    assert (summer.operation, winter.operation) == ("generate", "aleph")
    assert returned(dag_run, "winter")["saved_to"] == f"file://{videos}/runway_aleph/{winter.task_id}.mp4"
    assert kie.ledger.charged == 122


def test_any_model_makes_pictures_and_another_one_moves_the_first(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("kie_any_model")

    assert dag_run.state == "success"
    pictures, video = kie.tasks
    assert (pictures.model, video.model) == ("bytedance/seedream-v4-text-to-image", "kling-2.6/image-to-video")
    assert sorted(file.name for file in (videos / "kie_any_model").iterdir()) == sorted(
        [f"{pictures.task_id}-1.png", f"{pictures.task_id}-2.png", f"{video.task_id}-1.mp4"]
    )
    assert returned(dag_run, "pictures")["result_urls"] == list(pictures.media_urls)


def test_a_budget_is_kept_to_by_all_tasks(
    run: RunDag, kie: Sandbox, videos: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path_factory.mktemp("records")))
    monkeypatch.setenv("AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT", "162")
    assert run("runway_budget").state == "success"
    assert len(kie.ledger.charges) == 2

    dag_run = run("runway_budget")

    # The video fits, since the clip has cost less than it might; another clip may not.
    states = {ti.task_id: ti.state for ti in dag_run.get_task_instances()}
    assert states == {"make_video": "success", "make_clip": "failed"}
    assert len(kie.ledger.charges) == 3


def test_batch_makes_and_stores_one_video_for_each_prompt(run: RunDag, kie: Sandbox, videos: Path) -> None:
    dag_run = run("runway_batch", prompts=["A red kite.", "", "A green kite.", " "])

    assert dag_run.state == "success"
    assert sorted(video.prompt for video in kie.tasks) == ["A green kite.", "A red kite."]
    folder = videos / "runway_batch" / dag_run.run_id
    assert sorted(returned(dag_run, "list_files")) == sorted(f"file://{file}" for file in folder.glob("*.mp4"))
    assert {file.stem for file in folder.glob("*.mp4")} == {video.task_id for video in kie.tasks}


def test_wait_for_task_stores_a_video_that_was_submitted_elsewhere(run: RunDag, kie: Sandbox, videos: Path) -> None:
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="Made elsewhere.", aspect_ratio="16:9"))

    dag_run = run("runway_wait_for_task", runway_task_id=task_id)

    assert dag_run.state == "success"
    assert seconds_of(videos / f"{task_id}.mp4") == pytest.approx(5, abs=0.5)
    assert len(kie.ledger.charges) == 1


def test_publish_puts_title_and_link_to_the_cms(run: RunDag, kie: Sandbox, cms: Cms) -> None:
    dag_run = run("runway_publish", title='A "quoted" evening')

    assert dag_run.state == "success"
    [video] = kie.tasks
    link = returned(dag_run, "make_video")["video_url"]
    entry = {"title": 'A "quoted" evening', "link": link}
    assert cms.received == [Received("PUT", f"/videos/{video.task_id}", entry)]


def test_social_post_sends_the_video_and_asks_for_it_where_the_reply_is_lost(
    run: RunDag, kie: Sandbox, poster: Poster, videos: Path
) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers.append(lambda handler: handler.answer(200, [{"id": 1}]))
    dag_run = run("runway_social_post", caption='A "quiet" morning')

    assert dag_run.state == "success"
    [video], [post] = kie.tasks, poster.posts
    assert (post.path, post.headers["Authorization"]) == ("/v1/posts", "Bearer of-the-poster")
    assert post.fields == [
        ("caption", 'A "quiet" morning'), ("networks", "instagram"), ("networks", "tiktok"),
        ("external_id", video.task_id),
    ]  # fmt: skip
    assert post.video == (videos / "runway_social_post" / f"{video.task_id}.mp4").read_bytes()
    assert poster.asked == [f"/v1/posts?external_id={video.task_id}"]
    assert returned(dag_run, "post")["response"] == [{"id": 1}]


@WITH_A_PERSON
def test_approval_publishes_what_a_person_approves(run: RunDag, kie: Sandbox, poster: Poster, videos: Path) -> None:
    with person("Approve") as asked:
        dag_run = run("runway_approval", title="An evening")

    assert dag_run.state == "success"
    [video] = kie.tasks
    link = returned(dag_run, "make_video")["video_url"]
    assert (asked.subject, asked.body) == ("Publish An evening?", f"[Watch the video]({link}) (about 12 credits)")
    assert returned(dag_run, "approve")["responded_by_user"] == {"id": "editor", "name": "editor"}
    [post] = poster.posts
    assert post.fields == [("caption", "An evening"), ("external_id", video.task_id)]
    assert post.video == (videos / "runway_approval" / f"{video.task_id}.mp4").read_bytes()


@WITH_A_PERSON
def test_film_is_spoken_captioned_and_published_in_two_formats_once_it_is_approved(
    run: RunDag, kie: Sandbox, poster: Poster, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.configure(video_scale=0.3)
    logo = videos / "logo.png"
    Image.new("RGB", (64, 64), "red").save(logo)
    monkeypatch.setenv("AIRFLOW_VAR_RUNWAY_LOGO", str(logo))
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", str(videos))
    (videos / "records").mkdir()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(videos / "records"))
    monkeypatch.setenv("AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT", "120")

    with person("Approve") as asked:
        dag_run = run("runway_film")

    assert dag_run.state == "success"
    voices = [samples(stored(result)) for result in returned_by_all(dag_run, "voices")]
    files = [stored(result) for result in returned_by_all(dag_run, "films")]
    assert all(str(file) in str(asked.body) for file in files)
    which = urlencode({"dag_id": "runway_film", "run_id": dag_run.run_id, "task_id": "films"})
    assert f"(/plugin/runway-videos?{which})" in str(asked.body)
    checksums = {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert {post.sha256 for post in poster.posts} == checksums
    assert len(poster.posts) == len(files)
    for file, size in zip(files, ((384, 216), (216, 384)), strict=True):
        film = Film(file)
        assert film.size == size
        assert film.seconds == pytest.approx((15, 15), abs=0.2)
        for number, voice in enumerate(voices):
            begins = 5 * number
            assert film.hears(voice, begins) > 0.8, (file, number)
            assert film.hears(voice, begins + 1.7) < 0.5, (file, number)
            # The caption goes just before the shot does.
            assert film.bright_below(begins + 2) > film.bright_below(begins + 4.9) + 80, (file, number)
        red, green, _ = film.logo(7)
        assert (red > 120, green < 120) == (True, True), file


@WITH_A_PERSON
def test_approval_does_not_publish_what_a_person_rejects(run: RunDag, poster: Poster) -> None:
    with person("Reject"):
        dag_run = run("runway_approval")

    assert states(dag_run) == {"make_video": "success", "approve": "success", "publish": "skipped"}
    assert (dag_run.state, poster.posts) == ("success", [])


def test_on_new_video_stores_the_videos_whose_asset_events_it_is_run_for(
    run: RunDag, kie: Sandbox, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [returned(run("runway_text_to_video"), "make_video")["task_id"] for _ in range(2)]
    hand_over_asset_events(monkeypatch, made_by="runway_text_to_video", latest=2)

    dag_run = run("runway_on_new_video")

    assert dag_run.state == "success"
    assert sorted(file.stem for file in (videos / "daily").iterdir()) == sorted(made)
    assert set(returned_by_all(dag_run, "caption")) == {f"{video.prompt} (5 s, 12 credits)" for video in kie.tasks}


def test_hook_in_task_spends_only_what_is_there(run: RunDag, kie: Sandbox) -> None:
    dag_run = run("runway_hook_in_task")

    assert states(dag_run) == {"can_pay": "success", "make_video": "success", "describe": AWAITED}
    assert kie.ledger.charged == 30

    kie.configure(credits=kie.settings.credits - kie.balance + 29)
    dag_run = run("runway_hook_in_task")

    assert dag_run.state == "success"
    assert states(dag_run)["make_video"] == "skipped"
    assert kie.ledger.charged == 30


def stored(result: Any) -> Path:
    """The file that a result names."""
    return Path(str(result.get("path") or result["saved_to"]).removeprefix("file://"))


def states(dag_run: DagRun) -> dict[str, str | None]:
    """The state of each task, by its name."""
    return {task.task_id: task.state for task in dag_run.get_task_instances()}


def returned(dag_run: DagRun, task_id: str) -> Any:
    """What a task of the run returned."""
    task_instance = dag_run.get_task_instance(task_id)
    assert task_instance is not None
    return task_instance.xcom_pull(task_id)


def returned_by_all(dag_run: DagRun, task_id: str) -> list[Any]:
    """What each mapped instance of a task returned."""
    instances = [each for each in dag_run.get_task_instances() if each.task_id == task_id]
    return [each.xcom_pull(task_id, map_indexes=each.map_index) for each in instances]


def asset_events(uri: str) -> list[tuple[Any, ...]]:
    """What the events of an asset say, and the alias they came by."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        asset = session.scalars(select(AssetModel.id).where(AssetModel.uri == uri)).one()
        return [
            (event.extra["task_id"], event.extra["prompt"], event.extra["duration"], alias.name)
            for event in session.scalars(select(AssetEvent).where(AssetEvent.asset_id == asset))
            for alias in event.source_aliases
        ]


def seconds_of(file: Path) -> float:
    """How long a video plays."""
    import av

    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate
        return float(sum(1 for _ in container.decode(stream)) / stream.average_rate)


def hand_over_asset_events(monkeypatch: pytest.MonkeyPatch, *, made_by: str, latest: int) -> None:
    """Let the next run be one that asset events have triggered: the scheduler's part, which `dag.test()` leaves out."""
    from airflow.models import dagrun
    from airflow.models.asset import AssetEvent

    create = dagrun.get_or_create_dagrun

    def create_with_events(*, dag: DAG, session: Any, **arguments: Any) -> DagRun:
        dag_run = create(dag=dag, session=session, **arguments)  # type: ignore[arg-type]
        newest = select(AssetEvent).where(AssetEvent.source_dag_id == made_by).order_by(AssetEvent.id.desc())
        dag_run.consumed_asset_events.extend(session.scalars(newest.limit(latest)))
        session.commit()
        return dag_run

    monkeypatch.setattr(dagrun, "get_or_create_dagrun", create_with_events)
