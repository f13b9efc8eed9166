"""What was published is not published again, whatever becomes of the reply, the process or the request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from authorities import self_signed
from fakes import GivenTime
from poster import (
    Fault,
    Handler,
    Poster,
    answering,
    drip_before_the_answer,
    hang_up_midway,
    lose_the_reply,
    lose_the_request,
)

from airflow_provider_runway.exceptions import (
    PublicationError,
    PublicationInDoubtError,
    RecordsFolderError,
)
from airflow_provider_runway.publishing.publication import RECORD_KEY
from airflow_provider_runway.storage.records import RecordsFolder

from .publishing_task import Publishing, video_file

LOST: list[Fault] = [lose_the_reply, *map(answering, (500, 502, 503, 504, 302, 303))]
FIND: dict[str, Any] = {"fields": {"external_id": "{kie_task_id}"}, "find": "/posts?external_id={kie_task_id}"}


class Crash(BaseException):
    """The process has died, without a chance to do anything about it."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The records folder."""
    folder = tmp_path / "records"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(folder))
    return folder


@pytest.fixture(params=["store", "folder"])
def recorded(request: pytest.FixtureRequest) -> str:
    """Where the record is kept."""
    if request.param == "folder":
        request.getfixturevalue("folder")
    backend: str = request.param
    return backend


def task(folder: Path, recorded: str = "store", **parameters: Any) -> Publishing:
    video = {"task_id": "task-1", "saved_to": str(video_file(folder))}
    return Publishing(has_store=recorded == "store", video=video, **parameters)


@pytest.mark.parametrize("fault", LOST)
def test_a_post_whose_reply_is_lost_is_not_sent_again(
    poster: Poster, tmp_path: Path, recorded: str, fault: Fault
) -> None:
    poster.faults.append(fault)
    publishing = task(tmp_path, recorded)
    with pytest.raises(
        AirflowFailException, match=r"It may be published\. Look at .* for it. If it is there, mark"
    ) as one:
        publishing.run()
    taken = len(poster.posts)
    with pytest.raises(AirflowFailException, match=r"nobody knows whether it is published.*Nothing was sent now"):
        publishing.run()
    assert len(poster.posts) == taken
    way_out = "records forget" if recorded == "folder" else f"delete the key '{RECORD_KEY}'"
    assert way_out in str(one.value)


def test_the_way_out_of_a_doubt_works(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(lose_the_request)
    publishing = task(tmp_path)
    with pytest.raises(AirflowFailException):
        publishing.run()
    publishing.store.delete(RECORD_KEY)
    publishing.clear()
    assert publishing.run()["response"]["id"] == 1


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


def answer_nothing(handler: Handler) -> None:
    handler.answer(200, [])


def answer(status: int, said: Any) -> Fault:
    return lambda handler: handler.answer(status, said)


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
        [{"id": "p-1"}],
    ],
)
def test_json_that_says_what_is_there_is_the_result(poster: Poster, tmp_path: Path, there: Any) -> None:
    poster.faults.append(lose_the_reply)
    poster.answers.append(saying(there))
    publishing = task(tmp_path, **FIND)
    assert publishing.run()["response"] == there
    assert (len(poster.posts), publishing.record["stage"]) == (1, "published")


@pytest.mark.parametrize("nothing", [[], {}, {"items": [], "total": 0}, {"data": None}, {"found": False}, None])
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


