from __future__ import annotations

import airflow
import pytest

from airflow_provider_runway.utils.versions import airflow_version


@pytest.mark.parametrize(
    ("text", "numbers"), [("3.3.2", (3, 3)), ("3.10.0", (3, 10)), ("3.4.0rc1", (3, 4)), ("4.0.0.dev0", (4, 0))]
)
def test_the_first_two_numbers_are_compared_as_numbers(
    monkeypatch: pytest.MonkeyPatch, text: str, numbers: tuple[int, int]
) -> None:
    monkeypatch.setattr(airflow, "__version__", text)

    assert airflow_version() == numbers
