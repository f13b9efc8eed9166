"""Tables in the documentation, between marks that say which one belongs there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def fill_in(page: Path, texts: Mapping[str, str]) -> None:
    """Put texts where a page has a place for them, in place of what is there.

    :param page: The page; a place begins with a line ``<!-- name -->`` and ends with one ``<!-- /name -->``.
    :param texts: By the name of their place.
    :raises ValueError: If the page has no such place.
    """
    whole = page.read_text()
    for name, text in texts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        before, found, rest = whole.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{page.name} has no place for {name}")
        whole = f"{before}{begin}{text}\n{end}{after}"
    page.write_text(whole)
