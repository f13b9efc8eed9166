from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from plugin.browser.conftest import Open
from plugin.mock_page import MockPage, card


def asked(mock: MockPage) -> dict[str, str]:
    """What the page has asked for last, but for the length of a page."""
    return next(given for path, given in reversed(mock.asked) if path == "videos") | {"limit": ""}


def test_filters_are_asked_for_stand_in_the_address_and_outlive_a_reload(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="A red fox", model="gen4"), card(2, prompt="A hare")]
    page = show()
    page.locator("article").nth(1).wait_for()

    page.get_by_label("Prompt").fill("red fox")
    page.wait_for_function("() => document.querySelectorAll('article').length === 1")
    assert page.evaluate("document.activeElement.name") == "q", "typing goes on where it was"
    page.get_by_label("DAG").fill("daily_videos")
    page.get_by_label("DAG").press("Enter")
    page.get_by_label("State").select_option("Finished")
    page.wait_for_url("**/?q=red+fox&dag_id=daily_videos&state=finished")
    page.reload()

    page.locator("article").wait_for()
    assert page.get_by_label("Prompt").input_value() == "red fox"
    assert page.get_by_label("State").input_value() == "finished"
    assert asked(mock) == {"q": "red fox", "dag_id": "daily_videos", "state": "finished", "limit": ""}


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("Pacific/Auckland", "2026-11-19T11:00:00.000Z", "2026-11-21T11:00:00.000Z"),
        ("America/New_York", "2026-11-20T05:00:00.000Z", "2026-11-22T05:00:00.000Z"),
    ],
)
def test_days_are_whole_days_of_the_viewers_time_zone(
    mock: MockPage, show: Open, zone: str, since: str, until: str
) -> None:
    page = show("?since=2026-11-20&until=2026-11-21", timezone_id=zone)

    page.get_by_text("No video matches").wait_for()
    assert page.get_by_label("From").input_value() == "2026-11-20"
    assert asked(mock) == {"since": since, "until": until, "limit": ""}


def test_the_back_button_takes_a_filter_back(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1)]
    page = show()
    page.get_by_label("State").select_option("Failed or refused")
    page.get_by_text("No video matches").wait_for()

    page.go_back()

    page.locator("article").wait_for()
    assert page.get_by_label("State").input_value() == ""


@pytest.mark.parametrize("odd", ["?state=x&when=9z&since=yesterday", "?q=%20%20", "?unknown=1#nowhere", "?q=%00%ff"])
def test_an_address_with_nonsense_shows_videos(mock: MockPage, show: Open, odd: str) -> None:
    mock.cards = [card(1)]

    page = show(odd)

    page.locator("[aria-busy]").wait_for(state="detached")
    assert page.locator("nav [aria-current]").inner_text() == "Videos"
    assert "state" not in asked(mock)


@pytest.mark.parametrize("prefix", ["", "/team/airflow"])
def test_in_airflows_frame_the_filters_stand_in_airflows_address(mock: MockPage, show: Open, prefix: str) -> None:
    mock.prefix = prefix
    mock.cards = [card(1, prompt="A fox")]
    page = show(at=f"{mock.url}{prefix}/plugin/runway-videos")
    frame = page.frame_locator("iframe")

    frame.get_by_label("Prompt").fill("fox")
    page.wait_for_url("**/plugin/runway-videos?q=fox")
    frame.get_by_role("link", name="Live").click()
    page.wait_for_url("**/plugin/runway-videos?q=fox#live")
    page.goto("about:blank")
    page.goto(f"{mock.url}{prefix}/plugin/runway-videos?q=fox#failures")

    frame.get_by_text("No video matches").wait_for()
    assert frame.get_by_label("Prompt").input_value() == "fox"
    assert frame.locator("nav [aria-current]").inner_text() == "Failures"


@pytest.mark.parametrize("prefix", ["", "/team/airflow"])
def test_links_leave_the_frame_for_airflows_own_pages(mock: MockPage, show: Open, prefix: str) -> None:
    mock.prefix = prefix
    mock.cards = [card(1, dag_id="a/b", run_id="manual__2026-11-26T08:00:00+00:00", map_index=2)]
    opened = {
        "a/b": "/dags/a%2Fb",
        "Manual run": "/dags/a%2Fb/runs/manual__2026-11-26T08%3A00%3A00%2B00%3A00",
        "make_video [2]": "/dags/a%2Fb/runs/manual__2026-11-26T08%3A00%3A00%2B00%3A00/tasks/make_video/mapped/2",
    }
    for name, address in opened.items():
        page = show(at=f"{mock.url}{prefix}/plugin/runway-videos")

        page.frame_locator("iframe").get_by_role("link", name=name).click()

        page.wait_for_url(f"{mock.url}{prefix}{address}")


def test_a_link_is_opened_in_another_tab_when_that_is_asked_for(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1)]
    page = show(at=f"{mock.url}/plugin/runway-videos")

    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="daily_videos").click(modifiers=["ControlOrMeta"])

    assert opened.value.url == f"{mock.url}/dags/daily_videos"
    assert page.url == f"{mock.url}/plugin/runway-videos"


def test_on_a_tab_airflows_address_is_left_alone_and_there_is_a_way_to_all_videos(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, dag_id="ab", run_id="run"), card(2, dag_id="ab", run_id="run", task_id="other")]
    at = f"{mock.url}/dags/ab/runs/run/plugin/runway-run-videos?dag_id=ab&run_id=run"
    page = show(at=at)
    frame = page.frame_locator("iframe")

    frame.locator("article").nth(1).wait_for()
    assert frame.locator("nav").count() == 0
    frame.locator("article").first.get_by_role("link").first.click()
    frame.locator("article.whole").wait_for()
    assert page.url == at
    frame.get_by_role("link", name="All videos", exact=True).click()

    page.wait_for_url("**/plugin/runway-videos")
    assert parse_qs(urlsplit(page.url).query) == {}
