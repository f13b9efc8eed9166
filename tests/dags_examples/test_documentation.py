"""The pages say what the code is: their examples, links, parameters, errors and prices."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from textwrap import dedent

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator, Connection

from airflow_provider_runway import exceptions
from airflow_provider_runway.get_provider_info import get_provider_info
from airflow_provider_runway.hooks.settings import Settings, read_settings
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.failures import FailureReason
from airflow_provider_runway.kie.price_list import PRICES, SEEN
from airflow_provider_runway.kie.prices import RUNWAY
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.compose import FilmResult, VideoComposeOperator
from airflow_provider_runway.operators.frame import FrameResult, RunwayFrameOperator
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.operators.options import VideoOptions
from airflow_provider_runway.operators.paid_operator import PaidOperator
from airflow_provider_runway.operators.runway import (
    RunwayAlephOperator,
    RunwayExtendOperator,
    RunwayGenerateOperator,
    RunwayOperator,
)
from airflow_provider_runway.operators.submission import RECORD_KEY, Stage, Submission
from airflow_provider_runway.operators.upload import RunwayUploadOperator, UploadResult
from airflow_provider_runway.publishing.result import PublishResult
from airflow_provider_runway.results import JobResult, VideoResult
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator
from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

from .support import EXAMPLES

ROOT = EXAMPLES.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
# These have examples of another kind, and tests of their own.
OWN_EXAMPLES = {"sandbox.md", "testing.md", "development.md"}
CODE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

SECTIONS: dict[str, type] = {
    "RunwayGenerateOperator": RunwayGenerateOperator,
    "RunwayExtendOperator": RunwayExtendOperator,
    "RunwayAlephOperator": RunwayAlephOperator,
    "KieJobOperator": KieJobOperator,
    "KieTaskOperator": KieTaskOperator,
    "Parameters of the Runway operators": RunwayOperator,
    "Parameters of all operators": RunwayVideoOperator,
    "RunwayVideoSensor": RunwayVideoSensor,
    "RunwayToObjectStorageOperator": RunwayToObjectStorageOperator,
    "RunwayVideoTrigger": RunwayVideoTrigger,
    "RunwayUploadOperator": RunwayUploadOperator,
    "VideoToHttpOperator": VideoToHttpOperator,
    "VideoComposeOperator": VideoComposeOperator,
    "RunwayFrameOperator": RunwayFrameOperator,
}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OWN_EXAMPLES], ids=lambda page: page.name)
def test_every_example_is_part_of_a_file_that_runs(page: Path) -> None:
    files = {file.name: file.read_text() for file in EXAMPLES.glob("*.py")}
    for code in blocks(page, "python"):
        assert any(f"\n{code}" in text for text in files.values()), f"in no example DAG:\n{code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text())
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_example_is_shown_on_a_page() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert [file.name for file in EXAMPLES.glob("*.py") if f"dags_examples/{file.name}" not in text] == []


def test_every_page_is_on_the_start_page() -> None:
    start = (DOCS / "index.md").read_text()
    pages = {page.name for page in DOCS.glob("*.md")} - {"index.md", "development.md"}
    assert {name for name in pages if f"]({name})" not in start} == set()


def test_the_python_reference_has_every_module_that_the_provider_names() -> None:
    info = get_provider_info()
    entries = [entry for kind in ("hooks", "operators", "sensors") for entry in info[kind]]
    named = {module for entry in entries for module in entry["python-modules"]}
    named |= {entry["python-module"] for entry in info["transfers"]}
    named |= {entry["class-name"] for entry in info["task-decorators"]}
    shown = re.findall(r"^::: (\S+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert named - set(shown) == set()
    kinds = {kind.__module__ for kind in SECTIONS.values()} - {RunwayVideoTrigger.__module__}
    assert [module for module in kinds if not any(name.startswith(module) for name in shown)] == []


@pytest.mark.parametrize("title", SECTIONS)
def test_the_reference_has_every_parameter_and_its_default_and_no_other(title: str) -> None:
    kind = SECTIONS[title]
    rows = {row[0].strip("`"): row for row in table(section(DOCS / "reference.md", title))}
    expected = parameters(kind)
    assert rows.keys() == expected.keys()
    templated = getattr(kind, "template_fields", ())
    for name, parameter in expected.items():
        default = rows[name][2]
        if parameter.default is inspect.Parameter.empty:
            assert default == "needed", name
        elif parameter.default is None:
            assert default == "none", name
        elif name != "timeout":
            shown = default.strip("`").replace('"', "'")
            assert shown in {repr(parameter.default), f"{parameter.default:g}" if is_number(parameter.default) else ""}
        if templated:
            assert rows[name][3] == ("yes" if name in templated else "no"), name


def test_the_reference_has_every_field_of_the_result() -> None:
    of_all, of_jobs = tables(section(DOCS / "reference.md", "The result"))
    assert names(of_all) == list(VideoResult.__annotations__)
    assert names(of_all) + names(of_jobs) == [each.name for each in fields(JobResult)]


def test_the_page_of_uploads_has_every_field_of_the_result() -> None:
    rows = [row[0] for row in table(section(DOCS / "upload.md", "As a task of its own"))]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(UploadResult.__annotations__)


def test_the_page_of_publishing_has_every_field_of_the_result() -> None:
    rows = [row[0] for row in table(section(DOCS / "publish.md", "What comes back"))]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(PublishResult.__annotations__)


def test_the_page_of_films_has_every_field_of_the_results() -> None:
    for title, result in (("What comes out", FilmResult), ("The last picture of a shot", FrameResult)):
        named = {name for row in table(section(DOCS / "film.md", title)) for name in re.findall(r"`(\w+)`", row[0])}
        assert named == set(result.__annotations__)


def test_the_page_of_errors_has_every_exception() -> None:
    text = (DOCS / "errors.md").read_text()
    drawn, told = text.split("## How they reach Airflow")
    assert {name for name in exceptions.__all__ if name not in drawn} == set()

    assert {kind.__name__ for kind in tree(RunwayError) if f"─ {kind.__name__} " not in drawn} == {"RunwayError"}
    families = {"RunwayError", "ServiceError"}
    assert {kind.__name__ for kind in tree(RunwayError) if f"`{kind.__name__}`" not in told} <= families


def test_the_page_of_errors_tells_rightly_what_is_retried() -> None:
    kinds = {kind.__name__: kind for kind in tree(RunwayError)}
    told = set()
    for head, *rows in tables((DOCS / "errors.md").read_text()):
        for row in rows if "error" in head else ():
            name = row[head.index("error")].strip("`")
            if name in kinds:
                assert row[head.index("retried")].startswith("no") is not kinds[name].retryable, name
                told.add(name)
    # The others are told of in sentences, or decide by their reason.
    families = {"RunwayError", "ServiceError", "AmbiguousSubmissionError", "NoAnswerError", "UnreadableAnswerError"}
    assert kinds.keys() - told == families | {"GenerationFailedError"}


def test_the_page_of_errors_has_every_reason_of_a_failure() -> None:
    text = (DOCS / "errors.md").read_text()
    assert [reason for reason in FailureReason if f"`{reason}`" not in text] == []


def test_the_page_of_retries_has_the_record() -> None:
    text = (DOCS / "retries.md").read_text()
    assert f"`{RECORD_KEY}`" in text
    assert [stage for stage in Stage if f"`{stage}`" not in text] == []
    assert [name for name in Submission.__slots__ if f"`{name}`" not in text] == []


def test_the_prices_are_those_of_the_code() -> None:
    page = DOCS / "prices.md"
    rows = {row[0].strip("`"): row[1] for row in table(section(page, "Runway"))}
    assert {name: float(price.split()[0]) for name, price in rows.items()} == dict(RUNWAY)
    others = {row[0].strip("`"): row[1] for row in table(section(page, "Other models"))}
    assert {name: price.split()[::2] for name, price in others.items()} == {
        price.name: [f"{price.credits:g}", price.unit] for price in PRICES
    }
    assert SEEN in page.read_text()


def connections() -> list[str]:
    """Every value that the pages give to the default connection."""
    text = "".join(page.read_text() for page in PAGES)
    return sorted(set(re.findall(r"AIRFLOW_CONN_RUNWAY_DEFAULT='([^']+)'", text)))


@pytest.mark.parametrize("value", connections())
def test_every_connection_on_the_pages_works(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", value)
    connection = Connection.get("runway_default")
    assert connection.conn_type == "runway"
    assert isinstance(read_settings("runway_default", connection), Settings)


def blocks(page: Path, language: str) -> Iterator[str]:
    """The code of a language on a page."""
    for indent, kind, code in CODE.findall(page.read_text()):
        if kind == language:
            yield dedent(code) if indent else code


def anchors(page: Path) -> set[str]:
    """What links into a page can name: its headings."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def section(page: Path, title: str) -> str:
    """The text below a heading, up to the next one."""
    return page.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text, as rows of cells, the head first."""
    found = re.findall(r"(?:^\|.*\n?)+", CODE.sub("", text), re.MULTILINE)
    rows = [[line.strip("|") for line in each.splitlines()] for each in found]
    return [[[cell.strip() for cell in row.split("|")] for row in (head, *body)] for head, _, *body in rows]


def table(text: str) -> list[list[str]]:
    """The rows of the first table, without its head."""
    return tables(text)[0][1:]


def names(rows: list[list[str]]) -> list[str]:
    """The first column of a table, without its head."""
    return [row[0].strip("`") for row in rows[1:]]


def tree(root: type[RunwayError]) -> set[type[RunwayError]]:
    """A class and all below it."""
    return {root}.union(*(tree(each) for each in root.__subclasses__()))


def parameters(kind: type) -> dict[str, inspect.Parameter]:
    """What a class takes itself, without what it hands on to Airflow."""
    taken = dict(inspect.signature(kind.__init__).parameters)  # type: ignore[misc]
    if kind is RunwayVideoOperator:
        for base in (PaidOperator, VideoOptions):
            taken |= inspect.signature(base.__init__).parameters
    own = {name: each for name, each in taken.items() if name != "self" and each.kind is not each.VAR_KEYWORD}
    airflows = {
        name for base in (BaseOperator, BaseSensorOperator) for name in inspect.signature(base.__init__).parameters
    }
    return {name: each for name, each in own.items() if name in {"poke_interval", "timeout"} or name not in airflows}


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
