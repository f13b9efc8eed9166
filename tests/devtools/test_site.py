from __future__ import annotations

from pathlib import Path

from devtools.site import outside_links, without_roles

ROOT = Path(__file__).parents[2]


def test_links_out_of_the_pages_lead_to_the_repository() -> None:
    page = "See [the example](../dags_examples/a.py#L3), [retries](retries.md) and [this](https://example.com/../x)."

    assert outside_links(page, "https://example.org/me/it/") == (
        "See [the example](https://example.org/me/it/blob/main/dags_examples/a.py#L3), "
        "[retries](retries.md) and [this](https://example.com/../x)."
    )


def test_roles_become_the_names_that_they_show() -> None:
    docstring = ":class:`~airflow.sdk.DAG`, :meth:`run` and :data:`a.B`: `code` and ``more`` stay."

    assert without_roles(docstring) == "`DAG`, `run` and `a.B`: `code` and ``more`` stay."


def test_the_site_has_every_page() -> None:
    listed = (ROOT / "mkdocs.yml").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f": {page.name}\n" not in listed] == []
