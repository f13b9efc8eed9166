from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from airflow_provider_runway.exceptions import PublicationInDoubtError, UnreadableRecordError
from airflow_provider_runway.publishing.publication import (
    Plan,
    Publication,
    Publish,
    Published,
    Refuse,
    Settle,
    Stage,
    combine,
    plan,
)

NOW = "2026-11-26T12:00:00+00:00"
WANTED = Publication(
    stage=Stage.INTENT, identity="one", request="r", place="https://a.example/", sha256="f", intended_at=NOW,
    over_by="2026-11-26T12:10:00+00:00",
)  # fmt: skip


def decide(earlier: Publication | None, **how: bool) -> Plan:
    return plan(earlier, WANTED, **{"repeats": False, "finds": False, **how})


def test_it_is_sent_where_nothing_was() -> None:
    for earlier in (None, replace(WANTED, stage=Stage.UNSENT), replace(WANTED, stage=Stage.FORGOTTEN)):
        assert decide(earlier) == Publish()


def test_what_is_published_is_not_sent_whatever_the_request() -> None:
    published = replace(WANTED, stage=Stage.PUBLISHED, request="another")
    for how in ({}, {"repeats": True}, {"finds": True}):
        assert decide(published, **how) == Published(published)
    other = decide(replace(published, identity="two"))
    assert isinstance(other, Publish)
    assert "published as well" in str(other.note)


@pytest.mark.parametrize("stage", [Stage.INTENT, Stage.DOUBT])
def test_a_doubt_is_asked_for_or_repeated_or_left_to_a_person(stage: Stage) -> None:
    earlier = replace(WANTED, stage=stage, reason="HTTP status 502")
    assert decide(earlier, finds=True, repeats=True) == Settle(earlier)
    assert isinstance(decide(earlier, repeats=True), Publish)
    refused = decide(earlier)
    assert isinstance(refused, Refuse)
    assert isinstance(refused.error, PublicationInDoubtError)
    assert "(HTTP status 502)" in str(refused.error)


@pytest.mark.parametrize("changed", [{"identity": "two"}, {"request": "another"}])
def test_a_doubt_about_another_request_is_never_repeated(changed: dict[str, str]) -> None:
    refused = decide(replace(WANTED, **changed), repeats=True)  # type: ignore[arg-type]
    assert isinstance(refused, Refuse)
    assert "changed since" in str(refused.error)


def test_a_record_is_read_as_it_was_written() -> None:
    written = replace(WANTED, stage=Stage.PUBLISHED, response={"id": 1}, status=201, published_at=NOW)
    assert Publication.from_json(json.loads(json.dumps(written.to_json()))) == written


@pytest.mark.parametrize(
    "changed",
    [{"version": 2}, {"stage": "sent"}, {"identity": None}, {"intended_at": "x"}, {"over_by": None}, {"sha256": 5}],
)
def test_what_is_no_record_is_not_taken_for_none(changed: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecordError):
        Publication.from_json({**WANTED.to_json(), **changed})
    others: list[object] = [None, [], "x", {}]
    for value in others:
        with pytest.raises(UnreadableRecordError):
            Publication.from_json(value)


def test_of_all_that_is_said_publication_is_believed() -> None:
    said = [replace(WANTED, stage=stage) for stage in (Stage.DOUBT, Stage.UNSENT, Stage.PUBLISHED)]
    for outcomes in permutations(said):
        assert combine(WANTED, list(outcomes)).stage is Stage.PUBLISHED
    assert combine(WANTED, said[:2]).stage is Stage.UNSENT
    assert combine(WANTED, said[:1]).stage is Stage.DOUBT
    assert combine(WANTED, []) == WANTED


def test_what_a_person_has_left_behind_counts_again_only_if_it_is_published_since() -> None:
    published, forgotten = (replace(WANTED, stage=stage) for stage in (Stage.PUBLISHED, Stage.FORGOTTEN))
    assert combine(WANTED, [published, forgotten]).stage is Stage.FORGOTTEN
    assert combine(WANTED, [forgotten, published]).stage is Stage.PUBLISHED
    assert combine(WANTED, [forgotten, replace(WANTED, stage=Stage.DOUBT)]).stage is Stage.FORGOTTEN
