"""The call that KIE.AI is asked for when a task has ended, where the user has named no ``callback_url``."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_provider_runway.hooks.callbacks import callback_base_url
from airflow_provider_runway.kie.address import concealed
from airflow_provider_runway.kie.api import destination
from airflow_provider_runway.kie.callback_tokens import LIFETIME, CallbackToken, callback_url
from airflow_provider_runway.kie.concealment import Secret
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.operators.folder_records import coordinates
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key
from airflow_provider_runway.utils.versions import command_line

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.operators.submission import Submission
    from airflow_provider_runway.operators.task_state import TaskState
    from airflow_provider_runway.operators.video_job import Facts
    from airflow_provider_runway.triggers.events import VideoEvent

# How a wait has ended when a poll has found that the KIE task has.
_ENDED = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class OwnCallback:
    """Where KIE is to call for one submission.

    :param token: Which submission it is.
    :param url: The address, whose signed token only KIE is to see.
    """

    token: CallbackToken
    url: str = field(repr=False)

    def conceal(self, error: RunwayError) -> RunwayError:
        """An error that does not show the token, which an answer may send back: without its signature it is none."""
        return concealed(error, Secret(self.url.rpartition(".")[2]))


def own_callback(request: Request, hook: RunwayHook, context: Context, log: Logger) -> OwnCallback | None:
    """Where KIE is to call for a submission that is about to be sent; ``None`` if it is not to call Airflow.

    :param request: The request. An address that the user has given stays as it is.
    :param hook: The connection's hook.
    :param context: The task's context.
    :param log: Where to say why nothing calls.
    :raises InvalidRequestError: If ``[runway] callback_base_url`` is nonsense.
    """
    base = callback_base_url(hook.settings)
    if base is None or request.callback_url is not None:
        return None
    if not destination(request, hook.settings.address.api).family.calls_back:
        return None
    token = token_of(secrets.token_hex(16), hook, context)
    try:
        return OwnCallback(token, callback_url(base, token.sign(hook.settings.address.api_key)))
    except ValueError as error:
        log.info("KIE.AI is not asked to call back: %s. The task is polled for.", error)
        return None


def token_of(nonce: str, hook: RunwayHook, context: Context) -> CallbackToken:
    """The token of a submission of this task.

    :param nonce: Of the submission.
    :param hook: The connection's hook.
    :param context: The task's context.
    """
    of = coordinates(context["ti"])
    return CallbackToken(
        conn_id=hook.runway_conn_id,
        dag_id=of.dag_id,
        run_id=of.run_id,
        task_id=of.task_id,
        map_index=of.map_index,
        region=of.region,
        nonce=nonce,
        expires_at=int(hook.clock.time()) + LIFETIME,
    )


def expecting(facts: Facts, submission: Submission, state: TaskState) -> Facts:
    """What is known right before a deferral: whether KIE is to call, and whether it has while this process was at work.

    :param facts: What is known besides.
    :param submission: What is waited for.
    :param state: Where the receiver has kept what it could not deliver.
    """
    known = replace(facts, nonce=submission.nonce)
    if known.nonce is None or known.calls or not state.outlives_try:
        return known
    with suppress(Exception):  # a call that is lost is polled for
        if CallbackEntry.from_json(state.get(callback_key(known.nonce))) is not None:
            return replace(known, calls=1)
    return known


def tell_of_lost_call(facts: Facts, ended: VideoEvent, log: Logger) -> None:
    """Say that a poll has found what a call should have told: if none arrives, each video is found minutes late.

    :param facts: What was known while it was waited for.
    :param ended: How the wait has ended.
    :param log: Where to say it.
    """
    if facts.nonce is not None and not facts.calls and ended.state in _ENDED:
        log.warning(
            "KIE.AI's call for task %s has not come, and a poll has found that it has ended. To see whether calls "
            "arrive: %s",
            ended.task_id,
            command_line("callbacks", "check"),
        )
