"""What `make docs` does to the pages and docstrings, so that both read well as sources, too.

MkDocs calls :func:`on_page_markdown`. The pages themselves keep relative links, which work in a clone and on a forge.
"""

from __future__ import annotations

import re
from typing import Any, Final

_OUTSIDE: Final = re.compile(r"\]\(\.\./([^)#]+)")
_LIGHT: Final = re.compile(r"!\[([^\]]*)\]\((\S+)-light\.png\)")
_ROLE: Final = re.compile(r":(?:class|meth|func|data|attr|mod|exc):`(~?)([^`]+)`")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """Let links that leave `docs/` lead to the repository's main branch, and pictures come in light and dark.

    :param markdown: The page.
    :param config: MkDocs's configuration; its ``repo_url`` is read.
    """
    return both_themes(outside_links(markdown, config.repo_url))


def both_themes(markdown: str) -> str:
    """The page with each picture ``NAME-light.png`` where the site is light, and ``NAME-dark.png`` where it is dark.

    :param markdown: The page.
    """
    return _LIGHT.sub(r"![\1](\2-light.png#only-light)![\1](\2-dark.png#only-dark)", markdown)


def outside_links(markdown: str, repository: str) -> str:
    """The page with its links to ``../FILE`` on the repository's main branch.

    :param markdown: The page.
    :param repository: The repository's address.
    """
    return _OUTSIDE.sub(lambda link: f"]({repository.rstrip('/')}/blob/main/{link[1]}", markdown)


def without_roles(docstring: str) -> str:
    """The docstring, each role replaced by the name that Sphinx would show, as code.

    :param docstring: As it stands in the source.
    """
    return _ROLE.sub(lambda role: f"`{role[2].rpartition('.')[2] if role[1] else role[2]}`", docstring)
