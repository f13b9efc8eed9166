from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from plugin.browser.conftest import Open
from plugin.mock_page import MockPage, card, failed, iso, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETTLE = "airflow runway records settle daily_videos run make_video --task-id ID"
QUEUE = {"place": 1, "reason": "pace", "until": None}
SAME_RUN = {"dag_id": "film", "run_id": "run"}


def fill(mock: MockPage) -> None:
    """Something of each kind."""
    mock.cards = [
        waiting(1, prompt="Being made"),
        waiting(2, prompt="Queued", state="queued", submitted_at=None, queue=QUEUE),
        failed(3, "moderation", "Moderation refused it.", paid=False, advice="Change the prompt."),
        failed(4, "ambiguous_submission", "The connection was cut.", paid=None, advice=f"Run `{SETTLE}`."),
        failed(5, "wait_timeout", "Not ready in 30 min.", paid=True, advice="Clear the task: it waits on."),
        card(6, saved_to="s3://videos/2026/11/26/daily_videos/made.mp4", expires_at=iso(hours=-5)),
        card(7, media_url=None, expires_at=iso(days=1)),
        card(8, kie_task_id="second", parent_task_id="first", task_id="extend", **SAME_RUN),
        card(9, kie_task_id="first", task_id="generate", **SAME_RUN),
        card(10, task_id="variant", map_index=1, prompt="B", **SAME_RUN),
        card(11, task_id="variant", map_index=0, prompt="A", **SAME_RUN),
    ]
    mock.balances = [
        {"conn_id": "runway_default", "credits": 812.5, "dollars": 4.06, "error": None},
        {"conn_id": "runway_eu", "credits": None, "dollars": None, "error": "The API key was refused."},
    ]
    mock.days = [
        {"day": "2026-11-24", "dag_id": "film", "videos": 3, "failed": 1, "refused": 2, "credits": 36, "dollars": 0.18},
        {"day": "2026-11-26", "dag_id": "film", "videos": 1, "failed": 0, "credits": 12, "dollars": 0.06},
        {"day": "2026-11-26", "dag_id": "daily_videos", "videos": 2, "failed": 0, "credits": None, "dollars": None},
    ]


VIEWS = {
    "videos": "",
    "live": "#live",
    "failures": "#failures",
    "totals": "#totals",
    "film": "?dag_id=film&run_id=run",
    "task": "?dag_id=film&run_id=run&task_id=generate",
    "mapped": "?dag_id=film&run_id=run&task_id=variant",
    "no video": "?dag_id=film&run_id=run&task_id=other",
    "no match": "?q=nothing",
}


def settled(page: Page) -> Page:
    page.locator("[aria-busy]").wait_for(state="detached")
    return page


def test_a_failure_says_why_what_to_do_and_whether_it_was_paid(mock: MockPage, show: Open) -> None:
    fill(mock)
    page = settled(show("#failures", permissions=["clipboard-read", "clipboard-write"]))

    rows = [" ".join(row.split()) for row in page.locator(".row").all_inner_texts()]

    assert len(rows) == 3
    assert "Moderation refused it Not paid Moderation refused it. What to do: Change the prompt." in rows[0]
    assert "Nobody knows whether it was submitted Nobody knows whether it was paid" in rows[1]
    assert "It was not ready in time Paid: 12 credits · $0.06" in rows[2]
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == SETTLE
    assert page.get_by_role("link", name="The page that explains it").first.get_attribute("target") == "_blank"


@pytest.mark.parametrize("said", ["KIE.AI refused it. Its credits come back; change the prompt.", "KIE.AI refused it."])
def test_what_a_failure_says_of_the_payment_stands_there_once(mock: MockPage, show: Open, said: str) -> None:
    fill(mock)
    refused = next(card for card in mock.cards if card["failure"])
    refused["failure"] |= {"message": said, "payment": "Its credits come back."}

    text = " ".join(settled(show("#failures")).locator(".row").all_inner_texts())

    assert text.count("Its credits come back") == 1


def test_totals_are_a_chart_a_table_and_what_is_still_to_be_paid(mock: MockPage, show: Open) -> None:
    fill(mock)
    page = settled(show("#totals"))

    assert [" ".join(each.split()) for each in page.locator(".tile").all_inner_texts()] == [
        "Videos 6 1 failed, 2 refused",
        "Spent 48 credits $0.24",
        "Waiting 2 will cost about 24 credits · $0.12",
    ]
    page.locator(".chart rect").nth(1).wait_for()
    assert page.locator(".chart rect").count() == 2, "what has no price has no bar of credits"
    page.get_by_role("radio", name="Videos").check(force=True)
    page.wait_for_function("() => document.querySelectorAll('.chart rect').length === 3")
    rows = [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]
    assert rows[0] == ["Nov 26", "daily_videos", "2", "0", "0", "not known", "not known"]
    assert rows[2] == ["Nov 24", "film", "3", "1", "2", "36", "$0.18"]
    balances = " ".join(page.locator(".balances").inner_text().split())
    assert balances == "runway_default 812.5 credits $4.06 runway_eu The API key was refused."


