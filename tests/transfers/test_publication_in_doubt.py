"""What is in doubt is asked for at the service, where that can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime
from poster import Fault, Poster, lose_the_reply, lose_the_request

from airflow_provider_runway.exceptions import PublicationInDoubtError

from .publishing_task import FIND, answer, answer_nothing, task, video_file


def test_a_lost_reply_is_asked_for_at_once(poster: Poster, tmp_path: Path, recorded: str) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, recorded, **FIND)
    result = publishing.run()
    assert (result["status"], result["response"]) == (None, [{"id": 1}])
    assert publishing.run()["published_at"] == result["published_at"]
    assert (len(poster.posts), len(poster.asked)) == (1, 1)


def test_what_is_not_found_is_sent_again_once_it_cannot_come_any_more(
    poster: Poster, tmp_path: Path, recorded: str, time_passes: GivenTime
) -> None:
    poster.faults.append(lose_the_request)
    publishing = task(tmp_path, recorded, **FIND)
    with pytest.raises(PublicationInDoubtError, match="A retry asks again, and sends what is not there"):
        publishing.run()
    assert publishing.run()["response"]["id"] == 1
    assert sum(time_passes.pauses) >= 59  # times are kept to the second
    assert len(poster.posts) == 1


def test_what_comes_late_is_found_and_not_sent_again(poster: Poster, tmp_path: Path, recorded: str) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers += [answer_nothing, answer_nothing]
    publishing = task(tmp_path, recorded, **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["response"] == [{"id": 1}]
    assert len(poster.posts) == 1


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [(answer(500, None), True), (answer(401, None), False), (answer(302, None), False), (answer(200, b"{"), False)],
)
def test_a_service_that_does_not_say_leaves_the_doubt(
    poster: Poster, tmp_path: Path, fault: Fault, retryable: bool
) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers += [fault, fault]
    publishing = task(tmp_path, **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    kind = PublicationInDoubtError if retryable else AirflowFailException
    with pytest.raises(kind, match=r"does not say whether|find_filter cannot read"):
        publishing.run()
    assert (len(poster.posts), publishing.record["stage"]) == (1, "doubt")


def saying(said: Any, kind: str = "application/json") -> Fault:
    return lambda handler: handler.answer(200, said, Content_Type=kind)


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"<html>Please log in</html>", "text/html"),
        saying({"items": [], "page": 1}),
        saying({"status": "ok", "data": None}),
        saying({"status": "ok", "data": {}}),
        saying({"error": "not found"}),
        saying({"id": "p-1", "Errors": [{"code": 17}]}),
        saying({"code": 404, "message": "No such post", "status": 404}),
        saying({"detail": "Not found."}),
        saying({"ok": True, "found": False}),
        saying({"success": True}),
        saying({"success": False, "post": None}),
        saying({"kind": "list", "items": [], "pageInfo": {"totalResults": 0, "resultsPerPage": 5}}),
        saying({"id": "request-1", "items": []}),
        saying({"jsonrpc": "2.0", "id": 1, "result": None}),
        saying({"kind": "Listing", "data": {"modhash": "m", "dist": 0, "children": []}}),
        saying({"ok": True, "result": []}),
        saying({"elements": [], "paging": {"start": 0, "count": 10}}),
        saying({"data": [], "links": {"self": "https://poster.invalid/posts"}}),
        saying({"data": {"posts": {"nodes": [], "pageInfo": {"hasNextPage": False}}}}),
        saying({"data": None, "errors": [{"message": "not found"}]}),
        saying({"data": {"post": None}, "extensions": {"cost": 1}}),
        saying({"object": "list", "url": "/posts", "data": [], "has_more": False}),
        saying({"accounts": [{"id": 1}], "statuses": []}),
        saying({"user": {"id": 1}, "total": 0}),
        saying({"status": "ok", "count": 0}),
        saying({"status": "not_found"}),
        saying({"status": 404, "body": {"code": "rest_post_invalid_id"}}),
        saying({"code": "rest_post_invalid_id", "message": "Invalid post ID.", "data": {"status": 404}}),
        saying({"status": "fail", "reason": "no such post"}),
        saying({"errorCode": 5}),
        saying({"status": "ok"}),
        saying({"private": False}),
        saying({"data": {"success": False}}),
        saying([{"error": "not found"}]),
        saying([{}]),
        saying("Not found"),
        saying(b"[]", "text/plain"),
        saying(b" \n", "text/plain"),
        saying(b"Not Found\n", "text/plain"),
    ],
)
def test_an_answer_that_may_mean_either_neither_sends_again_nor_claims_that_it_is_there(
    poster: Poster, tmp_path: Path, given_time: GivenTime, answer: Fault
) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers += [answer] * 3
    publishing = task(tmp_path, **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    with pytest.raises(AirflowFailException, match=r"does not say whether.*Give find_filter.*It may be published"):
        publishing.run()
    assert (len(poster.posts), publishing.record["stage"]) == (1, "doubt")


@pytest.mark.parametrize(
    "there",
    [
        {"id": "p-1", "error": None, "message": "ok"},
        {"status": "published"},
        {"id": "p-1", "private": False, "success": True},
        {"exists": True},
        [{"id": "p-1"}],
        {"items": [{"id": "p-1", "tags": [], "likeCount": 0}], "pageInfo": {"totalResults": 1}},
        {"id": "p-1", "account": {"id": 2}, "tags": [], "replies_count": 0},
        {"id": "p-1", "attachments": [], "mentions": []},
        {"code": 20000, "data": {"id": "p-1"}},
        {"kind": "Listing", "data": {"children": [{"data": {"id": "p-1"}}], "dist": 1}},
        {"data": [{"id": "p-1"}], "meta": {"result_count": 1}},
        {"data": {"post": {"id": "p-1", "tags": []}}},
        {"page": 0, "items": [{"id": "p-1"}], "total": 1},
        {"code": 200, "message": "ok", "data": {"id": "p-1"}},
        "p-1",
    ],
)
def test_json_that_says_what_is_there_is_the_result(poster: Poster, tmp_path: Path, there: Any) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers.append(saying(there))
    publishing = task(tmp_path, **FIND)
    assert publishing.run()["response"] == there
    assert (len(poster.posts), publishing.record["stage"]) == (1, "published")


@pytest.mark.parametrize(
    "nothing",
    [
        [],
        {},
        {"items": [], "total": 0},
        {"data": None},
        {"found": False},
        {"results": [], "has_more": False},
        {"data": {"post": None}},
        {"meta": {"result_count": 0}},
        None,
    ],
)
def test_json_in_which_all_is_empty_says_that_it_is_not_there(
    poster: Poster, tmp_path: Path, given_time: GivenTime, nothing: Any
) -> None:
    poster.faults.append(lose_the_request)
    poster.answers += [saying(nothing)] * 30
    publishing = task(tmp_path, **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["status"] == 201
    assert len(poster.posts) == 1


def test_what_is_published_stays_so_where_the_service_cannot_be_asked_for_it(poster: Poster, tmp_path: Path) -> None:
    poster.answers.append(answering_asked(500))
    publishing = task(tmp_path, response_filter=lambda _: 1 / 0, **FIND)
    with pytest.raises(AirflowFailException, match="It is published"):
        publishing.run()
    result = publishing.run()
    assert (result["status"], result["response"], len(poster.posts)) == (201, None, 1)


def answering_asked(status: int) -> Fault:
    return lambda handler: handler.answer(status)


def test_find_filter_says_what_was_found(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers.append(answer(200, {"items": [{"id": "p-9"}]}))
    find = {**FIND, "find_filter": lambda response: response.json()["items"]}
    assert task(tmp_path, **find).run()["response"] == [{"id": "p-9"}]


def test_it_is_asked_for_the_task_that_the_first_request_carried(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers.append(answer_nothing)
    publishing = task(tmp_path, **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    made_anew = {"task_id": "task-2", "saved_to": str(video_file(tmp_path, "hare.mp4", b"a hare"))}
    result = publishing.run(video=made_anew)
    assert poster.asked == ["/posts?external_id=task-1"] * 2
    assert [post.fields for post in poster.posts] == [[("external_id", "task-1")], [("external_id", "task-2")]]
    assert result["kie_task_id"] == "task-2"
