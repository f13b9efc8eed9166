from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag

from plugin.browser.conftest import Open
from plugin.mock_page import MockPage, card, failed, iso, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Page


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


def test_a_card_tells_all_that_is_known_of_a_video(mock: MockPage, show: Open) -> None:
    mock.cards = [
        card(
            1,
            prompt="A fox in the snow",
            seconds=10,
            quality="1080p",
            model="gen4",
            saved_to="s3://videos/2026/11/26/daily_videos/fox.mp4",
            map_index=2,
            expires_at=iso(days=-12.5),
            credits=30,
            dollars=0.15,
        )
    ]

    page = show()

    shown = page.locator("article").inner_text()
    for part in (
        "A fox in the snow",
        "Finished",
        "10 s · 1080p",
        "gen4",
        "daily_videos",
        "make_video [2]",
    ):
        assert part in shown
    for part in ("1 hour ago", "30 credits · $0.15", "s3://videos/…/fox.mp4", "Link dies in 12 days"):
        assert part in shown
    assert page.locator("article time").first.get_attribute("title")


def test_markup_in_a_prompt_or_a_message_is_text(mock: MockPage, show: Open) -> None:
    markup = '<img src=x onerror="document.title=1"><b>bold</b> & "quoted" عربى'
    mock.cards = [
        card(1, prompt=markup, dag_id="<i>dag</i>", saved_to=f"s3://{markup}"),
        failed(2, "<b>Reason</b>", markup, paid=None, advice=f"`{markup}`", prompt=markup),
    ]

    page = show()

    assert page.locator("article .prompt").first.inner_text() == markup
    assert page.locator("article :is(b, img[src=x])").count() == 0
    assert page.title() == "Videos · Runway videos"
    page.get_by_role("link", name="Failures").click()
    page.locator(".row").wait_for()
    assert markup in page.locator(".row").inner_text()
    assert page.locator(".row :is(b, img)").count() == 0


def test_a_link_that_dies_within_two_days_is_marked(mock: MockPage, show: Open) -> None:
    saved = {"saved_to": "file:///v.mp4"}
    links: list[tuple[dict[str, Any], str]] = [
        ({"expires_at": iso(hours=-47)}, "link soon"),
        ({"expires_at": iso(hours=-49)}, "link"),
        ({"expires_at": iso(hours=-47), **saved}, "link soon safe"),
        ({"expires_at": iso(hours=1)}, "link dead"),
        ({"expires_at": iso(hours=1), **saved}, "link"),
    ]
    mock.cards = [card(number, **known) for number, (known, _) in enumerate(links)]

    page = show()

    page.locator("article .link").nth(len(links) - 1).wait_for()
    shown = [link.get_attribute("class") for link in page.locator("article .link").all()]
    assert shown == [mark for _, mark in links]


def test_extensions_stand_beside_what_they_extend_and_mapped_tasks_each_for_itself(mock: MockPage, show: Open) -> None:
    mock.cards = [
        card(1, kie_task_id="c", parent_task_id="b", task_id="third", prompt="It looks up"),
        card(2, map_index=0, task_id="variant", prompt="Variant 0"),
        card(3, map_index=1, task_id="variant", prompt="Variant 1", run_id="manual__2026-11-03T00:00:00+00:00"),
        card(4, kie_task_id="b", parent_task_id="a", task_id="second", prompt="It stops"),
        card(5, kie_task_id="a", task_id="first", prompt="A fox runs"),
    ]

    page = show()

    page.locator(".chain article").nth(2).wait_for()
    assert texts(page, ".chain .prompt") == ["A fox runs", "It stops", "It looks up"]
    assert texts(page, ".cards > li:not(.chain) .prompt") == ["Variant 0", "Variant 1"]


