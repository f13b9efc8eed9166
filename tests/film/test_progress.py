from __future__ import annotations

import pytest

from airflow_provider_runway.film.progress import Progress


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_each_quarter_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    progress = Progress(10, lambda: 0.0)

    for done in (-1, 0, 1, 2.5, 2.6, 5, 4, 7.6, 10, 11):
        progress(done)

    assert [text.partition(" of")[0] for text in told(caplog)] == ["2.5", "5.0", "7.6", "10.0"]


def test_a_slow_film_is_told_of_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    now = [0.0]
    progress = Progress(1000, lambda: now[0])

    for _ in range(13):
        progress(now[0] / 100)
        now[0] += 10

    assert told(caplog) == [
        "0.6 of 1000.0 s of the film are made, after 60 s.",
        "1.2 of 1000.0 s of the film are made, after 120 s.",
    ]
