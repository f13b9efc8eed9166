"""Keeping what a callback says for the operator that will look: beside the submission record, never in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.hooks.records import records_folder
from airflow_provider_runway.kie.clock import CLOCK
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.plugin.waking import region_of, utc_now
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key
from airflow_provider_runway.utils.versions import airflow_version
from airflow_provider_runway.utils.watches import WatchEntry, watch_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.kie.callback_tokens import CallbackToken
    from airflow_provider_runway.utils.watches import Contact

log = logging.getLogger(__name__)

_FIRST_WITH_STORE = (3, 3)
_FIRST_WITH_REGIONS = (3, 4)
# KIE waits 15 s for an answer: what does not pass at once is for its next call.
_AT_ONCE = replace(CLOCK, sleep=lambda _seconds: None)


def keep(session: Session, settings: Settings, token: CallbackToken, entry: CallbackEntry) -> bool:
    """Keep an entry where the operator looks: in the records folder, or in Airflow's task state store (3.3 and later).

    :param session: A database session.
    :param settings: The connection.
    :param token: Which submission it is of.
    :param entry: What was said.
    :return: Whether it is kept; there may be no place for it.
    :raises RecordsFolderError: If the folder cannot be used.
    """

    def joined(earlier: Any) -> dict[str, Any]:
        return entry.after(CallbackEntry.from_json(earlier)).to_json()

    return _change(session, settings, token, callback_key(token.nonce), joined)


def keep_watch(session: Session, settings: Settings, token: CallbackToken, nonce: str, contact: Contact) -> bool:
    """Keep in the same place what a probe has shown.

    :param session: A database session.
    :param settings: The connection.
    :param token: That of the probe.
    :param nonce: Of the submission.
    :param contact: What the receiver knows.
    :return: Whether it is kept.
    :raises RecordsFolderError: If the folder cannot be used.
    """

    def joined(earlier: Any) -> dict[str, Any]:
        return WatchEntry.after(WatchEntry.from_json(earlier), nonce, contact).to_json()

    return _change(session, settings, token, watch_key(nonce), joined)


def _change(
    session: Session, settings: Settings, token: CallbackToken, key: str, joined: Callable[[Any], dict[str, Any]]
) -> bool:
    folder = records_folder(settings, _AT_ONCE)
    if folder is not None:
        of = Coordinates(
            dag_id=token.dag_id,
            run_id=token.run_id,
            task_id=token.task_id,
            map_index=token.map_index,
            region=token.region,
        )
        folder.set(of, key, joined(folder.get(of, key)))
        return True
    if airflow_version() < _FIRST_WITH_STORE:
        return False
    from airflow.state import get_state_backend

    backend: Any = get_state_backend()
    scope, text = _scope(token), backend.get(_scope(token), key, session=session)
    backend.set(scope, key, json.dumps(joined(_json(text))), expires_at=utc_now() + RETENTION, session=session)
    return True


def _scope(token: CallbackToken) -> Any:
    from airflow.state import TaskScope

    scope: Any = TaskScope
    where = (token.dag_id, token.run_id, token.task_id)
    if airflow_version() < _FIRST_WITH_REGIONS:
        return scope(*where, token.map_index)
    region_id, index = region_of(token)
    return scope(*where, index, region_id)


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None
