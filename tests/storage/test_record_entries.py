"""The key of an Airflow task, and what the files of a record say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.storage.record_entries import LARGEST, Coordinates, fault_in, nonces, written

NAMES = st.text(st.characters(), max_size=6)  # lone surrogates too
COORDINATES = st.builds(
    Coordinates,
    dag_id=NAMES,
    run_id=NAMES,
    task_id=NAMES,
    map_index=st.integers(-1, 12),
    name=NAMES,
    region=st.none() | NAMES,
)
FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")


@given(COORDINATES, COORDINATES)
def test_other_coordinates_have_another_key(one: Coordinates, other: Coordinates) -> None:
    assert (one.key == other.key) == (one == other)


@given(st.lists(st.sampled_from("ab1:"), min_size=2, max_size=8).map("".join), st.data())
def test_a_text_cut_elsewhere_has_another_key(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True))
    one, other = (Coordinates(dag_id=text[:at], run_id=text[at:], task_id="make") for at in places)

    assert one.key != other.key


def test_a_key_stays_what_it_is() -> None:
    """Another release has to find the records of this one."""
    assert FOX.key == "0e24508e188e87f737895f94c008d29b3f1e77ba548dc0f94059947370b32a7a"
    assert (
        replace(FOX, map_index=3, region="1/0").key
        == "1b71600c8481f89aa3a78ebce718f7427900d95a70c489927defaab114e53503"
    )


@given(COORDINATES, st.dictionaries(NAMES, st.none() | NAMES | st.integers() | st.booleans(), max_size=3))
def test_what_is_written_is_read_back(of: Coordinates, value: dict[str, Any]) -> None:
    content = written("submission", of, nonce="one", value=value)

    assert content.isascii()
    assert fault_in(json.loads(content), "submission", of.key) is None
    assert json.loads(content)["value"] == value
    assert nonces(content) == ("one", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["version", "kind", "of", "at", "nonce", "value"]), inner, max_size=6)
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["submission", "outcome", "value"]))
def test_what_is_no_record_has_a_fault_in(value: Any, kind: Any) -> None:
    assert fault_in(value, kind, FOX.key)


@given(st.data())
def test_a_record_with_a_field_of_another_type_has_a_fault(data: st.DataObject) -> None:
    record = json.loads(written("outcome", FOX, nonce="one", id="x", writer="try 1", value={}))
    name = data.draw(st.sampled_from(["version", "kind", "of", "at", "nonce", "writer", "value"]))
    other = data.draw(st.none() | st.booleans() | st.floats() | st.lists(st.text(max_size=2), max_size=2))

    assert fault_in({**record, name: other}, "outcome", FOX.key)
    del record[name]
    assert fault_in(record, "outcome", FOX.key)


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"{}", b"\xff", b"[" * 100_000])
def test_of_no_record_there_is_no_nonce(content: bytes) -> None:
    assert nonces(content) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object(), "x" * LARGEST])
def test_what_could_not_be_read_back_is_not_written(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        written("value", FOX, value=value)
