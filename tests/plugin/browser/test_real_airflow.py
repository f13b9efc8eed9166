"""The page within a real Airflow, with logins: what a person sees who opens it there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from versions import AIRFLOW

from airflow_provider_runway.get_provider_info import get_provider_info
from airflow_provider_runway.sandbox import Fail, Sandbox, SandboxSettings
from devtools.stack.airflow_stack import AirflowStack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = pytest.mark.stack

KEY = "an-api-key"
HOUR = 3600.0
# Milliseconds that a busy machine may take to show something.
PATIENCE = 120_000
Visit = Callable[..., "Page"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(seconds=HOUR, video_scale=0.2, keys=(KEY,))) as sandbox:
        sandbox.fault(Fail("The AI moderator caught your prompt"), prompt="forbidden")
        yield sandbox


@pytest.fixture(scope="module")
def airflow(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    home = tmp_path_factory.mktemp("home")
    videos = home / "videos"
    videos.mkdir()
    env = {
        "AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps({**json.loads(sandbox.connection_json()), "password": KEY}),
        "AIRFLOW_VAR_RUNWAY_VIDEOS": f"file://{videos}",
        "AIRFLOW__RUNWAY__MEDIA_ROOTS": str(videos),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer,nobody:",
    }
    dags = Path(__file__).parent / "dags"
    with AirflowStack(home=home, dags=dags, env=env, all_admins=False, timeout=300) as airflow:
        airflow.rest.unpause("films", timeout=120)
        yield airflow


@pytest.fixture(scope="module")
def tokens(airflow: AirflowStack) -> dict[str, str]:
    """Logins by name."""
    [file] = airflow.home.glob("*passwords*")
    passwords: dict[str, str] = json.loads(file.read_text())
    return {
        name: httpx.post(
            f"{airflow.url}/auth/token", json={"username": name, "password": password}, timeout=60, trust_env=False
        ).json()["access_token"]
        for name, password in passwords.items()
    }


@pytest.fixture
def visit(browser: Browser, airflow: AirflowStack, tokens: dict[str, str]) -> Iterator[Visit]:
    """Opens a page of Airflow with somebody's login."""
    contexts = []

    def visit(who: str | None, path: str = "/plugin/runway-videos", **context: Any) -> Page:
        made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        contexts.append(made)
        if who is not None:
            made.add_cookies([{"name": "_token", "value": tokens[who], "url": airflow.url}])
        page = made.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{airflow.url}{path}")
        return page

    yield visit
    for each in contexts:
        each.close()


@pytest.fixture(scope="module")
def run_id(airflow: AirflowStack) -> str:
    """A run whose four tasks wait for their videos."""
    run_id = airflow.rest.trigger("films")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        states = [each.state for each in airflow.rest.task_instances("films", run_id)]
        if states.count("deferred") == 4:
            return run_id
        time.sleep(0.5)
    raise TimeoutError(f"The tasks have not deferred: {states}")


def page_in(page: Page) -> FrameLocator:
    return page.frame_locator('iframe[title="Videos"], iframe[title="Video"]')


def plays(page: Page, selector: str) -> None:
    """Until a video of the page within the frame plays."""
    video = page_in(page).locator(selector)
    video.wait_for()
    deadline = time.monotonic() + PATIENCE / 1000
    while not video.evaluate("(video) => video.currentTime > 0.1"):
        assert time.monotonic() < deadline, "it does not play"
        page.wait_for_timeout(100)


def test_the_connections_form_has_every_extra_saves_and_tests(
    visit: Visit, airflow: AirflowStack, sandbox: Sandbox
) -> None:
    page = visit("admin", "/connections")
    page.get_by_role("button", name="Add Connection").click()
    page.locator("[name=connection_id]").fill("runway_by_form")
    page.get_by_role("combobox").last.click()
    page.keyboard.type("Runway")
    page.keyboard.press("Enter")
    at = urlsplit(sandbox.url)
    for name, value in {"host": at.hostname, "schema": "http", "port": str(at.port), "password": KEY}.items():
        page.locator(f"[name={name}]").fill(str(value))
    if AIRFLOW < (3, 4):  # from then on they stand open, below the connection's own heading
        page.get_by_role("button", name="Extra Fields", exact=True).click()
    page.locator("[name=element_credit_floor]").fill("50")
    [declared] = get_provider_info()["connection-types"]
    for name, field in declared["conn-fields"].items():
        assert page.locator(f"[name=element_{name}]").count() == 1, name
        assert page.get_by_text(field["description"]).count() == 1, name
    page.get_by_role("button", name="Save").click()
    row = page.locator("tr", has_text="runway_by_form")
    with page.expect_response(lambda answer: answer.url.endswith("/connections/test")) as tested:
        row.get_by_role("button", name="Test Connection").click()

    assert tested.value.json()["status"] is True
    assert "credits" in tested.value.json()["message"]
    saved = airflow.rest.get("/api/v2/connections/runway_by_form")
    assert json.loads(saved["extra"])["credit_floor"] == 50
    assert (saved["conn_type"], saved["host"]) == ("runway", at.hostname)


