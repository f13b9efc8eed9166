from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

ENTRY = CallbackEntry(nonce="n1", task_ids=("kie-1",), code=200, called_at="2026-11-26T00:00:00+00:00", is_signed=True)


def test_an_entry_comes_back_from_json() -> None:
    assert CallbackEntry.from_json(json.loads(json.dumps(ENTRY.to_json()))) == ENTRY
    assert callback_key("n1") == "runway_callback_n1"


def test_what_further_calls_say_is_added() -> None:
    later = replace(ENTRY, task_ids=("kie-2", "kie-1"), code=501, is_signed=False)

    assert later.after(ENTRY) == replace(later, task_ids=("kie-1", "kie-2"))
    assert later.after(None) == later
    assert later.after(replace(ENTRY, nonce="n2")) == later


def test_ids_without_end_are_not_kept() -> None:
    entry = ENTRY
    for number in range(20):
        entry = replace(ENTRY, task_ids=(f"kie-{number}",)).after(entry)

    assert entry.task_ids == ("kie-1", "kie-0", "kie-2", "kie-3", "kie-4")


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"version": 2}, {**ENTRY.to_json(), "task_ids": None}, {**ENTRY.to_json(), "nonce": 7}],
)
def test_what_is_no_entry_is_none(value: object) -> None:
    assert CallbackEntry.from_json(value) is None


def test_ids_that_are_none_are_left_out() -> None:
    value = {**ENTRY.to_json(), "task_ids": ["kie-1", 7, "a b", ""], "code": True, "is_signed": "yes"}

    assert CallbackEntry.from_json(value) == replace(ENTRY, code=None, is_signed=False)
