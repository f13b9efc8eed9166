"""`make screenshots`: the pictures for README and docs, of a real Airflow on the sandbox, each in light and dark.

That of the film has nothing between its parts, and suits both.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from airflow_provider_runway.sandbox import Fail
from airflow_provider_runway.sandbox.client import SandboxControl
from devtools import film_picture
from devtools.film_demo import environment, files_of, make, poster
from devtools.showcase import ROOT, Clock, running
from devtools.ui import GALLERY, fill_gallery, load_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, FloatRect, Page

    from devtools.stack.airflow_stack import AirflowStack

IMAGES: Final = ROOT / "docs" / "images"
# Bytes that a picture may have.
LARGEST: Final = 400_000
PATIENCE: Final = 120_000
# Pixels below what a picture ends with.
MARGIN: Final = 16
REFUSED: Final = "famous"
PROMPTS: Final = (
    "A famous singer on a small stage, close up.",
    "Rain runs down the window of a night train.",
    "A potter shapes a bowl, seen from above.",
    "Two kites cross over the Atlantic at dusk.",
)


def main() -> int:
    """Make all pictures; returns the exit code."""
    names = ("chromium", "google-chrome", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    clock = Clock()
    with (
        TemporaryDirectory() as home,
        poster() as (connection, _),
        running(clock, environment(connection), Path(home)) as (service, airflow),
    ):
        if service.url is None:
            print("These pictures are made with the sandbox alone: unset AIRFLOW_CONN_RUNWAY_DEFAULT.", file=sys.stderr)
            return 1
        sandbox = SandboxControl(service.url)
        sandbox.configure(seconds=20)
        sandbox.fault(Fail("The AI moderator caught your prompt"), prompt=REFUSED)
        load_examples(airflow.rest, clock, unpause=True)
        fill_gallery(airflow.rest)
        airflow.rest.trigger("runway_batch", conf={"prompts": list(PROMPTS)})
        for dag_id in GALLERY:
            for run_id in airflow.rest.run_ids(dag_id):
                airflow.rest.wait_for_run(dag_id, run_id, timeout=600)
            clock.say("made", dag_id)
        sandbox.configure(seconds=900)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            _take_all(browser, airflow)
            browser.close()
        sandbox.configure(seconds=8)
        wide, tall = files_of(make(airflow.rest, clock))
        film_picture.draw(wide, tall, IMAGES / "film.png")
    large = [file.name for file in IMAGES.glob("*.png") if file.stat().st_size > LARGEST]
    if large:
        print(f"Larger than {LARGEST} bytes: {', '.join(large)}", file=sys.stderr)
    return 1 if large else 0


def _take_all(browser: Browser, airflow: AirflowStack) -> None:
    chain = airflow.rest.run_ids("runway_extend_chain")[0]
    tab = f"/dags/runway_extend_chain/runs/{quote(chain, safe='')}/tasks/whale/plugin/runway-video"
    airflow.rest.trigger("runway_taskflow")  # something is to be made while the picture is taken
    shown = {
        "gallery": ("/plugin/runway-videos", ".progress[data-to]"),
        "failure": ("/plugin/runway-videos#failures", ".row"),
        "task-tab": (tab, ".whole .play"),
    }
    for (name, (path, there)), theme in product(shown.items(), ("light", "dark")):
        with _opened(browser, airflow.url + path, theme) as page:
            page.frame_locator("iframe").locator(there).first.wait_for()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}-{theme}.png", clip=_rows(page) if name == "failure" else None)


def _rows(page: Page) -> FloatRect:
    """The page of videos down to the end of its rows, without Airflow's bar and the empty space below."""
    frame = page.locator("iframe").bounding_box()
    row = page.frame_locator("iframe").locator(".row").last.bounding_box()
    if frame is None or row is None:
        raise RuntimeError("There is no row to take a picture of.")
    return {
        "x": frame["x"],
        "y": frame["y"],
        "width": frame["width"],
        "height": row["y"] + row["height"] + MARGIN - frame["y"],
    }


@contextmanager
def _opened(browser: Browser, url: str, theme: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    yield page
    context.close()


if __name__ == "__main__":
    sys.exit(main())