def test_a_running_video_shows_its_progress_and_turns_into_a_playing_one(
    visit: Visit, run_id: str, sandbox: Sandbox, airflow: AirflowStack
) -> None:
    page = visit("viewer", "/plugin/runway-videos#live")
    live = page_in(page)
    live.get_by_role("progressbar", name="Expected progress of A fox in the snow").wait_for()
    assert "4 being made" in live.locator(".summary").inner_text()

    sandbox.advance(HOUR)

    fox = 'article:has-text("A fox in the snow") video[controls]'
    plays(page, fox)
    assert "/runway/media/films/" in live.locator(fox).evaluate("(video) => video.src"), "the stored copy plays"
    plays(page, 'article:has-text("A red kite") video[controls]')
    live.locator('article:has-text("A forbidden thing")[data-state="failed"]').wait_for()
    airflow.rest.wait_for_run("films", run_id, 300)


@pytest.fixture
def finished(airflow: AirflowStack, run_id: str, sandbox: Sandbox) -> str:
    """The run, at its end."""
    if airflow.rest.run_state("films", run_id) == "running":
        sandbox.advance(HOUR)
    airflow.rest.wait_for_run("films", run_id, 300)
    return run_id


def test_filters_find_a_video_and_its_links_lead_into_airflow(
    visit: Visit, finished: str, airflow: AirflowStack
) -> None:
    page = visit("viewer")
    videos = page_in(page)
    videos.locator("article").nth(3).wait_for()

    videos.get_by_label("Prompt").fill("blue KITE")
    page.wait_for_url("**q=blue+KITE")
    videos.locator("article", has_text="A red kite").wait_for(state="detached")
    videos.locator("article", has_text="A blue kite").wait_for()
    assert videos.locator("article").count() == 1
    page.reload()
    videos.get_by_role("link", name="variant [1]").click()

    page.wait_for_url(f"{airflow.url}/dags/films/runs/{quote(finished, safe='')}/tasks/variant/mapped/1")


def test_failures_say_why_and_what_to_do(visit: Visit, finished: str) -> None:
    failed = page_in(visit("viewer", "/plugin/runway-videos#failures")).locator(".row")

    failed.wait_for()

    text = failed.inner_text()
    for part in ("A forbidden thing", "Moderation refused it", "Not paid", "The AI moderator caught your prompt"):
        assert part in text


def test_task_instance_and_run_have_a_tab_with_their_videos(visit: Visit, finished: str) -> None:
    run = f"/dags/films/runs/{quote(finished, safe='')}"
    page = visit("viewer", f"{run}/tasks/stored")
    page.get_by_role("link", name="Video", exact=True).click()
    page_in(page).locator("article.whole .play").click()
    plays(page, "article.whole video[controls]")

    page.goto(f"{page.url.partition('/dags/')[0]}{run}/plugin/runway-run-videos")
    strip = page_in(page)
    strip.locator("article").nth(3).wait_for()
    assert strip.locator(".step", has_text="variant").locator(".prompt").all_inner_texts() == [
        "A red kite",
        "A blue kite",
    ]


def test_a_task_links_to_its_card(visit: Visit, finished: str, airflow: AirflowStack) -> None:
    link = airflow.rest.extra_links("films", finished, "variant", map_index=1)["Video card"]

    page = visit("viewer", str(link))

    card = page_in(page).locator("article.whole")
    card.wait_for()
    assert "A blue kite" in card.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_has_airflows_theme_and_axe_finds_nothing_serious_at_any_width(
    visit: Visit, finished: str, theme: str, airflow: AirflowStack
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit("viewer", "/", color_scheme="dark" if theme == "light" else "light")
    page.evaluate("(theme) => localStorage.setItem('theme', theme)", arg=theme)
    page.goto(f"{airflow.url}/plugin/runway-videos")
    page_in(page).locator(f'html[data-theme="{theme}"]').wait_for()

    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{airflow.url}/runway/")
        page.locator("article").nth(3).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = [each for each in Axe().run(page).response["violations"] if each["impact"] in {"serious", "critical"}]
        assert found == []


def test_whoever_has_no_rights_sees_nothing(visit: Visit, finished: str, airflow: AirflowStack) -> None:
    for who, status in (("nobody", 403), (None, 401)):
        page = visit(who)
        answers = [
            page.request.get(f"{airflow.url}/runway/{path}").status
            for path in ("api/videos", "api/totals", f"media/films/{quote(finished, safe='')}/stored/-1/0")
        ]
        assert answers == [status] * 3, who
        assert page.get_by_text("A fox in the snow").count() == 0
        assert all(frame.get_by_text("A fox in the snow").count() == 0 for frame in page.frames)
