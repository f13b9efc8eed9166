"""What holds where the service calls Airflow, kept and broken."""

from __future__ import annotations

import pytest

from airflow_provider_runway.sandbox import CallbackEntry, Entry, Ledger
from devtools.chaos.called_back import check_nobody_needed, check_silence
from devtools.chaos.verdict import Check, Outcome

IN_DOUBT = "AmbiguousSubmissionError: It is unknown. It is request 1234, see the logs: if it is there, it is paid."


def outcome(state: str = "failed", index: int = 0, silence: str | None = None) -> Outcome:
    message = IN_DOUBT if state == "failed" else ""
    return Outcome(index=index, prompt=f"prompt {index}", state=state, message=message, silence=silence)


def money(task_id: str = "t0", index: int = 0) -> Entry:
    return Entry(at=0.0, task_id=task_id, amount=12, prompt=f"prompt {index}", body_hash="f", key="k")


def books(*statuses: int, paid: bool = True) -> Ledger:
    calls = tuple(
        CallbackEntry(at=float(number), task_id="t0", url="http://a", attempt=number, status=status)
        for number, status in enumerate(statuses, 1)
    )
    refunds = () if paid else (money(),)
    return Ledger(initial=100, charges=(money(),), refunds=refunds, callbacks=calls, counts={}, codes={})


def breaks(check: Check, words: str) -> None:
    assert not check.holds
    assert any(words in sentence for sentence in check.broken), check.broken


def test_what_is_paid_and_called_for_is_left_to_nobody() -> None:
    assert check_nobody_needed([outcome("success")], books(200)).holds
    assert check_nobody_needed([outcome()], books(200, paid=False)).holds


@pytest.mark.parametrize("statuses", [(200,), (0, 0, 200), (503, 503, 503), (0, 425, 0), (401,)])
def test_a_paid_video_that_is_left_to_a_person_is_seen_wherever_somebody_answered(statuses: tuple[int, ...]) -> None:
    check = check_nobody_needed([outcome()], books(*statuses))

    breaks(check, f"task 0 is paid, and left to a person; its call was answered {', '.join(map(str, statuses))}")


def test_a_paid_video_that_was_never_called_for_is_seen() -> None:
    breaks(check_nobody_needed([outcome()], books()), "its call was answered nothing, as there was none")


def test_a_call_that_found_nobody_each_time_is_counted_apart() -> None:
    check = check_nobody_needed([outcome(), outcome("success", 1)], books(0, 0, 0))

    assert check.holds
    assert check.figures == (
        "1 in doubt, 0 of them paid and called for, 1 paid and called for in vain (nobody was there); "
        "3 calls, 3 answered nothing"
    )


def test_what_silence_proves_nothing_about_is_left_with_its_reason() -> None:
    check = check_silence([outcome(silence="a call was turned away"), outcome("success", 1)])

    assert check.holds
    assert check.figures == "1 where a call was turned away"
    assert check_silence([outcome("success")]).figures == "nothing is left"


def test_a_doubt_that_is_left_without_a_reason_is_seen() -> None:
    breaks(check_silence([outcome()]), "task 0 is left to a person, and does not say why silence proved nothing")
