"""What has become of a submission, out of all that was written down about it, by whom and when ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from airflow_provider_runway.kie.errors import UnreadableRecordError
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.storage.record_entries import RecordEntry

# Who writes an outcome for a person: `airflow runway records set-id`.
BY_HAND = "set-id"


def combine(intent: Submission, outcomes: Iterable[tuple[str, Submission]]) -> Submission:
    """The one submission that an intent and its outcomes tell of.

    Outcomes may be repeated, late, and contradict each other. Nothing that is paid is lost, and nothing is in doubt
    that somebody knows:

    - An id is believed, whoever names it, whatever else says that nothing was sent.
    - Of several, the one that was put in last by hand counts; otherwise the first: only the try that has sent it was
      told it by KIE.
    - To forget a submission leaves behind the ids that were known by then. One that only comes to light afterwards
      counts, as the person did not know of it; and so does one that is put in by hand afterwards.
    - Of what is said about that id, "gone" counts before "finished", which counts before "failed": a video that was
      handed over had not failed, and may be deleted since.
    - Without an id, the submission is forgotten, or else not sent, if anybody says so; otherwise it is an intent. One
      that takes the place of an intent, so that none can be written there any more, was not sent.

    :param intent: What was written before it was sent.
    :param outcomes: What was written since, the oldest first, each with its writer.
    """
    named = list[tuple[str, Submission]]()
    left_behind = set[str | None]()
    over = Stage.UNSENT if intent.stage is Stage.UNSENT else None
    for writer, outcome in outcomes:
        if outcome.stage is Stage.FORGOTTEN:
            left_behind |= {outcome.task_id, *(each.task_id for _, each in named)}
            over = Stage.FORGOTTEN
        elif outcome.stage is Stage.UNSENT:
            over = over or Stage.UNSENT
        elif outcome.task_id is not None:
            named.append((writer, outcome))
            left_behind -= {outcome.task_id} if writer == BY_HAND else set()
    known = [(writer, each) for writer, each in named if each.task_id not in left_behind]
    if not known:
        return replace(intent, stage=over or Stage.INTENT)
    by_hand = [each for writer, each in known if writer == BY_HAND]
    task_id = (by_hand[-1] if by_hand else known[0][1]).task_id
    return _of_task([each for _, each in known if each.task_id == task_id], intent)


def _of_task(said: Sequence[Submission], intent: Submission) -> Submission:
    """What was said about one KIE task."""
    stage = next(
        (each for each in (Stage.GONE, Stage.FINISHED, Stage.FAILED) if any(one.stage is each for one in said)),
        Stage.SUBMITTED,
    )
    stored = [each for each in said if each.stage is Stage.FINISHED and each.saved_to is not None]
    place = stored[-1] if stored else intent
    checksums = [checksum for each in reversed(stored) if each.saved_to == place.saved_to for checksum in each.saved]
    return replace(
        said[0],
        stage=stage,
        fingerprint=intent.fingerprint,
        intended_at=intent.intended_at,
        submitted_at=next((each.submitted_at for each in said if each.submitted_at), None),
        saved_to=place.saved_to,
        saved=tuple(dict.fromkeys(checksums)) if stored else intent.saved,
        failures=max(each.failures for each in said),
        credits=next((each.credits for each in said if each.credits is not None), None),
    )


def read_entry(entry: RecordEntry) -> Submission:
    """What has become of a submission, by all that its entry says.

    :raises UnreadableRecordError: If it says what is none.
    """
    try:
        said = [(outcome.writer, Submission.from_json(outcome.value)) for outcome in entry.outcomes]
        return combine(Submission.from_json(entry.value), said)
    except UnreadableRecordError as error:
        raise UnreadableRecordError(f"{error.summary} It is number {entry.number}", detail=error.detail) from error
