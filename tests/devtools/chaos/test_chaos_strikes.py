from __future__ import annotations

import pytest

from airflow_provider_runway.kie.failures import FailureReason, failure_reason
from airflow_provider_runway.sandbox import Fail
from devtools.chaos.strikes import FORBIDDEN, QUIET_START, RATES, Target, faults, prompts, schedule


def test_a_seed_gives_the_same_strikes_again_and_another_seed_others() -> None:
    assert schedule(3, 270) == schedule(3, 270)
    assert schedule(3, 270) != schedule(4, 270)
    assert faults(3) == faults(3)
    assert faults(3) != faults(4)


@pytest.mark.parametrize("seconds", [30.0, 270.0])
def test_strikes_come_in_order_within_the_time_given_and_every_target_has_its_share(seconds: float) -> None:
    strikes = schedule(1, seconds)

    times = [strike.at for strike in strikes]
    assert times == sorted(times)
    assert times[0] >= QUIET_START
    assert times[-1] <= seconds
    for target, rate in RATES.items():
        wanted = max(1, round(rate * (seconds - QUIET_START) / 60))
        assert sum(strike.target is target for strike in strikes) == wanted
    assert all(0 <= strike.lot < 1 and strike.away > 0 for strike in strikes)


def test_strikes_on_a_target_do_not_all_come_at_once() -> None:
    times = [strike.at for strike in schedule(1, 270) if strike.target is Target.TRIGGERER]

    assert max(times) - min(times) > 270 / 2


def test_each_prompt_is_its_own_and_some_are_forbidden() -> None:
    made = prompts(200)

    assert len(set(made)) == len(made) == 200
    assert sum(FORBIDDEN in prompt for prompt in made) == 5
    assert not [(one, other) for one in made for other in made if one != other and one in other]


def test_what_the_service_says_of_a_failure_is_classed_as_the_run_expects() -> None:
    failures = [fault for fault in faults(1) if isinstance(fault.action, Fail)]

    for fault in failures:
        assert isinstance(fault.action, Fail)
        reason = failure_reason(fault.action.msg)
        assert (reason is FailureReason.MODERATION) == (fault.prompt == FORBIDDEN)


def test_nothing_comes_before_the_moderation_that_could_take_a_forbidden_prompt_from_it() -> None:
    first = faults(1)[0]

    assert (first.prompt, first.on, first.probability) == (FORBIDDEN, "submit", 1.0)


def test_other_rates_strike_others_and_who_is_away_for_long_is_told() -> None:
    strikes = schedule(1, 130, {Target.CELERY_WORKER: 1.5, Target.API_SERVER: 0.5}, {Target.API_SERVER: 20.0})

    assert [strike.target for strike in strikes].count(Target.CELERY_WORKER) == 3
    assert {strike.away for strike in strikes if strike.target is Target.API_SERVER} == {20.0}
    assert all(strike.away <= 5 for strike in strikes if strike.target is Target.CELERY_WORKER)
    assert Target.CELERY_WORKER.component == "worker"
