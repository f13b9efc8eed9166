"""What a run of `make chaos` has to have kept: pure checks of the books, the tasks and the files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox import Entry, Ledger, RequestEntry

OK: Final = 200
# Answers to a submission that leave open whether a task was made, by the contract of "What a retry pays".
DOUBTFUL_CODES: Final = frozenset({408, 502, 504})
DOUBTFUL_FAULTS: Final = frozenset({"cut_before", "cut_after", "garbage"})
FINAL_STATES: Final = frozenset({"success", "failed"})
# What the message of a failed task must say, so that a person knows what was paid and where to look.
AMBIGUOUS_SAYS: Final = ("paid", "logs", "request ")
ORPHANED_SAYS: Final = "An earlier try was about to submit"
MODERATION_SAYS: Final = ("(moderation)", "credits come back")


class Ending(str, Enum):
    """How a task has ended, by its state and its message."""

    SAVED = "saved"
    AMBIGUOUS = "ambiguous"
    MODERATION = "moderation"
    ILLEGITIMATE = "failed for no legitimate reason"
    STUCK = "stuck"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What has become of one task.

    :param index: its map index.
    :param prompt: what its video was to show; no other task has the same.
    :param state: Airflow's state; None when it was never looked at.
    :param tries: the number of its last try.
    :param message: what its last try failed with; empty if it did not.
    :param task_id: the KIE task that its result names; None without a result.
    :param silence: why KIE's silence about its submission proved nothing; None if that was not said.
    """

    index: int
    prompt: str
    state: str | None
    tries: int = 1
    message: str = ""
    task_id: str | None = None
    silence: str | None = None

    @property
    def ending(self) -> Ending:
        """How it has ended."""
        if self.state not in FINAL_STATES:
            return Ending.STUCK
        if self.state == "success":
            return Ending.SAVED
        if self.message.startswith("AmbiguousSubmissionError") and _says(self.message, AMBIGUOUS_SAYS):
            return Ending.AMBIGUOUS
        if self.message.startswith("GenerationFailedError") and _says(self.message, MODERATION_SAYS):
            return Ending.MODERATION
        return Ending.ILLEGITIMATE


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table.

    :param name: what is checked.
    :param figures: what was counted.
    :param broken: what breaks it, one sentence each; empty when it holds.
    """

    name: str
    figures: str
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a person has done about the doubtful submissions.

    :param found: prompts whose video is in KIE's list: its id was put into the record, and the task cleared.
    :param made: prompts whose video is not there: the record was deleted, and the task cleared.
    :param under_way: prompts whose task had not ended by then, and may submit.
    """

    found: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    under_way: frozenset[str] = frozenset()


def check_end(outcomes: Sequence[Outcome], videos: int, run_state: str) -> Check:
    """Every task of the batch is there and has come to an end, and so has the run."""
    broken = [f"task {each.index} is {each.state}" for each in outcomes if each.ending is Ending.STUCK]
    if sorted(each.index for each in outcomes) != list(range(videos)):
        broken.append(f"{len(outcomes)} tasks for {videos} videos")
    if run_state not in FINAL_STATES:
        broken.append(f"the run is {run_state}")
    states = Counter(str(each.state) for each in outcomes)
    tries = max((each.tries for each in outcomes), default=0)
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return Check("nothing is stuck", f"{counted}; {tries} tries at most", tuple(broken))


def check_reasons(outcomes: Sequence[Outcome]) -> Check:
    """Every failed task failed for a legitimate reason, and its message says so and what was paid."""
    endings = Counter(each.ending for each in outcomes)
    broken = [
        f"task {each.index} failed after {each.tries} tries with: {each.message or 'no message'}"
        for each in outcomes
        if each.ending is Ending.ILLEGITIMATE
    ]
    counted = ", ".join(f"{endings[ending]} {ending}" for ending in (Ending.AMBIGUOUS, Ending.MODERATION))
    return Check("every failure has its reason", counted, tuple(broken))


