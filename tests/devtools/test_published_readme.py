from __future__ import annotations

import re

from devtools.release import ROOT
from hatch_build import with_whole_links

SOURCE, TAG = "https://example.org/me/it", "v1.0.0"


def test_relative_links_and_pictures_lead_into_the_repository_as_it_was_released() -> None:
    text = "![The page](docs/images/a.png) [retries](docs/retries.md#a-b) [DAGs](dags_examples)"

    assert with_whole_links(text, SOURCE, TAG) == (
        "![The page](https://example.org/me/it/raw/v1.0.0/docs/images/a.png) "
        "[retries](https://example.org/me/it/blob/v1.0.0/docs/retries.md#a-b) "
        "[DAGs](https://example.org/me/it/blob/v1.0.0/dags_examples)"
    )


def test_other_links_stay() -> None:
    text = "[KIE.AI](https://kie.ai) [below](#read-on) [mail](mailto:a@example.org) `a[0](b)`"

    assert with_whole_links(text, SOURCE, TAG).startswith(text.partition("`")[0])


def test_no_link_of_the_readme_is_left_relative() -> None:
    text = with_whole_links((ROOT / "README.md").read_text(), SOURCE, TAG)

    assert re.findall(r"\]\((?!https://|#)[^)]*\)", text) == []
