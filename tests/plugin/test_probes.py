"""Probes: calls of our own, which show whether KIE.AI's would arrive."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from versions import before, since

from airflow_provider_runway.kie.callback_tokens import UnverifiedToken
from airflow_provider_runway.plugin import callback_delivery, callbacks
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.utils.watches import WatchEntry, watch_key

from .callers import KEY, NAME, TOKEN, Caller, untouched
from .conftest import option
from .deferred import NONCE, Waiting, stored

PROBE = TOKEN.as_probe(TOKEN.expires_at)


def watched(folder: Path) -> WatchEntry | None:
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")
    return WatchEntry.from_json(RecordsFolder(str(folder)).get(of, watch_key(NONCE)))


def test_what_a_probe_shows_is_kept_in_the_records_folder(caller: Caller, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        assert caller.call(PROBE).json() == {"status": "watched"}
        first = watched(tmp_path)
        caller.call(PROBE)
        caller.call(replace(TOKEN, nonce="another"))
        caller.call(PROBE)

    last = watched(tmp_path)
    assert first is not None
    assert last is not None
    assert first.since == first.until
    assert (last.since, last.until > first.until) == (first.since, True)
    assert first.called_at is None
    assert last.called_at is not None
    assert untouched(waiting)


@since(3, 3, "it has a task state store")
def test_where_there_is_no_folder_what_a_probe_shows_is_in_the_task_state_store(
    caller: Caller, waiting: Waiting
) -> None:
    assert caller.call(PROBE).json() == {"status": "watched"}

    [(key, value)] = stored().items()
    assert key == watch_key(NONCE)
    assert WatchEntry.from_json(value) is not None


@before(3, 3, "there is no task state store")
def test_where_nothing_can_be_kept_a_probe_shows_nothing(caller: Caller, waiting: Waiting) -> None:
    assert caller.call(PROBE).json() == {"status": "ignored"}


def test_kies_own_address_makes_no_probe(caller: Caller, waiting: Waiting) -> None:
    version, _, mac = TOKEN.sign(KEY).split(".")
    payload = PROBE.sign(KEY).split(".")[1]

    assert caller.call(f"{version}.{payload}.{mac}").status_code == 401


@pytest.mark.usefixtures("secret")
def test_a_probe_is_asked_for_a_signature_as_kie_is(caller: Caller, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        assert caller.call(PROBE).status_code == 401
        assert caller.call(PROBE, headers=caller.sign()).json() == {"status": "watched"}


def malformed(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    assert caller.call(body=b"{").status_code == 400


def undelivered(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> Any:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(callback_delivery, "find", broken)
        assert caller.call().status_code == 503


@pytest.mark.parametrize("refuse", [malformed, undelivered])
def test_a_call_that_was_turned_away_is_held_against_the_receiver(
    caller: Caller, waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuse: Any
) -> None:
    with option("records", str(tmp_path)):
        caller.call(PROBE)
        refuse(caller, monkeypatch)
        caller.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert entry.is_void
    assert "turned away" in str(entry.doubt(time.time(), time.time()))


def test_a_forged_call_is_not_held_against_the_receiver(caller: Caller, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        caller.call(PROBE)
        caller.call(TOKEN.sign("another key"))
        caller.call("1.A.B")
        caller.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert not entry.is_void


def test_what_is_turned_away_unseen_is_held_against_all(
    caller: Caller, waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with option("records", str(tmp_path)):
        caller.call(PROBE)
        monkeypatch.setattr(UnverifiedToken, "read", lambda _text: 1 / 0)
        assert caller.call().status_code == 503
        monkeypatch.undo()
        monkeypatch.setenv(NAME, json.dumps({"conn_type": "runway", "password": KEY}))
        caller.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert entry.is_void


def test_a_probe_of_a_receiver_that_began_later_leaves_the_gap(
    caller: Caller, waiting: Waiting, tmp_path: Path
) -> None:
    with option("records", str(tmp_path)):
        caller.call(PROBE)
        first = watched(tmp_path)
        server = FastAPI()
        server.mount("/runway/callback", callbacks.make_app())
        caller.client = TestClient(server)
        assert caller.call(PROBE).json() == {"status": "watched"}

    assert first is not None
    assert watched(tmp_path) == first