def test_a_put_whose_reply_is_lost_is_sent_again(poster: Poster, tmp_path: Path, recorded: str) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, recorded, method="PUT", body="raw", http_conn_id=None)
    url = f"{poster.url}/fox.mp4?X-Amz-Credential=c&X-Amz-Date=%s&X-Amz-Signature=%s"
    with pytest.raises(PublicationInDoubtError, match="A retry sends it again, which changes nothing") as caught:
        publishing.run(endpoint=url % (1, "first"))
    assert "first" not in str(caught.value)
    assert publishing.run(endpoint=url % (2, "second"))["status"] == 201
    assert len(poster.posts) == 2
    assert publishing.run(endpoint=url % (3, "third"))["status"] == 201
    assert len(poster.posts) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {"X-Title": "another"}},
        {"fields": {"title": "another"}},
        {"endpoint": "/posts?draft=1"},
        {"file_field": "video"},
        {"publish_key": "another"},
        {"method": "POST"},
    ],
)
def test_a_request_in_doubt_that_has_changed_is_refused(
    poster: Poster, tmp_path: Path, changed: dict[str, Any], recorded: str
) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, recorded, method="PUT")
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    with pytest.raises(AirflowFailException, match=r"The request has changed since|nobody knows"):
        publishing.run(**changed)
    assert len(poster.posts) == 1


def test_fields_headers_and_signatures_make_no_other_publication(poster: Poster, tmp_path: Path, recorded: str) -> None:
    publishing = task(tmp_path, recorded)
    first = publishing.run()
    signed = "?X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=s"
    for changed in ({"fields": {"title": "new"}}, {"headers": {"X-A": "b"}}, {"endpoint": f"/posts{signed}"}):
        assert publishing.run(**changed) == first
    publishing.clear()
    assert publishing.run() == first
    assert len(poster.posts) == 1


def test_another_video_or_place_is_another_publication(poster: Poster, tmp_path: Path, recorded: str) -> None:
    publishing = task(tmp_path, recorded)
    publishing.run()
    publishing.run(endpoint="/reels")
    publishing.run(endpoint="/reels", video=str(video_file(tmp_path, "hare.mp4", b"a hare")))
    assert [post.path for post in poster.posts] == ["/posts", "/reels", "/reels"]


def test_what_was_published_before_another_is_not_published_again(
    poster: Poster, tmp_path: Path, recorded: str
) -> None:
    publishing = task(tmp_path, recorded)
    first = publishing.run()
    second = publishing.run(endpoint="/reels")

    assert publishing.run() == first
    assert publishing.run(endpoint="/reels") == second
    publishing.run(endpoint="/stories")
    assert [publishing.run(), publishing.run(endpoint="/reels")] == [first, second]
    assert [post.path for post in poster.posts] == ["/posts", "/reels", "/stories"]


def test_a_publish_key_stands_for_video_and_place(poster: Poster, tmp_path: Path, recorded: str) -> None:
    publishing = task(tmp_path, recorded, publish_key="episode 7")
    first = publishing.run()
    hare = str(video_file(tmp_path, "hare.mp4", b"a hare"))
    assert publishing.run(video=hare, endpoint="/reels")["published_to"] == first["published_to"]
    assert publishing.run(publish_key="episode 8", video=hare)["response"]["id"] == 2


def test_a_try_that_was_killed_while_it_sent_leaves_a_doubt(
    poster: Poster, tmp_path: Path, recorded: str, monkeypatch: pytest.MonkeyPatch, time_passes: GivenTime
) -> None:
    from airflow_provider_runway.publishing.records import PublicationRecords

    def die(*_: object, **__: object) -> None:
        raise Crash

    publishing = task(tmp_path, recorded)
    with monkeypatch.context() as patch:
        patch.setattr(PublicationRecords, "write", die)
        with pytest.raises(Crash):
            publishing.run()
    with pytest.raises(AirflowFailException, match="nobody knows whether it is published"):
        publishing.run()
    assert len(poster.posts) == 1
    assert sum(time_passes.pauses) <= 120
    monkeypatch.setitem(publishing.parameters, "find", "/posts?external_id=task-1")
    poster.answers.append(answer(200, {"id": 1}))
    assert publishing.run()["response"] == {"id": 1}
    assert len(poster.posts) == 1


