from __future__ import annotations

import re
from pathlib import Path

from devtools.site import both_themes, outside_links, without_roles

ROOT = Path(__file__).parents[2]


def test_links_out_of_the_pages_lead_to_the_repository() -> None:
    page = "See [the example](../dags_examples/a.py#L3), [retries](retries.md) and [this](https://example.com/../x)."

    assert outside_links(page, "https://example.org/me/it/") == (
        "See [the example](https://example.org/me/it/blob/main/dags_examples/a.py#L3), "
        "[retries](retries.md) and [this](https://example.com/../x)."
    )


def test_a_picture_in_light_has_its_like_in_dark() -> None:
    assert both_themes("![A b](images/a-light.png) ![c](images/c.png)") == (
        "![A b](images/a-light.png#only-light)![A b](images/a-dark.png#only-dark) ![c](images/c.png)"
    )
    for page in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"\((\S+)-light\.png\)", page.read_text()):
            assert (ROOT / "docs" / f"{name}-dark.png").exists(), f"{page.name}: {name}"


def test_roles_become_the_names_that_they_show() -> None:
    docstring = ":class:`~airflow.sdk.DAG`, :meth:`run` and :data:`a.B`: `code` and ``more`` stay."

    assert without_roles(docstring) == "`DAG`, `run` and `a.B`: `code` and ``more`` stay."


def test_the_site_has_every_page() -> None:
    listed = (ROOT / "mkdocs.yml").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f": {page.name}\n" not in listed] == []