def test_a_runs_film_strip_is_in_order_with_mapped_siblings_side_by_side(mock: MockPage, show: Open) -> None:
    fill(mock)
    page = settled(show(VIEWS["film"]))

    assert page.locator(".step h2").all_inner_texts() == ["variant", "generate", "extend"]
    assert page.locator(".step").first.locator(".prompt").all_inner_texts() == ["A", "B"]
    a, b = (page.locator(".frames article", has_text=text).first.bounding_box() for text in ("A", "B"))
    assert a is not None
    assert b is not None
    assert a["y"] == b["y"]
    assert a["x"] < b["x"]


def test_a_tasks_video_is_shown_alone_with_all_that_is_known(mock: MockPage, show: Open) -> None:
    fill(mock)
    page = settled(show(VIEWS["task"]))

    details = page.locator("article.whole .details").inner_text()
    assert "first" in details
    assert "runway_default" in details
    page.get_by_role("link", name="All videos of this run").click()
    page.locator(".step").nth(2).wait_for()
    page.go_back()
    page.locator("article.whole").wait_for()


@pytest.mark.parametrize("run_id", ["manual__2026-11-07T00:00:00+00:00", "manual__2026-11-07T00%3A00%3A00%2B00%3A00"])
def test_a_tab_finds_its_run_however_airflow_writes_its_id(mock: MockPage, show: Open, run_id: str) -> None:
    """Airflow 3.1 puts it into the address as it is, later ones percent-encoded."""
    mock.cards = [card(6)]

    page = show(at=f"{mock.url}/dags/any?dag_id=daily_videos&run_id={run_id}&task_id=make_video&map_index=-1")

    page.frame_locator("iframe").locator("article.whole .play").wait_for()


def test_the_tab_of_a_task_without_a_video_says_so_kindly(mock: MockPage, show: Open) -> None:
    page = settled(show(VIEWS["no video"]))

    assert "No video here" in page.locator(".empty").inner_text()
    assert settled(show(VIEWS["film"])).get_by_text("No videos in this run").is_visible()


def test_nothing_is_wider_than_the_screen(mock: MockPage, show: Open) -> None:
    for name, where in {**VIEWS, "empty": ""}.items():
        mock.cards = []
        if name != "empty":
            fill(mock)
        page = settled(show(where, width=360))
        for width in (360, 820, 1600, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("() => new Promise(requestAnimationFrame)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


# What a theme changes is colours alone.
RULES: dict[str, dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}


def test_axe_finds_nothing_serious_in_either_theme(mock: MockPage, show: Open) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe().axe_script
    found = {}
    for name, where in {**VIEWS, "empty": ""}.items():
        mock.cards = []
        if name != "empty":
            fill(mock)
        page = settled(show(where, width=360, reduced_motion="reduce"))
        if page.locator(".filter-toggle").count():
            page.locator(".filter-toggle").click()
        page.evaluate(axe)
        for width, (theme, rules) in product((360, 1280), RULES.items()):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            page.locator(f'html[data-theme="{theme}"]').wait_for()
            answer = page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"], **rules})
            for violation in answer["violations"]:
                if violation["impact"] in {"serious", "critical"}:
                    found[name, width, theme, violation["id"]] = [node["html"] for node in violation["nodes"]]
    assert found == {}


def test_the_theme_is_airflows_and_follows_it(mock: MockPage, show: Open) -> None:
    page = show(at=f"{mock.url}/plugin/runway-videos", color_scheme="light")
    root = page.frame_locator("iframe").locator("html")

    def is_shown(theme: str) -> None:
        page.frame_locator("iframe").locator(f'html[data-theme="{theme}"]').wait_for()

    is_shown("light")
    assert root.evaluate("(html) => getComputedStyle(html).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("localStorage.setItem('theme', 'dark')")
    is_shown("dark")
    assert root.evaluate("(html) => getComputedStyle(html).backgroundColor") != "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    page.evaluate("localStorage.setItem('theme', 'light')")
    is_shown("light")
    page.evaluate("localStorage.setItem('theme', 'system')")
    is_shown("dark")
    page.emulate_media(color_scheme="light")
    is_shown("light")


STOP = """() => {
  const { activeElement: stop } = document;
  const isRinged = getComputedStyle(stop).outlineStyle !== "none";
  return [stop.ariaLabel || stop.name || stop.innerText, isRinged, stop === document.body];
}"""


def test_everything_can_be_reached_by_keyboard_and_is_ringed_then(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="A fox")]
    page = settled(show())
    page.locator("article").wait_for()

    stops: list[str] = []
    while len(stops) < 40:
        page.keyboard.press("Tab")
        name, is_ringed, is_end = page.evaluate(STOP)
        if is_end:
            break
        assert is_ringed, name
        stops.append(name)

    assert stops == [
        *("Skip to the videos", "Videos", "Live", "Failures", "Totals"),
        *("q", "dag_id", "state", "model", "when"),
        *("Play. Video: A fox", "A fox", "daily_videos", "make_video", "Manual run, Nov 2, 12:00 AM"),
    ]
