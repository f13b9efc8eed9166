"""What is known of earlier tries where no submission record is kept: below Airflow 3.3, without a records folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import AmbiguousSubmissionError
from airflow_provider_runway.operators.submission import Plan, Refuse, Submit

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

# The XCom with which a try ends that has nothing paid; its try number follows. Airflow deletes it when the next begins,
# which is told the keys of all that it deletes.
_NOTHING_PAID = "runway_nothing_paid_"


@dataclass(frozen=True, slots=True, kw_only=True)
class TryHistory:
    """What Airflow tells of the tries before this one.

    :param is_first: Whether there was none.
    :param is_cleared: Whether this is the first since a person has cleared the task.
    :param is_resumed: Whether this try has begun before, and was free to submit then: it comes back from the triggerer.
    :param paid_nothing: Whether the one before has left word that nothing is paid. A process that was killed leaves
        none.
    :param named_task: Whether the one before has named a KIE task, which is paid.
    """

    is_first: bool = False
    is_cleared: bool = False
    is_resumed: bool = False
    paid_nothing: bool = False
    named_task: bool = False

    @classmethod
    def of(cls, ti: RuntimeTaskInstanceProtocol) -> TryHistory:
        """Read the history of a task instance at the start of a try.

        Clearing a task sets ``max_tries`` to the tries so far and its ``retries`` (``clear_task_instances`` of Airflow
        3.1 to 3.4). So the first try after it can be told, as Airflow's own ``get_first_reschedule_date`` does.
        """
        first = ti.max_tries - (ti.task.retries or 0) + 1
        server = getattr(ti, "_ti_context_from_server", None)
        left = getattr(server, "xcom_keys_to_clear", None) or ()
        return cls(
            is_first=ti.try_number <= 1,
            is_cleared=ti.try_number == first,
            is_resumed=getattr(server, "next_method", None) is not None,
            paid_nothing=f"{_NOTHING_PAID}{ti.try_number - 1}" in left,
            named_task="task_id" in left,
        )

    @property
    def is_free(self) -> bool:
        """Whether no earlier try can have paid, unless a person has cleared the task since."""
        return self.is_first or self.is_cleared or self.is_resumed or self.paid_nothing


def leave_word(ti: RuntimeTaskInstanceProtocol) -> None:
    """Let the next try know that nothing is paid: right before this one ends, which has paid nothing itself.

    One that knows nothing of the try before it leaves none, since Airflow has deleted by now what that had left.
    """
    if TryHistory.of(ti).is_free:
        ti.xcom_push(f"{_NOTHING_PAID}{ti.try_number}", True)


def lost_record(history: TryHistory, *, reuses: bool = False) -> Refuse | None:
    """Decide not to submit where nothing is recorded of a KIE task that the try before has named.

    It was recorded elsewhere (in another folder, or nowhere before this one was set or Airflow was upgraded), or its
    record was removed.

    :param history: What is known of earlier tries.
    :param reuses: Whether a task that is cleared is to take its video again.
    """
    if not history.named_task or history.is_first or history.is_resumed:
        return None
    if history.is_cleared and reuses:
        return Refuse(
            AmbiguousSubmissionError(
                "The task was cleared, on_clear='reuse' asks for the video of the try before, and no record of it is "
                "here: none is kept on this Airflow without a records folder, or it was removed.",
                detail="Nothing was sent. The log of that try names its task. on_clear='new' makes another video.",
            )
        )
    if history.is_cleared:
        return None
    return Refuse(
        AmbiguousSubmissionError(
            "An earlier try has named a KIE task, and no record of it is here: it was kept elsewhere, or was removed.",
            detail="It is not submitted again. The log of that try names its task.",
        )
    )


def plan_unrecorded(history: TryHistory, *, resubmit_ambiguous: bool) -> Plan:
    """Decide what a try does where no record is kept: submit only what cannot have been submitted before.

    :param history: What is known of earlier tries.
    :param resubmit_ambiguous: Whether a submission whose outcome is unknown may be sent again.
    """
    if history.is_first or history.paid_nothing:
        return Submit()
    if history.is_cleared:
        return Submit(
            "The task was cleared, and no record is kept: a new video is submitted. One that an earlier try has "
            "submitted is paid all the same; the log of that try names it."
        )
    if resubmit_ambiguous:
        return Submit(
            "An earlier try may have submitted this video, and no record is kept; it is submitted again, as "
            "on_ambiguous_submit='resubmit' asks. The video may be paid twice."
        )
    return Refuse(
        AmbiguousSubmissionError(
            "An earlier try may have submitted this video, and no record is kept that tells.",
            detail="It is not submitted again. The log of that try names its task, if there is one.",
        )
    )