def test_what_refers_to_itself_or_in_a_circle_is_shown_once(mock: MockPage, show: Open) -> None:
    mock.cards = [
        card(1, kie_task_id="a", parent_task_id="b"),
        card(2, kie_task_id="b", parent_task_id="a"),
        card(3, kie_task_id="c", parent_task_id="c"),
        card(4, kie_task_id=None, parent_task_id="nobody"),
    ]

    page = show()

    page.locator("article").nth(3).wait_for()
    assert page.locator("article").count() == 4


ODD: list[dict[str, Any]] = [
    dict.fromkeys(("prompt", "model", "kind", "duration", "quality", "submitted_at", "completed_at", "credits")),
    {"expires_at": "soon", "completed_at": "", "submitted_at": "2026-13-45"},
    {"seconds": -1, "credits": "many", "dollars": 1e300, "duration": 1e9},
    {"prompt": "word" * 5000, "dag_id": "d" * 250, "task_id": "t" * 250, "saved_to": "/" * 3000},
    {"image_url": "javascript:alert(1)", "media_url": "javascript:alert(1)", "video_url": "data:text/html,x"},
    {"state": "unheard_of", "failure": {}, "queue": {}},
    {"state": "failed", "failure": {"reason": None, "message": None, "paid": "x", "advice": 7, "page": "file:///"}},
    {"state": "queued", "queue": {"place": None, "reason": None, "until": None}, "submitted_at": None},
    {"state": "generating", "expected_at": iso(days=3), "submitted_at": iso(days=-3)},
]


def test_odd_values_break_nothing(mock: MockPage, show: Open) -> None:
    mock.cards = [*(card(number, **odd) for number, odd in enumerate(ODD)), card(len(ODD), prompt="The next one")]

    for where, shown in (("", len(mock.cards)), ("#failures", 1), ("#live", 2)):
        page = show(where, width=360)
        page.locator("[aria-busy]").wait_for(state="detached")
        assert page.locator("main :is(article, .row)").count() == shown
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.locator("[src^='javascript:'], [href^='javascript:']").count() == 0
    show().get_by_text("The next one").wait_for()


def test_more_is_loaded_by_the_cursor_until_there_is_none(mock: MockPage, show: Open) -> None:
    mock.cards = [card(number) for number in range(100)]
    page = show()

    for shown in (48, 96, 100):
        page.wait_for_function("(n) => document.querySelectorAll('article').length === n", arg=shown)
        if shown < 100:
            page.get_by_role("button", name="Load more").click()

    assert page.get_by_role("button", name="Load more").is_hidden()
    assert [asked.get("cursor") for path, asked in mock.asked if path == "videos"] == [None, "48", "96"]


def test_a_video_that_is_new_comes_by_itself_and_what_was_loaded_stays(mock: MockPage, show: Open) -> None:
    mock.cards = [card(number) for number in range(1, 60)]
    page = show(clock=True)
    page.get_by_role("button", name="Load more").click()
    page.wait_for_function("() => document.querySelectorAll('article').length === 59")

    mock.cards = [waiting(0, prompt="Just begun"), *mock.cards]
    page.clock.run_for(61_000)

    page.get_by_text("Just begun").wait_for()
    assert page.locator("article").count() == 60


def test_an_empty_gallery_says_what_to_do_first_with_a_dag_that_works(
    mock: MockPage, show: Open, tmp_path: Path
) -> None:
    page = show(permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy the DAG").click()
    page.get_by_role("button", name="Copied").wait_for()
    file = tmp_path / "copied.py"
    file.write_text(page.evaluate("navigator.clipboard.readText()"))

    bag = DagBag(tmp_path, collect_dags=False)
    bag.process_file(str(file))
    assert bag.import_errors == {}
    assert [task.task_type for dag in bag.dags.values() for task in dag.tasks] == ["RunwayGenerateOperator"]


def test_filters_that_let_nothing_through_offer_to_be_cleared(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1)]
    page = show("?q=nothing+of+the+kind&state=finished")

    page.get_by_text("No video matches").wait_for()
    page.locator(".empty").get_by_role("button", name="Clear filters").click()

    page.locator("article").wait_for()
    assert page.url == mock.page
