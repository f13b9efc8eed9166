from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_runway.utils.watches import LONGEST_GAP, Contact, WatchEntry, watch_key

NONCE = "0" * 32
DAY = 86_400.0
ENTRY = WatchEntry(nonce=NONCE, since=1000.0, until=1060.0, called_at=900.0)
ALIVE = Contact(now=1080.0, since=1080.0, began=0.0)


def after(contact: Contact, entry: WatchEntry | None = ENTRY) -> tuple[float, float]:
    new = WatchEntry.after(entry, NONCE, contact)
    return new.since, new.until


def test_each_submission_has_a_key_of_its_own() -> None:
    assert watch_key("a") != watch_key("b")


def test_the_first_probe_shows_what_the_receiver_knows_of_the_time_before() -> None:
    assert after(ALIVE, None) == (1080.0, 1080.0)
    assert after(replace(ALIVE, since=400.0), None) == (400.0, 1080.0)
    assert after(replace(ALIVE, since=400.0, spoilt_at=700.0), None) == (700.0, 1080.0)
    assert after(ALIVE, replace(ENTRY, nonce="1" * 32)) == (1080.0, 1080.0)


def test_a_probe_soon_after_another_leaves_no_gap_if_the_receiver_was_there() -> None:
    assert after(ALIVE) == (1000.0, 1080.0)
    assert after(replace(ALIVE, began=1060.0)) == (1000.0, 1080.0)
    assert after(replace(ALIVE, began=1061.0)) == (1000.0, 1060.0)
    assert after(replace(ALIVE, now=1060.0 + LONGEST_GAP)) == (1000.0, 1060.0 + LONGEST_GAP)
    assert after(replace(ALIVE, now=1061.0 + LONGEST_GAP)) == (1000.0, 1060.0)


def test_calls_of_others_fill_a_gap() -> None:
    assert after(replace(ALIVE, now=2000.0, since=1055.0)) == (1000.0, 2000.0)
    assert after(replace(ALIVE, now=2000.0, since=1065.0)) == (1000.0, 1060.0)


def test_once_a_call_was_turned_away_it_is_void() -> None:
    spoilt = replace(ALIVE, since=0.0, spoilt_at=1001.0)
    void = WatchEntry.after(ENTRY, NONCE, spoilt)

    assert "turned away" in str(void.doubt(1000.0, 1060.0))
    assert WatchEntry.after(void, NONCE, ALIVE).is_void
    assert not WatchEntry.after(ENTRY, NONCE, replace(spoilt, spoilt_at=999.0)).is_void


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    assert after(replace(ALIVE, now=1010.0)) == (1000.0, 1060.0)


def test_the_last_call_of_kies_is_kept_whichever_receiver_had_it() -> None:
    assert WatchEntry.after(ENTRY, NONCE, ALIVE).called_at == 900.0
    assert WatchEntry.after(ENTRY, NONCE, replace(ALIVE, called_at=1070.0)).called_at == 1070.0
    broken = replace(ALIVE, began=1070.0, called_at=1070.0)
    assert WatchEntry.after(ENTRY, NONCE, broken).called_at == 1070.0
    assert WatchEntry.after(None, NONCE, ALIVE).called_at is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (ENTRY, None),
        (replace(ENTRY, since=1030.0, until=1060.0 - LONGEST_GAP), None),
        (replace(ENTRY, since=1031.0), "all that time"),
        (replace(ENTRY, until=1059.0 - LONGEST_GAP), "all that time"),
        (replace(ENTRY, called_at=None), "any other video"),
        (replace(ENTRY, called_at=1000.0 - 2 * DAY), None),
        (replace(ENTRY, called_at=999.0 - 2 * DAY), "any other video"),
    ],
)
def test_silence_says_something_only_if_it_was_listened_to_from_beginning_to_end(
    entry: WatchEntry, reason: str | None
) -> None:
    doubt = entry.doubt(1000.0, 1060.0)

    assert doubt is None if reason is None else reason in str(doubt)


def test_what_is_stored_is_read() -> None:
    assert WatchEntry.from_json(ENTRY.to_json()) == ENTRY
    for other in (replace(ENTRY, called_at=None), replace(ENTRY, is_void=True)):
        assert WatchEntry.from_json(other.to_json()) == other


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"nonce": None}, {"since": "1"}, {"since": math.nan}, {"until": None}, {"until": True},
        {"until": math.inf},
    ],
)  # fmt: skip
def test_what_is_none_is_not_read(change: dict[str, Any]) -> None:
    assert WatchEntry.from_json({**ENTRY.to_json(), **change}) is None
    assert WatchEntry.from_json(None) is None
    assert WatchEntry.from_json([ENTRY.to_json()]) is None
