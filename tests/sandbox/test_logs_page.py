from __future__ import annotations

import re

from airflow_provider_runway.sandbox import Fail, Sandbox

from .support import Api


def test_the_page_lists_tasks_with_their_state_cost_and_video(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail("The <b>moderator</b> says no"), prompt="refused")
    ready, failed = api.made(prompt="<script>alert(1)</script>"), api.made(prompt="refused")

    page = api.media(f"{runway_sandbox.url}/logs").text

    assert f'src="/media/{ready}.mp4"' in page
    assert f'src="/media/{failed}.mp4"' not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "The &lt;b&gt;moderator" in page
    assert "12 credits, refunded" in page
    assert "<b>4,988</b> credits left" in page
    assert 'http-equiv="refresh"' not in page
    assert not re.search(r'(src|href)="(?!/)', page)


def test_the_page_marks_the_wanted_task_and_refreshes_while_one_is_in_the_making(
    api: Api, runway_sandbox: Sandbox
) -> None:
    runway_sandbox.configure(seconds=60, submissions_per_window=100)
    wanted = api.made(prompt="wanted one")
    for _ in range(30):
        api.made()

    page = api.media(f"{runway_sandbox.url}/logs?taskId={wanted}").text

    assert page.count('class="wanted"') == 1
    assert page.index("wanted one") < page.index("A lighthouse")
    assert 'http-equiv="refresh"' in page
    assert api.media(f"{runway_sandbox.url}/logs?taskId=nobody").status_code == 200


def test_the_page_says_what_has_expired_and_shows_pictures(api: Api, runway_sandbox: Sandbox) -> None:
    api.made()
    runway_sandbox.advance(15 * 86_400)
    api.post("/api/v1/jobs/createTask", {"model": "flux-image", "input": {"prompt": "x"}})

    page = api.media(f"{runway_sandbox.url}/logs").text

    assert ">expired<" in page
    assert "<img" in page


def test_the_page_plays_songs_and_says_which_results_have_no_file(api: Api, runway_sandbox: Sandbox) -> None:
    song = {"prompt": "A sea shanty", "customMode": False, "instrumental": False, "model": "V5"}
    made = api.post("/api/v1/generate", {**song, "callBackUrl": "https://example.com/"})["data"]["taskId"]
    api.post("/api/v1/lyrics", {"prompt": "The sea"})
    api.post("/api/v1/flux/kontext/generate", {"prompt": "A cat"})

    page = api.media(f"{runway_sandbox.url}/logs").text

    assert [f'<audio controls preload="none" src="/media/{name}.mp3">' in page for name in (made, f"{made}-2")] == [
        True,
        True,
    ]
    assert ">a result without a file<" in page
    assert '.jpeg" alt=""' in page


def test_an_empty_sandbox_has_a_page_too(api: Api, runway_sandbox: Sandbox) -> None:
    assert "No calls yet" in api.media(f"{runway_sandbox.url}/logs").text
    assert api.media(f"{runway_sandbox.url}/").headers["location"] == "/logs"
