"""Publishing a stored video: what is sent, and what comes of it. That it happens once: test_published_once.py."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem
from poster import Fault, Poster, answering, drip_the_body, drip_the_headers, refuse_at_once
from requests import Session

from airflow_provider_runway.exceptions import InvalidRequestError, PublicationError, UnreadableFileError
from airflow_provider_runway.publishing.result import PublishResult

from .conftest import SECRETS
from .publishing_task import Publishing, sha256, video_file


def test_a_form_has_the_fields_in_their_order_and_the_video_at_its_end(poster: Poster, tmp_path: Path) -> None:
    file = video_file(tmp_path, "füchse.mp4")
    fields = {"title": 'Füchse "im" Schnee\n', "tags": ["fox", "snow"], "public": True, "seconds": 5, "none": None,
              "place": {"lat": 38.7}}  # fmt: skip
    result = Publishing(video=str(file), fields=fields, headers={"X-Author": "Ana"}).run()
    (post,) = poster.posts
    assert (post.method, post.path, post.headers["X-Author"]) == ("POST", "/posts", "Ana")
    assert post.fields == [
        ("title", 'Füchse "im" Schnee\n'), ("tags", "fox"), ("tags", "snow"), ("public", "true"), ("seconds", "5"),
        ("place", '{"lat": 38.7}'),
    ]  # fmt: skip
    assert (post.video, post.file_name) == (file.read_bytes(), "füchse.mp4")
    assert result["response"] == {"id": 1, "url": "https://post.example/1"}
    assert (result["published_to"], result["status"]) == (f"{poster.url}/posts", 201)
    assert (result["path"], result["sha256"], result["size"]) == (f"file://{file}", sha256(file), file.stat().st_size)
    assert list(result) == list(PublishResult.__annotations__)
    assert json.loads(json.dumps(result)) == result


def test_a_presigned_url_gets_the_video_alone_and_no_credentials(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login netrc password of-the-machine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    file = video_file(tmp_path)
    url = f"{poster.url}/bucket/fox.mp4?X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=opens-the-door"
    task = Publishing(video=file, endpoint=url, http_conn_id=None, method="PUT", body="raw")
    result = task.run()
    (post,) = poster.posts
    assert (post.method, post.video, post.headers["Content-Type"]) == ("PUT", file.read_bytes(), "video/mp4")
    assert "Authorization" not in post.headers
    assert post.path.endswith("opens-the-door")
    assert "opens-the-door" not in json.dumps([result, task.record])


def test_the_connection_shows_who_is_asking_and_nothing_else_does(poster: Poster, tmp_path: Path) -> None:
    task = Publishing(video=str(video_file(tmp_path)))
    result = task.run()
    (post,) = poster.posts
    basic = base64.b64encode(f"{SECRETS['login']}:{SECRETS['password']}".encode()).decode()
    assert (post.headers["Authorization"], post.headers["X-Api-Key"]) == (f"Basic {basic}", "key-of-the-poster")
    assert "of-the-poster" not in json.dumps([result, task.record])


@pytest.mark.parametrize(
    "headers",
    [
        *[{name: "x"} for name in ("Authorization", "authorisation", "Proxy-Authorization", "Cookie", "X-Api-Key")],
        *[{name: "x"} for name in ("X-Auth-Token", "apikey", "X-Secret", "X-Session-Id", "Ocp-Apim-Subscription-Key")],
        *[{"X-Key": value} for value in ("Bearer abc", "basic YTpi", "Token x")],
        *[{name: "1"} for name in ("Host", "content-length", "Transfer-Encoding", "Content-Type", "a b", "ä")],
        *[{"X-Title": value} for value in ("a\nX-Evil: 1", "狐", b"fox", True)],
        {"X-A": "1", "x-a": "2"},
        "X-A: 1",
    ],
)
def test_no_header_of_the_task_is_a_credential_or_breaks_http(poster: Poster, tmp_path: Path, headers: Any) -> None:
    with pytest.raises((AirflowFailException, InvalidRequestError), match="headers") as caught:
        Publishing(video=str(video_file(tmp_path)), headers=headers).run()
    assert "YTpi" not in str(caught.value)
    assert poster.posts == []


def test_what_only_looks_like_a_credential_may_be_a_header(poster: Poster, tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "fox-1", "X-Author": "Ana", "X-Authority": "me", "Keywords": "keyboard", "X-Ä": None}
    Publishing(video=str(video_file(tmp_path)), headers=headers).run()
    assert poster.posts[0].headers["Idempotency-Key"] == "fox-1"


@pytest.mark.parametrize("endpoint", ["https://other.example/posts", "http://127.0.0.1:9/posts", "HTTP://127.0.0.1/a"])
def test_the_secrets_of_a_connection_go_to_its_host_alone(poster: Poster, tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(AirflowFailException, match="must be on the host of connection 'poster'"):
        Publishing(video=str(video_file(tmp_path)), endpoint=endpoint).run()
    Publishing(video=str(video_file(tmp_path)), endpoint=f"{poster.url}/posts").run()
    assert len(poster.posts) == 1


@pytest.mark.parametrize(
    "endpoint", ["ftp://a.example/x", "//a.example/x", "http://", "http://u:p@a.example/x", "a b", "a\nb", "", 5, None]
)
def test_an_endpoint_is_a_path_or_a_url(poster: Poster, tmp_path: Path, endpoint: Any) -> None:
    with pytest.raises((AirflowFailException, InvalidRequestError)) as caught:
        Publishing(video=str(video_file(tmp_path)), endpoint=endpoint, http_conn_id=None).run()
    assert "endpoint" in str(caught.value)
    assert "u:p@" not in str(caught.value)


def test_the_video_is_that_of_a_result_whose_task_the_fields_can_name(poster: Poster, tmp_path: Path) -> None:
    file = video_file(tmp_path)
    made = {"task_id": "task-1", "saved_to": f"file://{file}", "video_url": "https://a.example/fox.mp4"}
    task = Publishing(video=made, fields={"external_id": "{kie_task_id}", "note": "{other}"}, endpoint="/{kie_task_id}")
    result = task.run()
    assert poster.posts[0].fields == [("external_id", "task-1"), ("note", "{other}")]
    assert (poster.posts[0].path, result["kie_task_id"]) == ("/task-1", "task-1")
    film = {"path": str(file), "sha256": "", "duration": 15.0}
    assert Publishing(video=film).run()["kie_task_id"] is None
    with pytest.raises(AirflowFailException, match="video names no KIE task"):
        Publishing(video=film, fields={"external_id": "{kie_task_id}"}).run()


@pytest.mark.parametrize(
    ("video", "why"),
    [
        ({"task_id": "t", "saved_to": None}, "give save_to to the task that makes it"),
        ({}, "give save_to"),
        ([{"saved_to": "/a"}], "expand the task"),
        ("fox.mp4", "must be absolute"),
        ("/nowhere/fox.mp4", "there is no such file"),
        ("", "must name a place"),
        (None, "must name a place"),
        ("https://a.example/fox.mp4?sig=1", "must be stored"),
        (7, "must name a place"),
    ],
)
def test_a_video_that_is_not_stored_is_not_sent(poster: Poster, video: Any, why: str) -> None:
    with pytest.raises(AirflowFailException, match=why) as caught:
        Publishing(video=video).run()
    assert "Nothing was" in str(caught.value)
    assert poster.posts == []


def test_what_is_no_video_is_not_sent(poster: Poster, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(AirflowFailException, match="must be a video"):
        Publishing(video=str(tmp_path / "key.pem")).run()
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(AirflowFailException, match="must be a video"):
        Publishing(video=str(tmp_path / "empty.mp4")).run()
    assert poster.posts == []


def test_a_video_in_an_object_store_is_streamed(poster: Poster) -> None:
    attach("memory", fs=MemoryFileSystem())
    path = ObjectStoragePath("memory://films/fox.mp4")
    content = b"\0\0\0\x18ftypmp42" + bytes(3_000_000)
    path.write_bytes(content)
    Publishing(video=path).run()
    assert poster.posts[0].video == content


def test_a_file_that_changes_while_it_is_sent_is_not_published(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_runway.publishing.publisher import Publisher

    file, send = video_file(tmp_path), Publisher._send

    def change(publisher: Publisher) -> Any:
        file.write_bytes(b"\0\0\0\x18ftypmp42" + b"a hat in the snow")
        return send(publisher)

    monkeypatch.setattr(Publisher, "_send", change)
    task = Publishing(video=str(file))
    with pytest.raises(UnreadableFileError, match="has changed while it was sent") as caught:
        task.run()
    assert "Nothing was published. " in str(caught.value)
    assert "A retry sends it" in str(caught.value)
    assert (poster.posts, task.record["stage"]) == ([], "unsent")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_refusal_fails_for_good_and_publishes_nothing(poster: Poster, tmp_path: Path, status: int) -> None:
    poster.faults.append(answering(status, {"error": "no, key-of-the-poster"}))
    task = Publishing(video=str(video_file(tmp_path)))
    with pytest.raises(
        AirflowFailException, match=f"HTTP status {status}.*no, \\*\\*\\*.*Nothing was published"
    ) as caught:
        task.run()
    assert "key-of-the-poster" not in str(caught.value)
    assert task.record["stage"] == "unsent"
    assert ("credentials of connection 'poster'" in str(caught.value)) is (status in {401, 403})
    task.clear()
    assert task.run()["status"] == 201


@pytest.mark.parametrize("status", [408, 423, 425, 429])
def test_a_refusal_that_passes_is_retried(poster: Poster, tmp_path: Path, status: int) -> None:
    poster.faults.append(answering(status, Retry_After="7"))
    task = Publishing(video=str(video_file(tmp_path)))
    with pytest.raises(PublicationError, match="A retry sends it") as caught:
        task.run()
    assert (caught.value.retryable, caught.value.retry_after) == (True, 7.0)
    assert task.run()["response"]["id"] == 1


def test_a_refusal_that_comes_before_all_is_sent_is_understood(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(refuse_at_once)
    with pytest.raises((AirflowFailException, PublicationError), match=r"HTTP status 413|could not be sent") as caught:
        Publishing(video=str(video_file(tmp_path, size=20_000_000))).run()
    assert "Nothing was published" in str(caught.value)
    assert poster.posts == []


def test_a_service_that_is_not_there_is_tried_again(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_POSTER", json.dumps({"conn_type": "http", "host": "http://127.0.0.1:1/"}))
    with pytest.raises(PublicationError, match=r"could not be sent to http://127.0.0.1:1 \(.*refused") as caught:
        Publishing(video=str(video_file(tmp_path)), endpoint="/posts?sig=opens-the-door").run()
    assert caught.value.retryable
    assert "opens-the-door" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("conn_id", ["nobody", "broken"])
def test_a_connection_that_cannot_be_used_sends_nothing(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conn_id: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", json.dumps({"conn_type": "http", "schema": "http"}))
    with pytest.raises(AirflowFailException, match=f"'{conn_id}'.*Nothing was"):
        Publishing(video=str(video_file(tmp_path)), http_conn_id=conn_id).run()


def test_a_redirect_to_another_host_gets_neither_secrets_nor_the_video(poster: Poster, tmp_path: Path) -> None:
    with Poster() as other:
        poster.faults += [answering(status, Location=f"{other.url}/posts?t=1") for status in (307, 308, 301)]
        task = Publishing(video=str(video_file(tmp_path)))
        for _ in range(3):
            with pytest.raises(AirflowFailException, match=f"leads to {other.url}/posts.*Nothing was published"):
                task.run()
        assert (other.posts, other.asked) == ([], [])
    assert task.record["stage"] == "unsent"


def test_a_redirect_within_the_host_is_followed_with_the_whole_video(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [answering(307, Location="/v2/posts"), answering(308, Location="/v3/posts")]
    file = video_file(tmp_path)
    assert Publishing(video=str(file)).run()["status"] == 201
    assert [(post.path, post.video) for post in poster.posts] == [("/v3/posts", file.read_bytes())]


def test_redirects_without_end_are_given_up(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [answering(307, Location="/posts")] * 5
    with pytest.raises(AirflowFailException, match="HTTP status 307 leads to"):
        Publishing(video=str(video_file(tmp_path))).run()
    assert len(poster.faults) == 1


def test_connecting_takes_no_longer_than_all_of_it_may(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, pauses = Session.send, []

    def told(session: Session, request: Any, **how: Any) -> Any:
        pauses.append(how["timeout"])
        return send(session, request, **how)

    monkeypatch.setattr(Session, "send", told)
    Publishing(video=str(video_file(tmp_path)), timeout=5).run()
    assert pauses == [(5.0, 5.0)]


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_to_no_address_is_understood(poster: Poster, tmp_path: Path, status: int) -> None:
    poster.faults.append(answering(status, Location="http://poster.example:999999/"))
    with pytest.raises(AirflowFailException, match=r"leads to nowhere that can be read.*Nothing was published"):
        Publishing(video=str(video_file(tmp_path))).run()


def test_an_answer_that_switches_to_another_protocol_publishes_nothing_for_sure(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(answering(101))
    with pytest.raises(AirflowFailException, match=r"HTTP status 101\. It may be published"):
        Publishing(video=str(video_file(tmp_path))).run()


def test_response_filter_says_what_the_result_keeps(poster: Poster, tmp_path: Path) -> None:
    task = Publishing(video=str(video_file(tmp_path)), response_filter=lambda response: response.json()["url"])
    assert task.run()["response"] == "https://post.example/1"
    assert task.record["response"] == "https://post.example/1"


@pytest.mark.parametrize(
    "reads", [lambda _: int("id"), lambda _: object(), lambda _: float("nan"), lambda _: "x" * 70_000]
)
def test_a_response_filter_that_fails_hides_nothing_and_publishes_nothing_twice(
    poster: Poster, tmp_path: Path, reads: Any
) -> None:
    task = Publishing(video=str(video_file(tmp_path)), response_filter=reads)
    with pytest.raises(AirflowFailException, match=r"is published, and response_filter cannot read.*It is published"):
        task.run()
    assert task.run()["response"] is None
    assert len(poster.posts) == 1


@pytest.mark.parametrize(
    ("said", "kind", "response"),
    [
        (b'{"id": 5}', "application/json; charset=utf-8", {"id": 5}),
        (b"done", "text/plain", "done"),
        (b"{", "application/json", None),
        (b"<html>", "text/html", None),
        (b"", "application/json", None),
        (b'"' + b"x" * 70_000 + b'"', "application/json", None),
        (b"[" * 100_000, "application/json", None),
    ],
)
def test_without_a_filter_json_and_text_are_kept(
    poster: Poster, tmp_path: Path, said: bytes, kind: str, response: Any
) -> None:
    poster.faults.append(answering(200, said, Content_Type=kind))
    assert Publishing(video=str(video_file(tmp_path))).run()["response"] == response


@pytest.mark.parametrize("fault", [drip_the_headers, drip_the_body])
def test_an_answer_that_drips_without_end_takes_nothing_from_what_is_published(
    poster: Poster, tmp_path: Path, fault: Fault
) -> None:
    poster.faults.append(fault)
    task = Publishing(video=str(video_file(tmp_path)), timeout=0.5)
    assert task.run()["response"] is None
    assert task.record["stage"] == "published"


def test_parameters_are_checked_while_the_dag_is_read() -> None:
    for wrong in (
        {"method": "PATCH"}, {"body": "form"}, {"body": "raw", "fields": {"a": 1}}, {"timeout": 0}, {"file_field": " "},
        {"find_filter": len}, {"headers": {"Cookie": "a"}}, {"endpoint": "ftp://x/y"}, {"find": "http://u:p@x/"},
    ):  # fmt: skip
        with pytest.raises(InvalidRequestError):
            Publishing(video="/a.mp4", **wrong).run()


def test_templates_are_rendered_before_anything_is_checked(poster: Poster, tmp_path: Path) -> None:
    from airflow.sdk.definitions._internal.templater import NativeEnvironment

    from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator

    values: dict[str, Any] = {
        "made": {"saved_to": str(video_file(tmp_path)), "task_id": "t-1"},
        "title": "2026",
        "nothing": None,
    }
    for environment in (None, NativeEnvironment()):
        operator = VideoToHttpOperator(
            task_id="publish", http_conn_id="poster", endpoint="/posts?year={{ params.title }}",
            video="{{ params.made.saved_to }}", fields={"title": "{{ params.title }}", "a": ["{{ params.title }}"]},
            headers={"X-Year": "{{ params.title }}"}, publish_key="{{ params.title }}",
        )  # fmt: skip
        context: Any = {"params": values}
        operator.render_template_fields(context, environment)
        task = Publishing()
        operator.execute(task._context())
    assert {post.path for post in poster.posts} == {"/posts?year=2026"}
    assert [post.fields for post in poster.posts] == [[("title", "2026"), ("a", "2026")]] * 2
    operator = VideoToHttpOperator(
        task_id="publish", http_conn_id="poster", endpoint="/posts", video=values["made"],
        publish_key="{{ params.nothing }}",
    )  # fmt: skip
    operator.render_template_fields(context)
    with pytest.raises(AirflowFailException, match="publish_key must not come to nothing"):
        operator.execute(Publishing()._context())
