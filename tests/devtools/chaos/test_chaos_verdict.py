"""Each rule that `make chaos` checks, kept and broken: a verdict that cannot fail would be worth nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, NoAnswerError
from airflow_provider_runway.kie.flows import submit
from airflow_provider_runway.kie.judging import judge
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.operators.advice import Payment, advise
from airflow_provider_runway.operators.submission import Refuse, Stage, Submission, plan
from airflow_provider_runway.sandbox import Entry, Ledger, RequestEntry
from devtools.chaos.verdict import (
    Check,
    Ending,
    Outcome,
    Settlement,
    check_charges,
    check_end,
    check_entries,
    check_files,
    check_key,
    check_reasons,
    check_settled,
    check_submissions,
)

IN_DOUBT = (
    "AmbiguousSubmissionError: It is unknown whether KIE.AI took this video. It is request 1234, see "
    "https://kie.ai/logs: if it is there, it is being made and paid."
)
CUT_OFF = (
    "AmbiguousSubmissionError: An earlier try was about to submit this video (request 1234): it may have been made "
    "and paid. Look at https://kie.ai/logs."
)
MODERATED = "GenerationFailedError: KIE.AI failed task t (moderation): no. Its credits come back; change the prompt."

KEPT = Check("every video is kept", "")


def saved(index: int = 0, task_id: str = "t0") -> Outcome:
    return Outcome(index=index, prompt=f"prompt {index}", state="success", task_id=task_id)


def failed(message: str, index: int = 0) -> Outcome:
    return Outcome(index=index, prompt=f"prompt {index}", state="failed", message=message)


def money(task_id: str = "t0", index: int = 0, at: float = 0.0) -> Entry:
    return Entry(at=at, task_id=task_id, amount=12, prompt=f"prompt {index}", body_hash="f", key="k")


def sent(
    number: int, index: int = 0, *, code: int | None = 200, status: int = 200, fault: str = "", task_id: str = ""
) -> RequestEntry:
    return RequestEntry(
        number=number,
        at=float(number),
        method="POST",
        path="/api/v1/runway/generate",
        purpose="submit",
        key="k",
        body_hash="f",
        prompt=f"prompt {index}",
        status=status,
        code=code,
        task_id=task_id,
        fault=fault,
    )


def books(
    charges: Sequence[Entry] = (),
    refunds: Sequence[Entry] = (),
    requests: Sequence[RequestEntry] = (),
    leaks: Sequence[RequestEntry] = (),
) -> Ledger:
    return Ledger(
        initial=100,
        charges=tuple(charges),
        refunds=tuple(refunds),
        requests=tuple(requests),
        key_leaks=tuple(leaks),
        counts={},
        codes={},
    )


def breaks(check: Check, words: str) -> None:
    assert not check.holds
    assert any(words in sentence for sentence in check.broken), check.broken


# -- how a task has ended -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "message", "ending"),
    [
        ("success", "", Ending.SAVED),
        ("failed", IN_DOUBT, Ending.AMBIGUOUS),
        ("failed", CUT_OFF, Ending.AMBIGUOUS),
        ("failed", MODERATED, Ending.MODERATION),
        ("failed", "", Ending.ILLEGITIMATE),
        ("failed", "AmbiguousSubmissionError: something", Ending.ILLEGITIMATE),
        ("failed", "GenerationFailedError: KIE.AI failed task t (service): no", Ending.ILLEGITIMATE),
        ("failed", "PollingFailedError: 6 polls went wrong. It is paid, see https://kie.ai/logs", Ending.ILLEGITIMATE),
        ("deferred", "", Ending.STUCK),
        ("queued", "", Ending.STUCK),
        (None, "", Ending.STUCK),
    ],
)
def test_an_ending_is_known_by_its_state_and_its_message(state: str | None, message: str, ending: Ending) -> None:
    assert Outcome(index=0, prompt="p", state=state, message=message).ending is ending


def test_what_the_provider_says_is_what_the_verdict_asks_for() -> None:
    request = GenerateRequest(prompt="p", aspect_ratio="16:9")
    conversation = submit(request, RetryRules(tries=1))
    next(conversation)
    with pytest.raises(AmbiguousSubmissionError) as at_once:
        conversation.throw(NoAnswerError("No whole answer came back."))
    later = plan(
        Submission(stage=Stage.INTENT, fingerprint="f", intended_at="2026-01-01T00:00:00+00:00"),
        "f",
        has_succeeded=False,
        resubmit_ambiguous=False,
    )
    assert isinstance(later, Refuse)
    flagged = judge(
        VideoTask(task_id="t", kind="runway", state=TaskState.FAILED, fail_message="flagged by our moderator")
    ).error

    payment = Payment(conn_id="runway_default", logs="http://127.0.0.1:8788/logs", is_recorded=True)
    for error in (at_once.value, later.error):
        advice = advise(error, payment)
        assert failed(f"AmbiguousSubmissionError: {error} {advice}").ending is Ending.AMBIGUOUS
    assert failed(f"GenerationFailedError: {flagged}").ending is Ending.MODERATION


# -- nothing is stuck, every failure has its reason ------------------------------------------------------------------


def test_a_batch_that_has_come_to_its_end() -> None:
    assert check_end([saved(0), failed(MODERATED, 1)], 2, "failed").holds


def test_a_task_that_is_still_waiting_is_stuck() -> None:
    breaks(check_end([Outcome(index=0, prompt="p", state="deferred")], 1, "failed"), "task 0 is deferred")


def test_a_run_that_has_not_ended_and_a_task_that_is_missing_are_seen() -> None:
    breaks(check_end([saved(0)], 1, "running"), "the run is running")
    breaks(check_end([saved(0)], 2, "success"), "1 tasks for 2 videos")


def test_a_failure_without_a_legitimate_reason_is_seen() -> None:
    assert check_reasons([saved(0), failed(IN_DOUBT, 1), failed(MODERATED, 2)]).holds
    breaks(check_reasons([failed("DownloadError: no", 3)]), "task 3 failed after 1 tries with: DownloadError: no")


# -- every video is paid once ----------------------------------------------------------------------------------------


def test_charges_that_add_up() -> None:
    outcomes = [saved(0), failed(IN_DOUBT, 1), failed(CUT_OFF, 2), failed(MODERATED, 3)]
    charges = [money("a", 0), money("b", 0), money("c", 1), money("d", 3)]

    check = check_charges(outcomes, books(charges, [money("a", 0), money("d", 3)]))

    assert check.holds
    assert check.figures == "4 charges = 1 saved + 2 refunded + 1 in doubt"


def test_a_video_that_is_paid_twice_or_not_at_all_is_seen() -> None:
    breaks(check_charges([saved(0)], books([money("a"), money("b")])), "task 0 (saved) is paid 2 times")
    breaks(check_charges([saved(0)], books()), "task 0 (saved) is paid 0 times")
    breaks(check_charges([failed(IN_DOUBT)], books([money("a"), money("b")])), "(ambiguous) is paid 2 times")


def test_a_moderated_prompt_may_cost_nothing_and_must_have_been_taken() -> None:
    breaks(check_charges([failed(MODERATED)], books([money()])), "(moderation) is paid 1 times")
    breaks(check_charges([failed(MODERATED)], books()), "nothing was ever charged")


def test_a_charge_for_no_task_is_seen() -> None:
    breaks(check_charges([saved(0)], books([money("a"), money("b", 7)])), "b was charged for no task: prompt 7")


# -- nothing is sent after a doubtful submission ---------------------------------------------------------------------


def test_submissions_after_refusals_and_after_refunds_are_allowed() -> None:
    requests = [
        sent(1, code=429),
        sent(2, code=500, fault="refuse"),
        sent(3, code=429, fault="delay+no_task_id"),
        sent(4, fault="fail", task_id="a"),
        sent(6, task_id="b"),
    ]

    assert check_submissions([saved(task_id="b")], books(refunds=[money("a", at=5.0)], requests=requests), 0).holds


@pytest.mark.parametrize(
    "doubtful",
    [
        sent(1, code=200, status=0, fault="cut_after", task_id="a"),
        sent(1, code=None, status=0, fault="cut_before"),
        sent(1, code=200, fault="delay+garbage", task_id="a"),
        sent(1, code=None, fault="garbage"),
        sent(1, code=200, fault="no_task_id", task_id="a"),
        sent(1, code=502, fault="refuse"),
        sent(1, code=504, status=504, fault="refuse"),
        sent(1, code=408, fault="refuse"),
    ],
)
def test_a_submission_after_a_doubtful_one_is_seen(doubtful: RequestEntry) -> None:
    ledger = books(requests=[doubtful, sent(2)])

    breaks(check_submissions([saved()], ledger, 0), "task 0: request 2 after 1, which is in doubt")
    assert check_submissions([failed(IN_DOUBT)], books(requests=[doubtful]), 0).holds


def test_a_submission_on_top_of_a_paid_one_is_seen_also_if_its_credits_come_back_later() -> None:
    requests = [sent(1, task_id="a"), sent(2, task_id="b")]

    breaks(check_submissions([saved()], books(requests=requests), 0), "request 2 after 1, which is paid")
    late = books(refunds=[money("a", at=3.0)], requests=requests)
    breaks(check_submissions([saved()], late, 0), "request 2 after 1, which is paid")


def test_submissions_of_different_tasks_have_nothing_to_do_with_each_other() -> None:
    assert check_submissions([saved(0), saved(1)], books(requests=[sent(1, 0), sent(2, 1)]), 0).holds


def test_a_task_that_speaks_of_a_doubt_must_have_one() -> None:
    refused = books(requests=[sent(1, code=429)])
    answered_late = books(requests=[sent(1, fault="delay", task_id="a")])

    breaks(check_submissions([failed(IN_DOUBT)], refused, 5), "the last answer leaves none")
    breaks(check_submissions([failed(IN_DOUBT)], books(), 5), "the last answer leaves none")
    assert check_submissions([failed(IN_DOUBT)], answered_late, 0).holds


def test_only_a_kill_can_cut_a_submission_off() -> None:
    assert check_submissions([failed(CUT_OFF)], books(), 1).holds
    breaks(check_submissions([failed(CUT_OFF)], books(), 0), "only 0 were under way")


# -- every video is kept ---------------------------------------------------------------------------------------------


def test_files_with_the_right_bytes() -> None:
    check = check_files([saved(), failed(IN_DOUBT, 1)], books([money(), money("b", 1)]), {"t0": "x"}, {"0.mp4": "x"}, 3)

    assert check.holds
    assert check.figures == "1 of 1 files with the right bytes, 3 hidden drafts of killed processes"


def test_a_missing_a_wrong_and_a_strange_file_are_seen() -> None:
    ledger = books([money()])

    breaks(check_files([saved()], ledger, {"t0": "x"}, {}, 0), "task 0 succeeded without a file")
    breaks(check_files([saved()], ledger, {"t0": "x"}, {"0.mp4": "y"}, 0), "0.mp4 is not what KIE made")
    breaks(check_files([saved()], ledger, {}, {"0.mp4": "x"}, 0), "0.mp4 is not what KIE made")
    breaks(
        check_files([saved()], ledger, {"t0": "x"}, {"0.mp4": "x", "0.mp4.part": "z"}, 0), "0.mp4.part belongs to no"
    )


def test_a_half_file_of_a_failed_task_is_seen() -> None:
    breaks(check_files([failed(IN_DOUBT)], books([money()]), {"t0": "x"}, {"0.mp4": "half"}, 0), "not what KIE made")


def test_a_result_that_names_another_task_than_the_paid_one_is_seen() -> None:
    breaks(check_files([saved(task_id="other")], books([money()]), {"t0": "x"}, {"0.mp4": "x"}, 0), "names other")


# -- the key ---------------------------------------------------------------------------------------------------------


def test_a_key_on_the_disk_or_at_the_media_host_is_seen() -> None:
    assert check_key([], 10, books()).holds
    breaks(check_key(["logs/task.log"], 10, books()), "the key is in logs/task.log")
    breaks(check_key([], 10, books(leaks=[sent(4)])), "request 4 showed a key")


# -- a person can settle every doubt -----------------------------------------------------------------------------------


def test_doubts_that_a_person_has_settled() -> None:
    before = books([money("a", 0), money("b", 1)], requests=[sent(1, 0), sent(2, 1), sent(3, 2)])
    after = books([money("a", 0), money("b", 1), money("c", 2)], requests=[*before.requests, sent(4, 2)])
    settlement = Settlement(found=frozenset({"prompt 1"}), made=frozenset({"prompt 2"}))

    check = check_settled([saved(0), saved(1), saved(2), failed(MODERATED, 3)], before, after, settlement, KEPT)

    assert check.holds
    assert check.figures == "1 found in KIE's list and waited for, 1 not there and made; 3 videos paid and kept"


def test_a_doubt_that_is_not_settled_or_costs_twice_is_seen() -> None:
    before, made = books(requests=[sent(1)]), Settlement(made=frozenset({"prompt 0"}))
    once, twice = books([money()]), books([money("a"), money("b")])

    breaks(check_settled([failed(IN_DOUBT)], before, once, made, KEPT), "task 0 is ambiguous")
    breaks(check_settled([failed("no")], before, once, made, KEPT), "task 0 is failed for no legitimate reason: no")
    breaks(check_settled([saved()], before, twice, made, KEPT), "is paid 2 times")
    breaks(check_settled([failed(MODERATED)], before, once, made, KEPT), "(moderation) is paid 1 times")
    breaks(check_settled([saved()], before, once, made, Check("", "", ("0.mp4 is half",))), "0.mp4 is half")


def test_a_submission_that_nobody_asked_for_is_seen_also_of_a_video_that_was_found() -> None:
    before, after = books(requests=[sent(1)]), books([money()], requests=[sent(1), sent(2)])

    breaks(check_settled([saved()], before, after, Settlement(), KEPT), "nobody asked for it")
    found = Settlement(found=frozenset({"prompt 0"}))
    breaks(check_settled([saved()], before, after, found, KEPT), "nobody asked for it")


def test_a_task_that_had_not_ended_when_the_person_came_is_stuck_and_no_second_submission() -> None:
    waiting, before = Outcome(index=0, prompt="prompt 0", state="queued"), books([money()], requests=[sent(1)])
    after = books([money()], requests=[sent(1), sent(2)])

    assert check_charges([waiting], before).figures == "1 charges = 0 saved + 0 refunded + 0 in doubt + 1 under way"
    assert check_charges([waiting], before).holds
    assert check_settled([saved()], before, after, Settlement(under_way=frozenset({"prompt 0"})), KEPT).holds


# -- every paid video has its record ---------------------------------------------------------------------------------


def test_a_paid_video_in_one_entry_and_a_refunded_one_beside_it() -> None:
    entries = {"k0/1.json": frozenset({"refunded"}), "k0/2.json": frozenset({"t0"}), "k1/1.json": frozenset[str]()}

    check = check_entries(entries, books(charges=[money("t0")]))

    assert check.holds
    assert check.figures == "3 entries, 1 videos paid"


def test_a_paid_video_in_no_entry_in_two_or_beside_another_is_seen() -> None:
    paid = books(charges=[money("t0")])

    breaks(check_entries({"k0/1.json": frozenset[str]()}, paid), "t0 is paid, and in 0 entries")
    twice = {"k0/1.json": frozenset({"t0"}), "k0/2.json": frozenset({"t0"})}
    breaks(check_entries(twice, paid), "t0 is paid, and in 2 entries")
    breaks(check_entries({"k0/1.json": frozenset({"t0", "t1"})}, paid), "k0/1.json names t0, t1")


def test_what_was_not_taken_may_be_sent_again_only_where_that_is_asked_for() -> None:
    lost = [sent(1, fault="cut_before", code=200), sent(2, task_id="b")]
    taken = [sent(1, fault="cut_after", task_id="a"), sent(2, task_id="b")]
    books_of_both = books([money("a"), money("b")], requests=taken)

    assert check_submissions([saved(task_id="b")], books([money("b")], requests=lost), 0, resubmits=True).holds
    breaks(check_submissions([saved()], books([money("b")], requests=lost), 0), "which is in doubt")
    breaks(check_submissions([saved()], books_of_both, 0, resubmits=True), "request 2 after 1, which is in doubt")


def test_a_try_that_has_waited_for_a_call_says_what_a_later_one_would() -> None:
    ledger = books(requests=[sent(1, fault="cut_before")])

    assert check_submissions([failed(CUT_OFF)], ledger, 0, callbacks=True).holds
    breaks(check_submissions([failed(CUT_OFF)], ledger, 0), "1 tasks lost their submission's end")
    breaks(check_submissions([failed(CUT_OFF)], books(), 0, callbacks=True), "1 tasks lost their submission's end")


def test_a_call_may_tell_that_what_was_in_doubt_has_failed() -> None:
    requests = [sent(1, fault="cut_after", task_id="a"), sent(3, task_id="b")]
    refunded = books([money("a"), money("b")], [money("a", at=2.0)], requests)
    too_late = books([money("a"), money("b")], [money("a", at=4.0)], requests)

    assert check_submissions([saved(task_id="b")], refunded, 0, callbacks=True).holds
    breaks(check_submissions([saved(task_id="b")], refunded, 0), "request 3 after 1, which is in doubt")
    breaks(check_submissions([saved(task_id="b")], too_late, 0, callbacks=True), "request 3 after 1, which is in doubt")
