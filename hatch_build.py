"""The README as an index shows it, where no link may be relative."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

# The mark of a picture, and a target that is neither an address nor a place on the same page.
_RELATIVE: Final = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


class PublishedReadme(MetadataHookInterface):
    """Gives the metadata of wheel and sdist their long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README to the metadata."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = with_whole_links(readme, metadata["urls"]["Source"], f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_whole_links(text: str, source: str, tag: str) -> str:
    """A Markdown text whose relative links lead into the repository, as it is at a tag.

    :param text: The text.
    :param source: The address of the repository.
    :param tag: The tag.
    """

    def whole(link: re.Match[str]) -> str:
        mark, words, path = link.groups()
        return f"{mark}[{words}]({source}/{'raw' if mark else 'blob'}/{tag}/{path})"

    return _RELATIVE.sub(whole, text)
