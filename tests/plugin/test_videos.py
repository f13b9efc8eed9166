"""The list of videos, asked for over HTTP with a viewer's login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import seen
from airflow_provider_runway.plugin.airflow_models import as_id
from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.plugin.listing import Cursor

from .conftest import option
from .database import FAILURE, NOW, RUNWAY, Database


def cards(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("api/videos", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["videos"]
    return found


def tasks(client: TestClient, **query: Any) -> list[str]:
    return [card["task_id"] for card in cards(client, **query)]


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_cache", Cache())


def test_a_finished_video_is_a_card(database: Database, viewer: TestClient) -> None:
    database.video()

    [card] = cards(viewer)

    assert (
        card.items()
        >= {
            "dag_id": "clips",
            "run_id": "manual__1",
            "task_id": "video",
            "map_index": -1,
            "operator": "RunwayGenerateOperator",
            "task_state": "success",
            "state": "finished",
            "prompt": "A fox in the snow",
            "model": "runway",
            "duration": 5,
            "quality": "720p",
            "kie_task_id": "kie-1",
            "video_url": "https://media.example/kie-1.mp4",
            "image_url": "https://media.example/kie-1.jpg",
            "media_url": None,
            "media_note": None,
            "credits": 12,
            "dollars": 0.06,
            "failure": None,
            "queue": None,
            "conn_id": "runway_default",
        }.items()
    )
    assert card["expires_at"] == (NOW + timedelta(days=14)).isoformat()


def test_of_a_link_that_has_died_nothing_is_shown(database: Database, viewer: TestClient) -> None:
    database.video(expires_at=(NOW - timedelta(seconds=1)).isoformat())

    [card] = cards(viewer)

    assert (card["video_url"], card["image_url"]) == (None, None)
    assert card["expires_at"]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "//media.example/x", "file:///etc/passwd", 7, "http://[", ""]
)
def test_what_is_no_link_is_none(database: Database, viewer: TestClient, link: Any) -> None:
    database.video(video_url=link, image_url=link)

    [card] = cards(viewer)

    assert (card["video_url"], card["image_url"]) == (None, None)


@pytest.mark.parametrize("state", ["running", "deferred", "scheduled", "queued", "up_for_reschedule"])
def test_one_that_is_made_says_when_it_is_expected(database: Database, viewer: TestClient, state: str) -> None:
    database.task(state=state, runway=RUNWAY)

    [card] = cards(viewer)

    assert (card["state"], card["task_state"]) == ("generating", state)
    assert card["expected_at"] == RUNWAY["expected_at"]
    assert card["video_url"] is None


def test_what_has_ended_lately_comes_beside_what_waits(database: Database, viewer: TestClient) -> None:
    database.task(task_id="waits", state="deferred", runway=RUNWAY)
    database.video(task_id="long_done", started=NOW - timedelta(hours=2))
    database.video(task_id="just_done", started=NOW - timedelta(minutes=5))
    database.task(task_id="just_failed", state="failed", started=NOW - timedelta(minutes=6), failure=FAILURE)

    lately = {"ended_since": (NOW - timedelta(minutes=10)).isoformat()}
    assert tasks(viewer, state="waiting", **lately) == ["waits", "just_done", "just_failed"]
    assert tasks(viewer, state="waiting") == ["waits"]
    assert tasks(viewer, state="waiting", task_id="long_done", **lately) == []


def test_it_is_expected_as_others_of_its_sort_were_seen(database: Database, viewer: TestClient) -> None:
    for number in range(3):
        database.video(run_id=f"run-{number}", completed_at=(NOW - timedelta(seconds=120 - 40 - number)).isoformat())
    database.task(state="deferred", runway=RUNWAY)

    [card] = cards(viewer, state="waiting")

    assert card["expected_at"] == (NOW - timedelta(minutes=2) + timedelta(seconds=41)).isoformat()


def test_one_that_queues_says_why_and_its_place(database: Database, viewer: TestClient) -> None:
    def queued(run_id: str, minutes: int, conn_id: str = "runway_default") -> None:
        since = (NOW - timedelta(minutes=minutes)).isoformat()
        queue = {"reason": "429", "since": since, "until": NOW.isoformat(), "limit": 20}
        database.task(
            "clips" if run_id != "other" else "secret",
            run_id,
            state="deferred",
            runway={"kind": "runway", "conn_id": conn_id, "queue": queue},
        )

    queued("first", 3)
    queued("other", 2)
    queued("last", 1)
    queued("elsewhere", 9, "another")
    database.task(run_id="made", state="deferred", runway=RUNWAY)

    found = {card["run_id"]: card["queue"] for card in cards(viewer) if card["state"] == "queued"}

    assert {run: queue["place"] for run, queue in found.items()} == {"first": 1, "other": 2, "last": 3, "elsewhere": 1}
    assert (found["first"]["reason"], found["first"]["until"]) == ("429", NOW.isoformat())


def test_one_that_failed_says_why_and_what_to_do(database: Database, viewer: TestClient) -> None:
    database.task(state="failed", runway=RUNWAY, failure=FAILURE)

    [card] = cards(viewer)

    assert card["state"] == "failed"
    assert card["failure"] == {
        name: FAILURE[name] for name in ("reason", "message", "task_id", "paid", "payment", "advice", "page")
    }


def test_one_that_failed_without_a_word_is_shown_as_well(database: Database, viewer: TestClient) -> None:
    database.task(state="failed")

    [card] = cards(viewer)

    assert card["failure"]["reason"] == "unexpected"
    assert "log" in card["failure"]["message"]


def test_a_refused_prompt_whose_task_has_skipped_itself_is_shown_as_that(
    database: Database, viewer: TestClient
) -> None:
    database.task(state="skipped", runway=RUNWAY, failure=FAILURE)
    database.task(run_id="by_a_rule", state="skipped", runway=RUNWAY)

    [card] = cards(viewer, state="failed")

    assert (card["state"], card["failure"]["reason"]) == ("refused", "moderation")
    assert cards(viewer) == [card]


def test_a_success_that_made_nothing_is_no_video(database: Database, viewer: TestClient) -> None:
    database.task(state="success")

    assert cards(viewer) == []


def test_one_that_is_only_submitted_says_so(database: Database, viewer: TestClient) -> None:
    database.task(runway=RUNWAY, return_value={"task_id": "kie-1", "kind": "runway", "state": "submitted"})

    assert cards(viewer)[0]["state"] == "submitted"


def test_mapped_tasks_are_videos_each_and_other_tasks_are_none(database: Database, viewer: TestClient) -> None:
    for index in range(3):
        database.video(map_index=index, runway={"prompt": f"Fox {index}"})
    database.task(task_id="other", operator="PythonOperator", return_value={"saved_to": "/etc/passwd"})

    assert sorted(card["map_index"] for card in cards(viewer)) == [0, 1, 2]
    assert [card["prompt"] for card in cards(viewer, map_index=1)] == ["Fox 1"]


def test_operators_of_users_own_are_known_by_what_they_announce(database: Database, viewer: TestClient) -> None:
    database.video(operator="OurFoxOperator")

    assert len(cards(viewer)) == 1


def test_pages_follow_each_other_without_gap_or_repetition(database: Database, viewer: TestClient) -> None:
    for number in range(12):  # three at a time have started at the same moment
        database.video(run_id=f"run-{number}", started=NOW - timedelta(minutes=number // 3))
    seen_runs: list[str] = []
    cursor = None
    pages = 0
    while pages < 20:
        answer = viewer.get("api/videos", params={"limit": 5, **({"cursor": cursor} if cursor else {})}).json()
        seen_runs += [card["run_id"] for card in answer["videos"]]
        pages += 1
        cursor = answer["next"]
        if cursor is None:
            break

    assert pages == 3
    assert sorted(seen_runs) == sorted(f"run-{number}" for number in range(12))
    assert seen_runs[:3] != seen_runs[3:6]


def test_pages_reach_back_for_years(database: Database, viewer: TestClient) -> None:
    days = [0, 1, 6, 8, 50, 99, 101, 400, 20_000, 26_000]
    for number in days:
        database.video(run_id=f"r{number}", started=NOW - timedelta(days=number))
    found, cursor = list[str](), None
    while len(found) < 20:
        answer = viewer.get("api/videos", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        found += [card["run_id"] for card in answer["videos"]]
        cursor = answer["next"]
        if cursor is None:
            break

    assert found == [f"r{number}" for number in days]


def test_the_newest_come_first(database: Database, viewer: TestClient) -> None:
    for number in (2, 0, 1):
        database.video(task_id=f"task-{number}", started=NOW - timedelta(minutes=number))

    assert tasks(viewer) == ["task-0", "task-1", "task-2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"fox", "hare", "stored", "waits", "broken", "again"}),
        ({"state": "finished"}, {"fox", "hare", "stored"}),
        ({"state": "saved"}, {"stored"}),
        ({"state": "waiting"}, {"waits"}),
        ({"state": "failed"}, {"broken", "again"}),
        ({"model": "kling"}, {"hare"}),
        ({"model": "klin"}, set()),
        ({"dag_id": "clips"}, {"fox", "stored", "waits", "broken", "again"}),
        ({"dag_id": "none"}, set()),
        ({"run_id": "r2"}, {"waits"}),
        ({"task_id": "fox"}, {"fox"}),
        ({"q": "HARE"}, {"hare"}),
        ({"q": "100%"}, {"stored"}),
        ({"q": "%"}, {"stored"}),
        ({"q": "_"}, set()),
        ({"q": "Fox", "state": "waiting"}, {"waits"}),
        ({"since": NOW.isoformat()}, {"fox", "stored", "waits", "broken", "again"}),
        ({"until": NOW.isoformat()}, {"hare"}),
        ({"since": NOW.isoformat(), "q": "hare"}, set()),
    ],
)
def test_what_is_asked_for_is_found(
    database: Database, viewer: TestClient, query: dict[str, Any], found: set[str]
) -> None:
    database.video(run_id="r1", task_id="fox")
    hare = {"prompt": "A hare", "model": "kling"}
    database.video("hares", "r1", "hare", runway=hare, started=NOW - timedelta(days=2))
    database.video(run_id="r3", task_id="stored", saved_to="/videos/x.mp4", runway={"prompt": "100% snow"})
    database.task(run_id="r2", task_id="waits", state="deferred", runway=RUNWAY)
    database.task(run_id="r4", task_id="broken", state="failed", runway=RUNWAY, failure=FAILURE)
    database.task(run_id="r5", task_id="again", state="up_for_retry", runway=RUNWAY, failure=FAILURE)

    assert set(tasks(viewer, **query)) == found


def test_a_search_without_a_date_says_how_far_back_it_went(database: Database, viewer: TestClient) -> None:
    database.video(started=NOW - timedelta(days=31))

    answer = viewer.get("api/videos", params={"q": "fox"}).json()

    assert answer["videos"] == []
    assert answer["since"][:10] == (NOW - timedelta(days=30)).isoformat()[:10]
    assert len(cards(viewer, q="fox", since=(NOW - timedelta(days=40)).isoformat())) == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 201}, 422),
        ({"limit": "many"}, 422),
        ({"limit": 10**30}, 422),
        ({"map_index": -2}, 422),
        ({"map_index": 2**31}, 422),
        ({"state": "done"}, 422),
        ({"since": "yesterday"}, 422),
        ({"since": "0001-01-01T00:00:00+14:00"}, 422),
        ({"until": "9999-12-31T23:59:59-14:00"}, 422),
        ({"dag_id": "a\0b"}, 422),
        ({"q": "x" * 501}, 422),
        ({"cursor": "x"}, 400),
        ({"cursor": "W10"}, 400),
        ({"cursor": "é" * 9}, 400),
        ({"cursor": Cursor(NOW, "no-uuid").encode()}, 400),
        ({"cursor": "W1tbW1tbW1tbW1tbW1tbW1tb"}, 400),
    ],
)
def test_nonsense_is_refused(database: Database, viewer: TestClient, query: dict[str, Any], status: int) -> None:
    database.video()

    assert viewer.get("api/videos", params=query).status_code == status


@given(
    st.dictionaries(
        st.sampled_from(
            ["dag_id", "run_id", "task_id", "map_index", "state", "model", "since", "until", "q", "cursor", "limit"]
        ),
        st.one_of(
            st.text(alphabet=st.characters(exclude_categories=["Cs"])),
            st.integers().map(str),
            st.floats().map(str),
            st.datetimes().map(str),
            st.binary(max_size=60).map(lambda raw: raw.hex()),
            st.sampled_from(["waiting", "saved", "failed", "inf", "nan", "1e400", "-1", "\0", "~", "%00"]),
        ),
    )
)
def test_no_query_breaks_the_list(database: Database, viewer: TestClient, query: dict[str, str]) -> None:
    assert viewer.get("api/videos", params=query).status_code in {200, 400, 403, 422}
    assert viewer.get("api/totals", params=query).status_code in {200, 403, 422}


ODD: list[Any] = [
    None,
    "",
    "text",
    "{}",
    "[1]",
    [],
    [[]],
    {},
    7,
    True,
    {"a": {"b": 1}},
    "{" * 3000,
    1e300,
    {"task_id": 5},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
@pytest.mark.parametrize("state", ["success", "failed", "deferred"])
def test_what_a_task_has_forged_breaks_no_card(database: Database, viewer: TestClient, odd: Any, state: str) -> None:
    for number, key in enumerate(("runway", "return_value", "failure")):
        xcoms: dict[str, Any] = {key: odd}
        database.task(run_id=f"forged-{number}", state=state, **xcoms)
        forged = dict.fromkeys((*RUNWAY, "parameters", "queue", "saved_to", "video_url", "paid", "page"), odd)
        xcoms = {key: forged}
        database.task(run_id=f"inside-{number}", state=state, **xcoms)
    database.video(run_id="honest", task_id="honest")

    assert "honest" in tasks(viewer)
    assert viewer.get("api/totals").status_code == 200
    assert "honest" in tasks(viewer, q="fox")
    assert tasks(viewer, state="saved") is not None


def test_markup_stays_text(database: Database, viewer: TestClient) -> None:
    prompt = "<script>alert(1)</script> & \"'`"
    database.video(runway={"prompt": prompt})

    answer = viewer.get("api/videos")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["videos"][0]["prompt"] == prompt


def test_values_that_are_stored_as_text_are_read(database: Database, viewer: TestClient) -> None:
    database.task(runway=json.dumps(dict(RUNWAY)), return_value="null")

    assert cards(viewer)[0]["prompt"] == "A fox in the snow"


def test_a_stored_video_says_why_it_cannot_be_played(database: Database, viewer: TestClient) -> None:
    database.video(saved_to="/srv/videos/fox.mp4")

    [card] = cards(viewer)

    assert (card["saved_to"], card["media_url"]) == ("/srv/videos/fox.mp4", None)
    assert "[runway] media_roots" in card["media_note"]
    with option("media_roots", "/srv/videos"):
        [card] = cards(viewer)
    assert (card["media_url"], card["media_note"]) == ("/runway/media/clips/manual__1/video/-1/0", None)


FILM: Mapping[str, Any] = {
    "path": "/srv/videos/film.mp4",
    "duration": 13.96,
    "width": 720,
    "height": 1280,
    "thumbnail": "/srv/videos/film-thumbnail.jpg",
    "last_frame": "/srv/videos/film-last.png",
    "schema_version": 1,
}


def test_a_film_plays_from_where_it_was_stored_and_says_how_long_it_is(database: Database, viewer: TestClient) -> None:
    database.task(operator="VideoComposeOperator", return_value=FILM)

    with option("media_roots", "/srv/videos"):
        [card] = cards(viewer, state="saved")

    place = "/runway/media/clips/manual__1/video/-1"
    assert (card["state"], card["saved_to"], card["seconds"]) == ("finished", FILM["path"], 13.96)
    assert (card["media_url"], card["image_url"]) == (f"{place}/0", f"{place}/thumbnail")
    assert (card["media_note"], card["expires_at"], card["credits"]) == (None, None, None)


def test_a_film_says_why_it_cannot_be_played(database: Database, viewer: TestClient) -> None:
    database.task(operator="VideoComposeOperator", return_value=FILM)

    [card] = cards(viewer)

    assert "It is stored at /srv/videos/film.mp4, which this page may not play" in card["media_note"]
    assert (card["media_url"], card["image_url"]) == (None, None)


SONGS: Mapping[str, Any] = {
    "kind": "suno",
    "video_url": "https://media.example/1.mp3",
    "result_urls": ["https://media.example/1.mp3", "https://media.example/2.mp3", "https://media.example/1.jpg"],
    "result_types": ["audio", "audio", "image"],
    "saved_to": "/srv/songs/1.mp3",
    "saved_files": ["/srv/songs/1.mp3", "/srv/songs/2.mp3", "/elsewhere/1.jpg"],
}


def test_of_a_song_the_page_is_told_that_it_is_heard_and_each_file(database: Database, viewer: TestClient) -> None:
    database.video(**SONGS)

    with option("media_roots", "/srv/songs"):
        [card] = cards(viewer)

    place = "/runway/media/clips/manual__1/video/-1"
    assert (card["medium"], card["media_url"]) == ("audio", f"{place}/0")
    assert card["files"] == [
        {"type": "audio", "url": f"{place}/1", "saved_to": "/srv/songs/1.mp3"},
        {"type": "audio", "url": f"{place}/2", "saved_to": "/srv/songs/2.mp3"},
        {"type": "image", "url": "https://media.example/1.jpg", "saved_to": "/elsewhere/1.jpg"},
    ]


def test_of_files_whose_links_have_died_only_the_stored_ones_can_be_had(database: Database, viewer: TestClient) -> None:
    database.video(**SONGS, expires_at=(NOW - timedelta(seconds=1)).isoformat())

    assert [each["url"] for each in cards(viewer)[0]["files"]] == [None, None, None]


@pytest.mark.parametrize(
    "forged",
    [
        {"result_urls": "abc", "result_types": ["audio"]},
        {"result_urls": ["javascript:alert(1)", 7], "result_types": ["<b>", None], "video_url": "javascript:alert(1)"},
        {"result_urls": [["x"]], "result_types": [["video"]], "saved_files": {"0": "/etc/passwd"}},
        {"result_urls": ["https://media.example/1.mp3"] * 500, "result_types": [{}] * 500},
    ],
)
def test_forged_lists_of_files_lead_nowhere(database: Database, viewer: TestClient, forged: dict[str, Any]) -> None:
    database.video(**forged)

    [card] = cards(viewer)

    assert card["medium"] in {"video", "data"}
    assert len(card["files"]) <= 20
    assert {each["type"] for each in card["files"]} <= {"data"}
    assert {each["url"] for each in card["files"]} <= {None, "https://media.example/1.mp3"}


def test_what_was_paid_stands_before_what_was_expected(database: Database, viewer: TestClient) -> None:
    database.video(credits=7.5)

    assert (cards(viewer)[0]["credits"], cards(viewer)[0]["dollars"]) == (7.5, 0.0375)


def test_a_thumbnail_that_is_stored_outlives_that_of_kie(database: Database, viewer: TestClient) -> None:
    gone = (NOW - timedelta(days=1)).isoformat()
    database.video(run_id="r+1:2", saved_to="/v/a.mp4", thumbnail_saved_to="/v/a.jpg", expires_at=gone)

    with option("media_roots", "/v"):
        [card] = cards(viewer)

    assert card["image_url"] == "/runway/media/clips/r%2B1%3A2/video/-1/thumbnail"


def test_nonsense_in_the_option_plays_nothing_and_shows_all_else(database: Database, viewer: TestClient) -> None:
    database.video(saved_to="/srv/videos/fox.mp4")

    with option("media_roots", "videos"):
        assert cards(viewer)[0]["media_url"] is None


def test_an_id_is_what_the_database_has() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        as_id("x")
