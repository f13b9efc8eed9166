"""What the operators that make a video have in common: their parameters, and all that they tell Airflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.rules import check_poll_interval, check_seconds, check_url
from airflow_provider_runway.operators.lineage import LineageMixin
from airflow_provider_runway.operators.options import VideoOptions
from airflow_provider_runway.operators.parameters import check_choice, check_fields, check_literal, optional
from airflow_provider_runway.operators.paths import check_place
from airflow_provider_runway.operators.templating import RenderedTexts, is_resumed
from airflow_provider_runway.utils.mixins import CalledMixin, VideoLinksMixin
from airflow_provider_runway.utils.retry_defaults import RETRIES, RETRY_DELAY

if TYPE_CHECKING:
    from os import PathLike

    from airflow.sdk import Context, ObjectStoragePath
    from jinja2 import Environment

    from airflow_provider_runway.kie.kinds import Kind
    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.operators.advice import Payment
    from airflow_provider_runway.operators.lifecycle import VideoLifecycle
    from airflow_provider_runway.operators.video_job import AmbiguousSubmit, Deferral, VideoJob
    from airflow_provider_runway.results import VideoResult
    from airflow_provider_runway.triggers.events import AdmissionEvent
    from airflow_provider_runway.utils.callbacks import Called


class RunwayVideoOperator(CalledMixin, VideoLinksMixin, RenderedTexts, LineageMixin, VideoOptions):
    """Base of the operators that make a video. A subclass says which request it makes.

    The further parameters are those of :class:`~airflow_provider_runway.operators.options.VideoOptions`.

    :param extra_fields: Further fields of the request body, sent as they are. (templated)
    :param callback_url: URL that KIE posts to when the task has ended; Airflow's own if left out. (templated)
    :param save_to: An object storage path, or an absolute path of the worker's machine: the finished video is stored
        there. With a ``/`` at the end it is a folder, and the file is called ``<task_id>.mp4``. A file that this task
        did not make is never replaced. If it is given and renders to nothing, nothing is sent. (templated)
    :param wait_for_completion: Wait for the video; otherwise succeed as soon as it is submitted, for a
        :class:`~airflow_provider_runway.sensors.runway.RunwayVideoSensor` to wait on.
    :param deferrable: Wait in the triggerer, without a worker slot. ``False`` waits in the worker.
    :param poll_interval: Seconds, the shortest pause between two polls of the task; at least 1.
    :param timeout: Timedelta or seconds, the longest wait of one try, from the submission or the reattachment on.
    :param on_ambiguous_submit: What to do about a submission of unknown outcome: ``"fail"``; ``"resubmit"``, which may
        pay twice; or ``"resubmit_if_silent"``: that, where KIE would have called and has not.
    :param runway_conn_id: The connection, of type ``runway``.
    :param retries: As of any task. From Airflow 3.3 on it is 2 where neither the DAG nor ``[core]
        default_task_retries`` says otherwise: a retry pays nothing there.
    :param retry_delay: As of any task; a minute where neither the DAG nor ``[core] default_task_retry_delay`` says
        otherwise.
    """

    template_fields: Sequence[str] = ("extra_fields", "callback_url", "save_to")
    template_fields_renderers: ClassVar[dict[str, str]] = {"extra_fields": "json"}
    kind: ClassVar[Kind] = "runway"
    _current: VideoLifecycle | None = None

    def __init__(
        self,
        *,
        extra_fields: dict[str, Any] | None = None,
        callback_url: str | None = None,
        save_to: str | ObjectStoragePath | PathLike[str] | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = True,
        poll_interval: float = 10,
        timeout: timedelta | float = timedelta(minutes=30),
        on_ambiguous_submit: AmbiguousSubmit = "fail",
        runway_conn_id: str = "runway_default",
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(retries=retries, retry_delay=retry_delay, **kwargs)
        self.extra_fields = extra_fields
        self.callback_url = callback_url
        self.save_to = save_to
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = check_poll_interval("poll_interval", poll_interval)
        self.timeout = timedelta(seconds=check_seconds("timeout", timeout))
        self.on_ambiguous_submit = on_ambiguous_submit
        self.runway_conn_id = runway_conn_id
        if extra_fields is not None:
            check_literal(lambda new: check_fields("extra_fields", optional(new, {}), self.request_type), extra_fields)
        check_literal(lambda url: check_url("callback_url", optional(url)), callback_url)
        if save_to is not None:
            check_literal(lambda place: check_place("save_to", place), save_to)
        check_choice("on_ambiguous_submit", on_ambiguous_submit, "fail", "resubmit", "resubmit_if_silent")
        if save_to is not None and not wait_for_completion:
            raise InvalidRequestError("save_to", save_to, "needs wait_for_completion=True: there is no video before")
        if self.metadata and save_to is None:
            raise InvalidRequestError("metadata", self.metadata, "needs save_to: it is written beside the video")

    @property
    def request_type(self) -> type[Request] | None:
        """The type of the request that it makes."""
        return None

    def build_request(self) -> Request:
        """The request, out of the parameters after templating.

        :raises InvalidRequestError: If a parameter breaks a rule.
        """
        raise NotImplementedError

    def render_template_fields(self, context: Context, jinja_env: Environment | None = None) -> None:
        """Render the parameters; a try that fails in this has paid nothing."""
        try:
            super().render_template_fields(context, jinja_env)
        except Exception:
            if not is_resumed(context, "execute_complete", "__fail__"):
                from airflow_provider_runway.operators.earlier_tries import leave_word

                leave_word(self.hook, context)
            raise

    @property
    def parent_task_id(self) -> str | None:
        """The task that the new video extends, if it does."""
        return None

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit, unless an earlier try has, and wait.

        :return: The result object; see :class:`~airflow_provider_runway.results.VideoResult`.
        :raises airflow.exceptions.AirflowFailException: On what no retry can help.
        :raises RunwayError: On what a retry can help.
        """
        return self._submit(context, None)

    def execute_admitted(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after the admission queue: submit at the moment that it gave.

        :param event: The event of a :class:`~airflow_provider_runway.triggers.admission.RunwayAdmissionTrigger`.
        """
        from airflow_provider_runway.operators.admission import time_to_moment
        from airflow_provider_runway.triggers.events import AdmissionEvent

        admitted = AdmissionEvent.from_event(event)
        self.hook.clock.sleep(time_to_moment(admitted, self.hook.clock.time()))
        return self._submit(context, admitted)

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        submitted_at: str | None = None,
        facts: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> dict[str, Any]:
        """Go on after the trigger: poll once more, then return the result or say what happened.

        :param event: The event of a :class:`~airflow_provider_runway.triggers.runway.RunwayVideoTrigger`.
        :param deadline: Epoch seconds at which this try stops waiting.
        :param submitted_at: When the task was submitted, ISO 8601.
        :param facts: What is known of the video; see :class:`~airflow_provider_runway.operators.video_job.Facts`.
        :param unknown: What another release of this provider has kept besides; it is ignored.
        """
        from airflow_provider_runway.operators.video_job import Facts
        from airflow_provider_runway.triggers.events import VideoEvent

        del unknown
        ended = VideoEvent.from_event(event)
        with self._run(context) as lifecycle:
            lifecycle.paid = ended.task_id
            self.show_logs(ended.task_id)
            lifecycle.request = self._submitted_request(lifecycle)
            job = self._job()
            known = Facts.kept(facts, job, lifecycle.request)
            return self._conclude(context, lifecycle, lifecycle.resume(job, known, ended, deadline, submitted_at))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a trigger; where that has died, say what is paid all the same."""
        if next_method != "__fail__":
            return super().resume_execution(next_method, next_kwargs, context)
        with self._run(context) as lifecycle:
            lifecycle.read_own_submission()
            return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Say what killing this Airflow task means: KIE cannot cancel, so the video goes on and stays paid."""
        unpaid = "Killed before anything was submitted."
        self.log.warning("%s", unpaid if self._current is None else self._payment(self._current).killed)

    def _submit(
        self, context: Context, admitted: AdmissionEvent | None, called: Called | None = None
    ) -> dict[str, Any]:
        from airflow_provider_runway.operators.announcements import announcing
        from airflow_provider_runway.operators.video_job import Deferral

        with self._run(context) as lifecycle, announcing(context, self._job, lifecycle) as announce:
            lifecycle.read_submission()
            self.show_logs()
            if self.was_given("save_to"):
                check_place("save_to", self.needed("save_to"))
            request = self._request(context, lifecycle, is_resumed=admitted is not None)
            submitted = lifecycle.submit(self._job(), request, admitted, called)
            announce(submitted)
            if isinstance(submitted, Deferral):
                return self._conclude(context, lifecycle, submitted)
            task_id = submitted.submission.paid_task_id
            self.show_logs(task_id)
            context["ti"].xcom_push("task_id", task_id)
            return self._conclude(context, lifecycle, lifecycle.finish(submitted))

    def _request(self, context: Context, lifecycle: VideoLifecycle, *, is_resumed: bool) -> Request:
        """What is to be made, out of the parameters after templating.

        :param is_resumed: Whether this try has begun before, and comes back from the admission queue.
        :raises InvalidRequestError: If a parameter breaks a rule.
        """
        del context, lifecycle, is_resumed
        return self.build_request()

    def _submitted_request(self, lifecycle: VideoLifecycle) -> Request | None:
        """What was asked for, if that can still be told; nothing that is paid hangs on it."""
        del lifecycle
        with suppress(InvalidRequestError):
            return self.build_request()
        return None

    def _job(self) -> VideoJob:
        """How it is waited for, and where it is stored."""
        from airflow_provider_runway.operators.video_job import VideoJob

        return VideoJob(
            kind=self.kind,
            runway_conn_id=self.runway_conn_id,
            parent_task_id=self.parent_task_id,
            save_to=self.optional("save_to"),
            wait_for_completion=self.wait_for_completion,
            deferrable=self.deferrable,
            poll_interval=self.poll_interval,
            timeout=self.timeout.total_seconds(),
            on_ambiguous_submit=self.on_ambiguous_submit,
            max_credits=self.max_credits,
            metadata=self.metadata,
        )

    @contextmanager
    def _run(self, context: Context) -> Iterator[VideoLifecycle]:
        """Have whatever goes wrong say what is paid and what to do."""
        from airflow_provider_runway.operators.lifecycle import VideoLifecycle
        from airflow_provider_runway.operators.try_end import saying_what_is_paid

        lifecycle = self._current = VideoLifecycle(self.hook, context, self.log, reuses=self.on_clear == "reuse")
        with saying_what_is_paid(self, lifecycle, lambda: self._payment(lifecycle, context), context), self.hook:
            try:
                yield lifecycle
            finally:
                self.video_link = lifecycle.video_url

    def _conclude(self, context: Context, lifecycle: VideoLifecycle, outcome: VideoResult | Deferral) -> dict[str, Any]:
        """Defer, or tell Airflow of the result."""
        from airflow_provider_runway.operators.video_job import Deferral
        from airflow_provider_runway.utils.asset_events import describe_video
        from airflow_provider_runway.utils.failures import as_list

        if isinstance(outcome, Deferral):
            self.defer(**outcome.arguments)
        self.result = outcome
        describe_video(context, self.outlets, outcome, lifecycle.request)
        # The operator that runs is a copy: no scheduler or DAG processor knows of this callback.
        self.on_success_callback = [lifecycle.state.note_success, *as_list(self.on_success_callback)]
        return outcome.to_json()

    def _payment(self, lifecycle: VideoLifecycle, context: Context | None = None) -> Payment:
        """Whether something is paid, and what a further try does."""
        from airflow_provider_runway.operators.advice import Payment
        from airflow_provider_runway.utils.failures import has_retry

        with suppress(Exception):  # a connection that cannot be read has KIE's own page
            self.show_logs(lifecycle.paid or "")
        return Payment(
            conn_id=self.runway_conn_id,
            logs=self.logs_link,
            is_recorded=lifecycle.earlier.are_recorded and not lifecycle.earlier.is_lost,
            record_key=lifecycle.state.record_key,
            kind=self.kind,
            task_id=lifecycle.paid,
            is_in_doubt=lifecycle.is_in_doubt or not lifecycle.pays_nothing,
            has_retry=context is None or has_retry(context),
            is_retry=context is None or context["ti"].try_number > 1,
            parent_task_id=self.parent_task_id,
        )
