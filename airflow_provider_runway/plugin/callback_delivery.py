"""What comes of a callback that may be listened to: a task is woken, or what was said is kept, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from airflow.utils.session import create_session

from airflow_provider_runway.kie.task_ids import parse_task_id
from airflow_provider_runway.plugin.callback_entries import keep, keep_watch
from airflow_provider_runway.plugin.waking import DEFERRED, find, utc_now, wake
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.utils.callbacks import CallbackEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.kie.callback_bodies import Callback
    from airflow_provider_runway.kie.callback_tokens import CallbackToken
    from airflow_provider_runway.utils.watches import Contact

log = logging.getLogger(__name__)

# Nothing comes of a callback for these any more.
_OVER = frozenset({"success", "skipped", "removed", "upstream_failed"})
_RUNNING = "running"
# So often a task instance may change under a callback's hands.
_MOST_RACES = 5


class Delivery(str, Enum):
    """What has come of a callback."""

    #: Its task goes on.
    WOKEN = "woken"
    #: Its task goes on as soon as that is safe.
    WAKES_LATER = "wakes_later"
    #: Its task is not waiting; whichever try of it looks finds what was said.
    KEPT = "kept"
    #: Its task is about to wait, or waits in a worker: KIE.AI should call once more.
    TOO_EARLY = "too_early"
    #: It was a probe, and what it shows is kept.
    WATCHED = "watched"
    #: Its task is over or gone, or waits for something else.
    IGNORED = "ignored"

    def __str__(self) -> str:
        return self.value


def deliver(token: CallbackToken, callback: Callback, settings: Settings, *, is_signed: bool) -> Delivery:
    """Do what a callback asks for, which is to look, and no more.

    :param token: Which submission it is for.
    :param callback: What it says, which is not believed.
    :param settings: The connection that the token names.
    :param is_signed: Whether it is signed with the webhook key.
    :raises RecordsFolderError: If what was said cannot be kept in the records folder.
    """
    for _ in range(_MOST_RACES):
        with create_session(scoped=False) as session:
            delivery = _deliver(session, token, callback, settings, is_signed=is_signed)
            if delivery is not None:
                return delivery
            session.rollback()
    return Delivery.TOO_EARLY


def watch(token: CallbackToken, settings: Settings, contact: Contact) -> Delivery:
    """Keep what a probe shows where what calls say is kept.

    :param token: That of the probe.
    :param settings: The connection that it names.
    :param contact: What the receiver knows of calls.
    :raises RecordsFolderError: If it cannot be kept in the records folder.
    """
    with create_session(scoped=False) as session:
        is_kept = keep_watch(session, settings, token, str(token.probes), contact)
    return Delivery.WATCHED if is_kept else Delivery.IGNORED


def _deliver(
    session: Session, token: CallbackToken, callback: Callback, settings: Settings, *, is_signed: bool
) -> Delivery | None:
    now, found = utc_now(), find(session, token)
    if found is None or found.state in _OVER:
        return Delivery.IGNORED
    entry = CallbackEntry(
        nonce=token.nonce, task_ids=callback.task_ids, code=callback.code, called_at=to_iso(now), is_signed=is_signed
    )
    if found.state != DEFERRED:
        is_kept = keep(session, settings, token, entry)
        waits_elsewhere = Delivery.KEPT if is_kept else Delivery.IGNORED
        return Delivery.TOO_EARLY if found.state == _RUNNING else waits_elsewhere
    waited_for = found.waits_for.get("runway_task_id")
    if found.waits_for.get("nonce") != token.nonce or not _names(callback, waited_for):
        is_kept = _looks_later(found.waits_for) and keep(session, settings, token, entry)
        return Delivery.KEPT if is_kept else Delivery.IGNORED
    if waited_for is None:
        keep(session, settings, token, entry)
    is_woken = wake(session, found, {"task_id": waited_for, "state": "called"}, now)
    return None if is_woken is None else Delivery.WOKEN if is_woken else Delivery.WAKES_LATER


def _looks_later(waits_for: Mapping[str, Any]) -> bool:
    """Whether a task that is not to be woken looks for what was said when it goes on, as it may not know its id yet.

    It queues to submit, or it waits for the call that brings the id, and is not woken by more of them.
    """
    event = waits_for.get("event")
    is_deaf = waits_for.get("nonce") is None and isinstance(event, Mapping) and event.get("task_id") is None
    return is_deaf or "queued_at" in waits_for


def _names(callback: Callback, waited_for: object) -> bool:
    """Whether a callback may be for what is waited for: it names that KIE task, or none, or none is known yet."""
    if waited_for is None or not callback.task_ids:
        return True
    return parse_task_id(str(waited_for)).bare in callback.task_ids