def check_charges(outcomes: Sequence[Outcome], ledger: Ledger) -> Check:
    """Charges are the videos that were wanted, and what KIE gave back, and what is in doubt; nothing else."""
    charged, paid = ledger.charges_by_prompt(), ledger.charges_by_prompt(paid_only=True)
    broken = []
    in_doubt = under_way = 0
    for each in outcomes:
        count = paid[each.prompt]
        in_doubt += count if each.ending is Ending.AMBIGUOUS else 0
        under_way += count if each.ending is Ending.STUCK else 0
        allowed = {Ending.SAVED: {1}, Ending.AMBIGUOUS: {0, 1}, Ending.MODERATION: {0}}.get(each.ending, {0, 1})
        if count not in allowed:
            broken.append(f"task {each.index} ({each.ending}) is paid {count} times")
        if each.ending is Ending.MODERATION and charged[each.prompt] == 0:
            broken.append(f"task {each.index} says that the moderation failed it, and nothing was ever charged")
    broken += _strangers(outcomes, ledger.charges)
    saved = sum(1 for each in outcomes if each.ending is Ending.SAVED)
    charges, refunds = len(ledger.charges), len(ledger.refunds)
    if not broken and charges != saved + refunds + in_doubt + under_way:
        broken.append("the charges do not add up")
    return Check(
        "every video is paid once",
        f"{charges} charges = {saved} saved + {refunds} refunded + {in_doubt} in doubt"
        + (f" + {under_way} under way" if under_way else ""),
        tuple(broken),
    )


def check_submissions(
    outcomes: Sequence[Outcome], ledger: Ledger, hit: int, *, callbacks: bool = False, resubmits: bool = False
) -> Check:
    """No submission follows a doubtful one, nor one that was taken and not refunded before.

    :param hit: how many tasks at most were under way in what was killed; each may have lost its submission's end.
    :param callbacks: whether the service calls Airflow: a try that has waited for a call says what a later one would,
        and a call may tell that what was in doubt has failed.
    :param resubmits: whether what was not taken may be sent again.
    """
    refunded_at = {each.task_id: each.at for each in ledger.refunds}
    charged = {each.task_id for each in ledger.charges}
    by_prompt: dict[str, list[RequestEntry]] = defaultdict(list)
    for request in sorted(ledger.submissions, key=lambda entry: entry.number):
        by_prompt[request.prompt].append(request)
    broken = []
    orphaned = 0
    for each in outcomes:
        requests = by_prompt[each.prompt]
        if each.ending is Ending.AMBIGUOUS:
            waited = callbacks and requests and (is_doubtful(requests[-1]) or is_late(requests[-1]))
            if ORPHANED_SAYS in each.message and not waited:
                orphaned += 1
            elif not requests or not (is_doubtful(requests[-1]) or is_late(requests[-1])):
                broken.append(f"task {each.index} speaks of a doubt, and the last answer leaves none")
        for before, after in pairwise(requests):
            is_refunded = refunded_at.get(before.task_id, after.at + 1) <= after.at
            is_known = (callbacks and is_refunded) or (resubmits and before.task_id not in charged)
            if is_doubtful(before) and not is_known:
                broken.append(f"task {each.index}: request {after.number} after {before.number}, which is in doubt")
            elif is_taken(before) and not is_refunded:
                broken.append(f"task {each.index}: request {after.number} after {before.number}, which is paid")
    if orphaned > hit:
        broken.append(f"{orphaned} tasks lost their submission's end, and only {hit} were under way in what was killed")
    doubtful = sum(1 for each in ledger.submissions if is_doubtful(each))
    figures = f"{len(ledger.submissions)} submissions, {doubtful} without a proper answer, {orphaned} cut off by a kill"
    return Check("nothing is sent after a doubtful submission", figures, tuple(broken))


def check_files(
    outcomes: Sequence[Outcome], ledger: Ledger, media: Mapping[str, str], files: Mapping[str, str], drafts: int
) -> Check:
    """Every video that was saved is whole, and nothing else is there to be taken for one.

    :param media: the checksum of what the service serves, by KIE task.
    :param files: the checksum of each visible file, by name.
    :param drafts: how many hidden, unfinished files killed processes have left.
    """
    paid = {each.prompt: each.task_id for each in ledger.paid}
    broken = []
    right = 0
    known = {f"{each.index}.mp4": each for each in outcomes}
    for each in outcomes:
        name = f"{each.index}.mp4"
        if each.ending is not Ending.SAVED and name not in files:
            continue
        task_id = paid.get(each.prompt)
        if name not in files:
            broken.append(f"task {each.index} succeeded without a file")
        elif task_id is None or media.get(task_id) != files[name]:
            broken.append(f"{name} is not what KIE made for task {each.index}")
        elif each.ending is Ending.SAVED and each.task_id != task_id:
            broken.append(f"task {each.index} names {each.task_id}, and {task_id} was paid")
        else:
            right += 1
    broken += [f"{name} belongs to no task" for name in files if name not in known]
    figures = f"{right} of {len(files)} files with the right bytes, {drafts} hidden drafts of killed processes"
    return Check("every video is kept", figures, tuple(broken))


