"""What `make docs` does to docstrings: Sphinx's roles become the short names that they show.

A griffe extension, named in `mkdocs.yml`.
"""

from __future__ import annotations

from typing import Any

import griffe

from devtools.site import without_roles


class PlainRoles(griffe.Extension):  # type: ignore[misc] # where the tests run, it is not installed
    """Reads every docstring of the package without Sphinx's roles."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute.

        :param obj: What has been read.
        """
        if obj.docstring is not None:
            obj.docstring.value = without_roles(obj.docstring.value)
