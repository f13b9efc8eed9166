from __future__ import annotations

from dataclasses import replace

from airflow_provider_runway.kie.errors import MaintenanceError, NotSentError, RateLimitedError
from airflow_provider_runway.kie.retry_rules import RetryRules, refusal_pause

from .support import NO_JITTER


def test_pauses_double_up_to_the_longest() -> None:
    retry_rules = replace(NO_JITTER, first_pause=1.0, longest_pause=5.0)
    assert [retry_rules.pause(sends, NotSentError("x")) for sends in (1, 2, 3, 4, 2000)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_jitter_lengthens_a_pause_by_up_to_a_quarter() -> None:
    assert replace(NO_JITTER, jitter=lambda: 1.0).pause(1, NotSentError("x")) == 1.25


def test_a_rate_limit_pauses_for_the_whole_window_or_as_asked() -> None:
    assert NO_JITTER.pause(1, RateLimitedError("x")) == 10.0
    assert NO_JITTER.pause(1, RateLimitedError("x", retry_after=45.0)) == 45.0
    assert NO_JITTER.pause(1, RateLimitedError("x", retry_after=0.0)) == 1.0


def test_a_pause_for_maintenance_is_a_minute_or_what_kie_names_but_five_minutes_at_most() -> None:
    named = [None, 5.0, 120.0, 80_000.0]
    assert [refusal_pause(MaintenanceError("x", retry_after=pause)) for pause in named] == [60.0, 60.0, 120.0, 300.0]


def test_the_default_rules_try_four_times_within_a_minute() -> None:
    retry_rules = RetryRules()
    assert retry_rules.tries == 4
    assert sum(retry_rules.pause(sends, MaintenanceError("x")) for sends in (1, 2, 3)) < 60
