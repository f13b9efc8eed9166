from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

from airflow_provider_runway.kie import web_pages
from airflow_provider_runway.kie.web_pages import page

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    web_pages._documentation.cache_clear()
    yield
    web_pages._documentation.cache_clear()


@pytest.mark.parametrize("named", ["https://docs.example/en", "https://docs.example/en/"])
def test_a_page_is_a_link_where_the_distribution_names_its_documentation(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = Message()
    about["Project-URL"] = "Homepage, https://example.org"
    about["Project-URL"] = f"Documentation, {named}"
    monkeypatch.setattr(metadata, "metadata", lambda _name: about)

    assert page("errors.md#stored") == "https://docs.example/en/errors.md#stored"


@pytest.mark.parametrize("fault", [metadata.PackageNotFoundError, TypeError, UnicodeError])
def test_a_page_is_named_where_no_distribution_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def nowhere(name: str) -> Message:
        raise fault(name)

    monkeypatch.setattr(metadata, "metadata", nowhere)

    assert page("errors.md") == "docs/errors.md in the documentation of airflow-provider-runway"


def test_this_distribution_says_where_its_pages_are() -> None:
    urls = (ROOT / "pyproject.toml").read_text().partition("[project.urls]")[2].partition("\n[")[0]

    [documentation] = [line.partition("= ")[2].strip('"') for line in urls.splitlines() if "Documentation" in line]
    assert documentation.startswith("https://")
    assert documentation.endswith("/docs")
