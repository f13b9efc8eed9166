"""The table of KIE's endpoints, against what its pages say."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie.api import NO_CALLBACK, lookups
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.families import ENDPOINTS, FAMILIES, check_endpoint, kind_of, shortest_pause
from airflow_provider_runway.kie.kinds import KINDS, Kind
from airflow_provider_runway.kie.requests import TaskRequest

from .support import call_of

SUNO = "generate generate/extend generate/upload-cover generate/upload-extend generate/add-instrumental"
NEEDING_CALLBACK = {
    *(SUNO + " generate/add-vocals generate/mashup").split(),
    *("wav/generate", "vocal-removal/generate", "midi/generate", "mp4/generate"),
}
BODY = {"taskId": "t-1", "prompt": "A fox"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_endpoint_is_sent_its_body_as_it_is(endpoint: str) -> None:
    call = call_of(TaskRequest(endpoint=endpoint, body=BODY), "jobs")

    assert call.path == f"/api/v1/{endpoint}"
    if endpoint == "veo/get-1080p-video":
        assert (call.method, call.query, call.body) == ("GET", BODY, None)
    else:
        callback = {"callBackUrl": NO_CALLBACK} if endpoint in NEEDING_CALLBACK else {}
        assert (call.method, call.query, call.body) == ("POST", None, {**BODY, **callback})


def test_a_callback_url_takes_the_place_of_nobodys() -> None:
    request = TaskRequest(endpoint="generate", body=BODY, callback_url="https://a.example/back", extra_fields={"x": 1})
    assert call_of(request).body == {**BODY, "x": 1, "callBackUrl": "https://a.example/back"}


@pytest.mark.parametrize("fields", ["body", "extra_fields"])
def test_the_callback_url_is_no_field_among_others(fields: str) -> None:
    given: dict[str, Any] = {"endpoint": "lyrics", "body": {}, fields: {"callBackUrl": "https://a.example"}}
    with pytest.raises(InvalidRequestError, match="must not repeat a field that is a parameter: callback_url"):
        TaskRequest(**given)


@pytest.mark.parametrize("name", ["veo", "", "/api/v1/veo/generate", None, 7, ["lyrics"], "runway/generate"])
def test_an_endpoint_that_is_not_known_is_refused_with_those_that_are(name: object) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"endpoint must be one of veo/generate, veo/extend, .*generate-persona"
    ):
        check_endpoint(name)
    assert kind_of(name) is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"runway", "aleph", "job"}])
def test_each_kind_is_looked_up_where_its_family_is(kind: Kind) -> None:
    [place] = lookups("t-1", kind, "jobs")
    assert (place.task_id, place.call.path) == ("t-1", FAMILIES["runway", kind].path)
    sent = place.call.query or place.call.body
    assert sent is not None
    assert sent["taskId"] == "t-1"


def test_a_copy_is_looked_up_by_the_video_and_its_place() -> None:
    assert lookups("t-1#2", "veo-1080p")[0].call.query == {"taskId": "t-1", "index": "2"}
    assert lookups("t-1#2", "veo-4k")[0].call.body == {"taskId": "t-1", "index": 2}


def test_a_task_of_the_unified_api_is_of_no_family_with_endpoints_of_its_own() -> None:
    with pytest.raises(InvalidRequestError, match="a task of the unified API, whose kind is 'job'"):
        lookups("jobs:t-1", "veo")


def test_what_kie_answers_at_once_is_not_looked_up() -> None:
    with pytest.raises(InvalidRequestError, match="kind must be"):
        lookups("t-1", "answer")


def test_copies_are_polled_as_rarely_as_kie_asks() -> None:
    assert (shortest_pause("veo-1080p"), shortest_pause("veo-4k"), shortest_pause("veo")) == (20.0, 30.0, 1.0)


@pytest.mark.parametrize("task_id", [None, "", 7, "two words"])
def test_a_copy_of_no_video_is_not_ordered(task_id: object) -> None:
    with pytest.raises(InvalidRequestError, match=r"body\['taskId'\] must be the id of a KIE task"):
        call_of(TaskRequest(endpoint="veo/get-4k-video", body={"taskId": task_id}))
