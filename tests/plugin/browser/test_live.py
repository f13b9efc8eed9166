from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.browser.conftest import Open
from plugin.browser.test_playing import is_playing
from plugin.mock_page import MockPage, card, iso, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Page

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def questions(mock: MockPage) -> int:
    return sum(path == "videos" for path, _ in mock.asked)


def until_asked(mock: MockPage, page: Page, number: int) -> int:
    """Milliseconds of the page's own time until the question of that number."""
    passed = 0
    while questions(mock) < number and passed < 60_000:
        page.clock.run_for(100)
        passed += 100
    return passed


def test_what_waits_says_how_long_what_is_expected_and_why_it_queues(mock: MockPage, show: Open) -> None:
    queue = {"place": 7, "reason": "429", "until": iso(minutes=-5)}
    mock.cards = [
        waiting(1, prompt="Half way", submitted_at=iso(seconds=60), expected_at=iso(seconds=-60)),
        waiting(2, prompt="Late", submitted_at=iso(seconds=300), expected_at=iso(seconds=60)),
        waiting(3, prompt="In the queue", state="queued", submitted_at=None, expected_at=None, queue=queue),
    ]

    page = show("#live")

    bar = page.get_by_role("progressbar", name="Expected progress of Half way")
    assert 40 <= int(bar.get_attribute("aria-valuenow") or 0) <= 70
    assert "longer than expected" in page.locator("article", has_text="Late").inner_text()
    queued = page.locator("article", has_text="In the queue").inner_text()
    assert "Place 7 in the queue." in queued
    assert "KIE.AI said that there were too many requests." in queued
    assert "2 being made" in (summary := page.locator(".summary").inner_text())
    assert "1 in the queue" in summary
    assert "36 credits · $0.18 in all" in summary


def test_a_card_turns_into_a_playing_video_without_a_reload(mock: MockPage, show: Open) -> None:
    mock.cards = [waiting(1, prompt="A fox"), waiting(2, prompt="A hare")]
    page = show("#live")
    page.evaluate("window.isTheSame = true")
    page.get_by_role("progressbar", name="Expected progress of A fox").wait_for()

    mock.cards = [card(1, prompt="A fox", completed_at=iso()), mock.cards[1]]

    is_playing(page)
    assert page.evaluate("window.isTheSame")
    assert page.get_by_role("status").inner_text() == "Ready: A fox"
    assert page.locator("article").count() == 2


def test_one_question_for_each_interval_and_none_while_the_tab_is_hidden(mock: MockPage, show: Open) -> None:
    mock.cards = [waiting(1)]
    page = show("#live", clock=True)
    page.locator("article").wait_for()
    assert questions(mock) == 1

    page.clock.pause_at((page.evaluate("Date.now()") + 1000) / 1000)  # from here on time passes as it is told to
    assert until_asked(mock, page, 2) < 60_000
    for asked in (3, 4):
        assert 2000 <= until_asked(mock, page, asked) < 60_000
    page.evaluate(HIDE, arg=True)
    page.clock.run_for(600_000)
    page.wait_for_load_state("networkidle")
    assert questions(mock) == 4

    page.evaluate(HIDE, arg=False)
    assert until_asked(mock, page, 5) < 4000


def test_it_asks_ever_less_often_while_there_is_no_answer_and_keeps_what_is_shown(mock: MockPage, show: Open) -> None:
    mock.cards = [waiting(1, prompt="A fox")]
    page = show("#live", clock=True)
    page.locator("article").wait_for()
    mock.status = 503

    page.clock.run_for(4100)
    page.get_by_role("alert").get_by_text("error (503)").wait_for()
    assert "What you see stays; it is tried again in 10 s." in page.get_by_role("alert").inner_text()
    page.clock.run_for(10_100)
    page.get_by_role("alert").get_by_text("in 20 s.").wait_for()
    page.clock.run_for(20_100)
    page.get_by_role("alert").get_by_text("in 40 s.").wait_for()
    assert page.get_by_text("A fox").first.is_visible()
    mock.status = 200
    page.get_by_role("button", name="Try now").click()

    page.get_by_role("alert").wait_for(state="detached")
    assert page.locator("article").count() == 1


def test_whoever_is_logged_out_is_shown_the_way_back_in(mock: MockPage, show: Open) -> None:
    mock.prefix = "/team/airflow"
    mock.cards = [card(1)]
    page = show("?q=lisbon", clock=True)
    page.locator("article").wait_for()

    mock.status = 401
    page.clock.run_for(61_000)

    link = page.get_by_role("link", name="Log in again")
    target = link.get_attribute("href") or ""
    assert target.startswith(f"{mock.url}/team/airflow/api/v2/auth/login?next=")
    assert "q%3Dlisbon" in target
    assert page.locator("article").count() == 1


def test_a_right_that_is_missing_and_a_network_that_is_away_are_said_in_a_sentence(mock: MockPage, show: Open) -> None:
    mock.status = 403
    page = show("#totals")
    page.get_by_role("alert").get_by_text("You have no right to this. The mock was told to.").wait_for()

    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("link", name="Videos", exact=True).click()

    page.get_by_role("alert").get_by_text("Airflow cannot be reached from here.").wait_for()


def test_when_nothing_waits_the_page_says_so(mock: MockPage, show: Open) -> None:
    show("#live").get_by_text("Nothing is being made").wait_for()
