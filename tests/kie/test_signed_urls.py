from __future__ import annotations

import pytest

from airflow_provider_runway.kie.signed_urls import unsigned, with_urls

PLAIN = "https://bucket.example/fox.png"
AMAZON = "X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=s&X-Amz-Expires=60"


def test_a_signature_is_taken_off_and_the_rest_stays() -> None:
    assert unsigned(f"{PLAIN}?{AMAZON}") == PLAIN
    assert unsigned(f"{PLAIN}?size=large&{AMAZON}&empty=#top") == f"{PLAIN}?size=large&empty=#top"


@pytest.mark.parametrize("query", ["", "?", "?expires=60", "?X-Amz-Date=d&X-Amz-Expires=60", "?sp=r&policy=p", "?%zz"])
def test_without_a_whole_signature_a_url_stays_letter_by_letter(query: str) -> None:
    assert unsigned(PLAIN + query) == PLAIN + query


def test_urls_are_changed_however_deep_and_nothing_else_is() -> None:
    values = {"image": PLAIN, "list": [{"again": PLAIN}, 1, None], "prompt": f"like {PLAIN}"}

    changed = with_urls(values, lambda _: "changed")

    assert changed == {"image": "changed", "list": [{"again": "changed"}, 1, None], "prompt": f"like {PLAIN}"}
    assert values["image"] == PLAIN