def test_what_a_living_try_may_still_be_sending_is_not_sent_again(
    poster: Poster, tmp_path: Path, recorded: str, monkeypatch: pytest.MonkeyPatch, time_passes: GivenTime
) -> None:
    from airflow_provider_runway.publishing.sender import Service

    def die(*_: object, **__: object) -> None:
        raise Crash

    publishing = task(tmp_path, recorded, timeout=600, **FIND)
    with monkeypatch.context() as patch:
        patch.setattr(Service, "send", die)
        patch.setattr("airflow_provider_runway.publishing.publisher.Publisher._write", die)
        with pytest.raises(Crash):
            publishing.run()
    assert publishing.run()["response"]["id"] == 1
    assert sum(time_passes.pauses) >= 660
    assert len(poster.posts) == 1


def test_an_interrupted_send_that_was_not_whole_is_sent_again(
    poster: Poster, tmp_path: Path, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_runway.publishing.body import _Video

    def stop(*_: object) -> bytes:
        raise Crash

    publishing = task(tmp_path, recorded)
    with monkeypatch.context() as patch:
        patch.setattr(_Video, "read", stop)
        with pytest.raises(Crash):
            publishing.run()
    assert publishing.run()["response"]["id"] == 1


def test_a_connection_that_is_cut_before_all_is_sent_leaves_no_doubt(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(hang_up_midway)
    publishing = Publishing(video=str(video_file(tmp_path, size=20_000_000)))
    with pytest.raises(
        PublicationError, match=r"could not be sent .* bytes left.*Nothing was published. .*A retry sends"
    ):
        publishing.run()
    assert publishing.record["stage"] == "unsent"
    assert publishing.run()["response"]["id"] == 1


def test_an_answer_that_drips_ends_in_time(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(drip_before_the_answer)
    publishing = task(tmp_path, timeout=0.5)
    with pytest.raises(AirflowFailException, match=r"has not answered \(there was no whole answer in 0.5 s"):
        publishing.run()
    assert publishing.record["stage"] == "doubt"


def test_an_answer_that_drips_over_tls_ends_in_time(
    time_passes: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    with Poster(certificate=certificate) as poster:
        connection = {"conn_type": "http", "host": poster.url, "extra": {"verify": str(certificate)}}
        monkeypatch.setenv("AIRFLOW_CONN_POSTER", json.dumps(connection))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])  # the connection's own comes first
        poster.faults.append(drip_before_the_answer)
        publishing = task(tmp_path, timeout=1)
        with pytest.raises(AirflowFailException, match=r"has not answered \(there was no whole answer in 1 s"):
            publishing.run()
        publishing.store.delete(RECORD_KEY)
        assert publishing.run(timeout=60)["status"] == 201


def test_where_no_record_is_kept_only_what_cannot_be_published_is_sent_again(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [answering(429), lose_the_reply]
    publishing = task(tmp_path, "nowhere")
    with pytest.raises(PublicationError):
        publishing.run()
    with pytest.raises(AirflowFailException, match="If it is not, clear this task: it publishes"):
        publishing.run()
    with pytest.raises(AirflowFailException, match="no record is kept that tells"):
        publishing.run()
    assert len(poster.posts) == 1
    publishing.clear()
    assert publishing.run()["response"]["id"] == 2


def test_where_no_record_is_kept_a_killed_try_is_not_followed_by_another(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_runway.publishing.sender import Service

    def die(*_: object, **__: object) -> None:
        raise Crash

    publishing = task(tmp_path, "nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(Service, "send", die)
        with pytest.raises(Crash):
            publishing.run()
    with pytest.raises(AirflowFailException, match="no record is kept that tells"):
        publishing.run()
    assert poster.posts == []


def test_where_no_record_is_kept_the_service_is_asked(poster: Poster, tmp_path: Path) -> None:
    poster.faults += [lose_the_reply, lose_the_request]
    poster.answers.append(answer_nothing)
    publishing = task(tmp_path, "nowhere", **FIND)
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["response"] == [{"id": 1}]
    assert len(poster.posts) == 1


def test_where_no_record_is_kept_a_put_is_sent_again(poster: Poster, tmp_path: Path) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, "nowhere", method="PUT")
    with pytest.raises(PublicationInDoubtError):
        publishing.run()
    assert publishing.run()["status"] == 201


def test_two_tries_at_once_publish_once(poster: Poster, tmp_path: Path, folder: Path) -> None:
    one, other = task(tmp_path, "folder"), task(tmp_path, "folder")
    poster.faults.append(lambda handler: begin_another(handler, other))
    assert one.run()["response"]["id"] == 1
    assert len(poster.posts) == 1


def begin_another(handler: Handler, other: Publishing) -> None:
    """While this one is being answered, another try begins."""
    with pytest.raises(AirflowFailException, match="nobody knows whether it is published"):
        other.run()
    handler.poster.posts.append(handler.receive())
    handler.answer(201, {"id": 1})


def test_nothing_is_sent_where_the_record_cannot_be_kept(poster: Poster, tmp_path: Path, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises((RecordsFolderError, AirflowFailException), match="This try has published nothing"):
        task(tmp_path, "folder").run()
    assert poster.posts == []


def test_no_later_try_says_that_nothing_is_published(
    poster: Poster, tmp_path: Path, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poster.faults.append(lose_the_reply)
    publishing = task(tmp_path, recorded)
    with pytest.raises(AirflowFailException):
        publishing.run()
    with pytest.raises(AirflowFailException, match="What an earlier try sent may be published"):
        publishing.run(video="/nowhere.mp4")
    with pytest.raises(AirflowFailException, match="What an earlier try sent may be published"):
        publishing.run(http_conn_id="nobody")
    published = task(tmp_path, recorded, publish_key="another")
    if recorded == "store":
        published.run()
        with pytest.raises(AirflowFailException, match="This try has published nothing"):
            published.run(video="/nowhere.mp4")


def test_a_record_that_cannot_be_read_is_not_none(poster: Poster, tmp_path: Path) -> None:
    publishing = task(tmp_path)
    publishing.store.set(RECORD_KEY, {"version": 9, "stage": "published"})
    with pytest.raises(AirflowFailException, match=r"cannot be read.*It may be published"):
        publishing.run()
    assert poster.posts == []


def test_a_record_in_the_store_counts_where_a_folder_is_set_later(
    poster: Poster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing = task(tmp_path)
    publishing.run()
    (tmp_path / "records").mkdir()
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path / "records"))
    publishing.run()
    assert len(poster.posts) == 1


def test_what_cannot_be_recorded_after_it_was_published_is_said_and_returned(
    poster: Poster, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RecordsFolderError("The folder is away.")

    publishing = task(tmp_path, "folder")
    monkeypatch.setattr(RecordsFolder, "add_outcome", away)
    assert publishing.run()["response"]["id"] == 1
    assert "could not be recorded: a retry takes the outcome for unknown" in capsys.readouterr().out


def test_the_record_is_plain_and_holds_no_secret(poster: Poster, tmp_path: Path, folder: Path) -> None:
    task(tmp_path, "folder", fields={"title": "the title"}).run()
    files = [file for file in folder.rglob("*.json") if "_probe" not in str(file)]
    text = "".join(file.read_text() for file in files)
    assert {json.loads(file.read_text())["of"]["name"] for file in files} == {"publication"}
    assert not any(word in text for word in ("of-the-poster", "editor", "the title"))


SENDING = """
import json, resource, sys
sys.path[:0] = {path!r}
from transfers.publishing_task import Publishing
result = Publishing(video=sys.argv[1], fields={{"title": "A fox"}}, body=sys.argv[2]).run()
assert result["status"] == 201
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("body", ["multipart"])
def test_a_video_of_200_mb_is_sent_in_constant_memory(poster: Poster, tmp_path: Path, body: str) -> None:
    script = SENDING.format(path=[str(Path(__file__).parents[1])])
    small, large = video_file(tmp_path, size=1_000_000), video_file(tmp_path, "large.mp4", size=200_000_000)
    peaks = []
    for file in (small, large):
        done = subprocess.run(
            [sys.executable, "-c", script, str(file), body], env=os.environ, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert next(post.size for post in poster.posts) < 2_000_000
    assert poster.posts[1].size > 200_000_000
    assert peaks[1] - peaks[0] < 30_000, peaks  # KiB
