"""Whether silence says that KIE has not taken a submission: where it would have called, and has not.

It does if calls would have arrived all the time from the submission on, KIE has called for other videos, and has not
for this one within the longest time that such videos take. What shows the first is :mod:`.utils.watches`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.hooks.callbacks import send_probe
from airflow_provider_runway.kie.schedule import longest_time
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.operators.video_job import VideoJob
from airflow_provider_runway.utils.callbacks import callback_key
from airflow_provider_runway.utils.watches import WatchEntry, watch_key

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.kie.callback_tokens import CallbackToken
    from airflow_provider_runway.operators.task_state import TaskState


@dataclass(frozen=True, slots=True)
class Silence:
    """What silence about a submission says.

    :param job: How the task waits, and what it is to do about a submission of unknown outcome.
    :param profile: What sort of video it is, as in the price list.
    :param hook: The connection's hook.
    :param log: Where to say what it says.
    """

    job: VideoJob
    profile: str
    hook: RunwayHook
    log: Logger

    @property
    def counts(self) -> bool:
        """Whether anything hangs on it."""
        return self.job.on_ambiguous_submit == "resubmit_if_silent"

    def probe(self, token: CallbackToken) -> bool:
        """Show that a call for a submission arrives now, and have the receiver note it.

        :param token: Of the submission.
        """
        return send_probe(self.hook.settings, token, self.hook.clock.time())

    def begin(self, token: CallbackToken) -> None:
        """Begin to show it, right before the submission: where it cannot be shown, that is said and no more.

        :param token: Of the submission.
        """
        if not self.counts:
            return
        reason = self._is_too_short() or (None if self.probe(token) else "a call does not arrive in Airflow now")
        if reason is not None:
            self.log.warning(
                "If the answer to this submission is lost, KIE.AI's silence will prove nothing: %s.", reason
            )

    def allows_another(self, intent: Submission | None, state: TaskState) -> bool:
        """Whether a submission of unknown outcome may be sent again.

        :param intent: The submission.
        :param state: Where what is known of calls is kept.
        """
        if not self.counts or intent is None or intent.stage is not Stage.INTENT:
            return self.job.on_ambiguous_submit == "resubmit"
        doubt = self._doubt(intent, state)
        if doubt is not None:
            self.log.warning("That KIE.AI has not called for this request proves nothing: %s.", doubt)
            return False
        self.log.warning(
            "KIE.AI has not called for what was sent at %s within %.0f s, and its call would have arrived. It is taken "
            "for not taken.",
            intent.intended_at,
            self.job.timeout,
        )
        return True

    def _doubt(self, intent: Submission, state: TaskState) -> str | None:
        if intent.nonce is None or not state.outlives_try:
            return "it was not asked to"
        if (reason := self._is_too_short()) is not None:
            return reason
        try:
            if state.get(callback_key(intent.nonce)) is not None:
                return "it has called, for what could not be told to be this request"
            entry = WatchEntry.from_json(state.get(watch_key(intent.nonce)))
        except Exception as error:  # noqa: BLE001 - a store of Airflow's may raise anything
            return f"what is known of its calls cannot be read ({type(error).__name__})"
        if entry is None or entry.nonce != intent.nonce:
            return "nothing shows that a call would have arrived"
        return entry.doubt(intent.intended_epoch, intent.intended_epoch + self.job.timeout)

    def _is_too_short(self) -> str | None:
        longest = longest_time(self.profile)
        if self.job.timeout >= longest:
            return None
        return f"such videos may take {longest:.0f} s, and timeout is {self.job.timeout:.0f} s"
