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

from airflow_provider_runway.exceptions import PublicationError, PublicationInDoubtError
from airflow_provider_runway.publishing.publication import RECORD_KEY

from .publishing_task import FIND, Crash, Publishing, answer, task, video_file

LOST: list[Fault] = [lose_the_reply, *map(answering, (500, 502, 503, 504, 302, 303))]


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
