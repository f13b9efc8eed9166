"""``airflow runway records`` on what ``VideoToHttpOperator`` has recorded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.publishing.publication import Publication, Publish, Refuse, Stage, plan
from airflow_provider_runway.publishing.records import read_entry
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, WORDS, Call

pytestmark = pytest.mark.usefixtures("given_time", "server_context")
OF = replace(FOX, name="publication")
SENT = Publication(
    stage=Stage.INTENT, identity="one", request="r", place="https://a.example/posts", sha256="f",
    intended_at="2026-11-01T00:00:00+00:00", over_by="2026-11-01T00:10:00+00:00", kie_task_id="task-1",
)  # fmt: skip


def current(folder: RecordsFolder) -> Publication:
    return read_entry(folder.entries(OF)[-1])


def test_a_publication_in_doubt_is_listed_shown_and_forgotten(call: Call, folder: RecordsFolder) -> None:
    folder.create(OF, 1, "n", SENT.to_json())
    assert isinstance(plan(current(folder), SENT, repeats=False, finds=False), Refuse)
    (row,) = json.loads(call("records", "list", "--state", "in-doubt", "--output", "json").out)
    assert (row["task_id"], row["state"], row["kie_task_id"]) == (OF.task_id, "in doubt", "task-1")
    assert "name publication" in call("records", "show", *WORDS).err

    refused = call("records", "set-id", "task-9", *WORDS)
    assert (refused.code, "mark the Airflow task as successful" in refused.err) == (ExitCode.REFUSED, True)

    done = call("records", "forget", OF.key[:16], "--yes")
    assert "It is unknown whether this is published: what was sent to https://a.example/posts" in done.err
    assert "it publishes anew" in done.err
    assert plan(current(folder), SENT, repeats=False, finds=False) == Publish()
    assert "There is nothing to forget: the publication is forgotten" in call("records", "forget", *WORDS).err


def test_what_is_published_can_be_forgotten_and_is_not_open(call: Call, folder: RecordsFolder) -> None:
    folder.create(OF, 1, "n", SENT.to_json())
    folder.add_outcome(OF, 1, "n", "try 1", replace(SENT, stage=Stage.PUBLISHED).to_json())
    (row,) = json.loads(call("records", "list", "--output", "json").out)
    assert row["state"] == "published"
    assert "have not ended" not in call("records", "prune", "--older-than", "2099-01-01", "--dry-run").err
    assert "This is published: what was sent" in call("records", "forget", *WORDS, "--yes").err
