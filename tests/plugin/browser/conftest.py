"""A real browser for the page: Chromium of the system, driven by Playwright. Without one these tests are skipped.

Without a window's frame around its pages it takes less than half of the time.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from plugin.mock_page import MockPage, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = [
    name
    for name, is_there in (
        ("Chromium (apt-get install chromium-headless-shell)", CHROMIUM),
        ("playwright", importlib.util.find_spec("playwright")),
        ("axe-playwright-python", importlib.util.find_spec("axe_playwright_python")),
    )
    if not is_there
]
# What a test means to happen is no complaint.
EXPECTED = ("Failed to load resource", "media.invalid")

Open = Callable[..., "Page"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if MISSING:
        pytest.skip(f"The page is tested in a browser; missing here: {', '.join(MISSING)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--mute-audio"])
        yield browser
        browser.close()


@pytest.fixture
def mock() -> Iterator[MockPage]:
    """The page's endpoints, played; without any video so far."""
    with serving(MockPage()) as mock:
        yield mock


@pytest.fixture
def show(browser: Browser, mock: MockPage) -> Iterator[Open]:
    """Opens the page at what follows its address; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with ExitStack() as open_contexts:

        def open_page(where: str = "", *, width: int = 1280, at: str = "", clock: bool = False, **context: Any) -> Page:
            made = browser.new_context(viewport={"width": width, "height": 900}, **context)
            open_contexts.callback(made.close)
            page = made.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    complaints.append(said.text)
                    if said.type == "error" and not any(each in said.text for each in EXPECTED)
                    else None
                ),
            )
            if clock:
                page.clock.install()
            page.goto(at or f"{mock.page}{where}")
            return page

        yield open_page
    assert complaints == []