def check_key(files_with_key: Sequence[str], searched: int, ledger: Ledger) -> Check:
    """The key is nowhere in Airflow's home, and was shown to no media host."""
    broken = [f"the key is in {name}" for name in files_with_key]
    broken += [f"request {each.number} showed a key to the media host" for each in ledger.key_leaks]
    figures = f"{searched} files of Airflow searched, {ledger.counts.get('media', 0)} requests for media"
    return Check("the key is nowhere", figures, tuple(broken))


def check_settled(
    outcomes: Sequence[Outcome], before: Ledger, after: Ledger, settlement: Settlement, files: Check
) -> Check:
    """After a person has done what the messages say, every video that can be made is paid once, and kept.

    :param before: the books before the person came.
    :param after: the books in the end.
    :param files: what :func:`check_files` says in the end.
    """
    paid = after.charges_by_prompt(paid_only=True)
    new = Counter(each.prompt for each in after.submissions if each.number not in _numbers(before))
    broken = []
    for each in outcomes:
        moderated = each.ending is Ending.MODERATION
        if each.ending is not Ending.SAVED and not moderated:
            broken.append(f"task {each.index} is {each.ending}: {each.message}")
        if paid[each.prompt] != (0 if moderated else 1):
            broken.append(f"task {each.index} ({each.ending}) is paid {paid[each.prompt]} times")
        if new[each.prompt] and each.prompt not in settlement.made | settlement.under_way:
            broken.append(f"task {each.index} was submitted again, and nobody asked for it")
    broken += [*_strangers(outcomes, after.charges), *files.broken]
    figures = (
        f"{len(settlement.found)} found in KIE's list and waited for, {len(settlement.made)} not there and made; "
        f"{sum(paid.values())} videos paid and kept"
    )
    return Check("a person can settle every doubt", figures, tuple(broken))


def check_entries(entries: Mapping[str, frozenset[str]], ledger: Ledger) -> Check:
    """In the end each video that is paid is in exactly one entry of the records folder, and no entry has two.

    :param entries: the KIE tasks that each entry names, by its file.
    """
    named = Counter(task_id for ids in entries.values() for task_id in ids)
    paid = {each.task_id for each in ledger.paid}
    broken = [f"{task_id} is paid, and in {named[task_id]} entries" for task_id in sorted(paid) if named[task_id] != 1]
    broken += [f"{file} names {', '.join(sorted(ids))}" for file, ids in sorted(entries.items()) if len(ids) > 1]
    return Check("every paid video has its record", f"{len(entries)} entries, {len(paid)} videos paid", tuple(broken))


def is_doubtful(request: RequestEntry) -> bool:
    """Whether the answer to a submission leaves open if it was taken."""
    faults = request.fault.split("+")
    # A submission that is refused has no id to leave out: its answer comes as it is.
    nameless = "no_task_id" in faults and request.code == OK
    return nameless or request.status == 0 or request.code in DOUBTFUL_CODES or not DOUBTFUL_FAULTS.isdisjoint(faults)


def is_taken(request: RequestEntry) -> bool:
    """Whether a submission was taken, and its answer says so."""
    return request.code == OK and not is_doubtful(request)


def is_late(request: RequestEntry) -> bool:
    """Whether an answer may have come when its client had given up on it."""
    return "delay" in request.fault.split("+")


def _says(message: str, parts: Iterable[str]) -> bool:
    return all(part in message for part in parts)


def _strangers(outcomes: Sequence[Outcome], charges: Sequence[Entry]) -> list[str]:
    known = {each.prompt for each in outcomes}
    return [f"{each.task_id} was charged for no task: {each.prompt}" for each in charges if each.prompt not in known]


def _numbers(ledger: Ledger) -> frozenset[int]:
    return frozenset(each.number for each in ledger.submissions)
