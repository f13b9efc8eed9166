from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.sandbox import (
    CutAfter,
    CutBefore,
    CutMedia,
    Delay,
    Expire,
    Fail,
    Fault,
    Garbage,
    Missing,
    NoTaskId,
    NoUrl,
    Redirect,
    Refuse,
    Sandbox,
    States,
    WrongLength,
)

from .support import TEXT_TO_VIDEO, Api

GENERATE = "/api/v1/runway/generate"
CREDIT = "/api/v1/chat/credit"


def test_a_refusal_comes_in_the_body_and_makes_nothing(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(455, "Maintenance until noon"), on="submit", times=1)

    answers = [api.generate(), api.generate()]

    assert [answer["code"] for answer in answers] == [455, 200]
    assert answers[0]["msg"] == "Maintenance until noon"
    assert len(runway_sandbox.tasks) == 1


def test_a_refusal_may_have_a_status_and_say_when_to_come_back(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(429, http_status=429, retry_after=2.5), on="credit")

    reply = api.http.get(CREDIT)

    assert (reply.status_code, reply.headers["retry-after"], reply.json()["code"]) == (429, "2.5", 429)


def test_a_gateway_may_give_up_on_what_was_carried_out(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(504, http_status=504, accepted=True), on="submit")

    assert api.http.post(GENERATE, json=TEXT_TO_VIDEO).status_code == 504
    assert len(runway_sandbox.ledger.charges) == 1
    assert runway_sandbox.ledger.submissions[0].task_id == runway_sandbox.tasks[0].task_id


@pytest.mark.parametrize(("action", "charges"), [(CutBefore(), 0), (CutAfter(), 1)])
def test_a_connection_is_cut_before_or_after_acceptance(
    api: Api, runway_sandbox: Sandbox, action: CutBefore | CutAfter, charges: int
) -> None:
    runway_sandbox.fault(action, on="submit")

    with pytest.raises(httpx.RemoteProtocolError):
        api.generate()

    ledger = runway_sandbox.ledger
    assert len(ledger.charges) == charges
    assert (ledger.requests[0].status, ledger.requests[0].fault) == (0, Fault(action=action).name)


def test_an_answer_may_come_late(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Delay(3600), on="credit", times=1)

    with pytest.raises(httpx.ReadTimeout):
        api.http.get(CREDIT, timeout=httpx.Timeout(60, read=0.05))

    assert api.get(CREDIT)["code"] == 200  # the others do not wait for it


def test_pauses_add_up_and_leave_room_for_another_fault(api: Api, runway_sandbox: Sandbox) -> None:
    for action in (Delay(0.05), Refuse(500), Delay(0.05), Refuse(455)):
        runway_sandbox.fault(action, on="credit", times=1)
    begun = time.monotonic()

    first, second = api.get(CREDIT), api.get(CREDIT)

    assert time.monotonic() - begun >= 0.1
    assert (first["code"], second["code"]) == (500, 455)
    assert runway_sandbox.ledger.requests[0].fault == "delay+refuse+delay"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("html", b"<!DOCTYPE html>"),
        ("truncated", b'{"code":200,"msg":"su'[:20]),
        ("empty", b""),
        ("shape", b'{"status":"ok"'),
        ("null", b'{"code":200,"msg":"success","data":null}'),
    ],
)
@pytest.mark.parametrize("accepted", [True, False])
def test_garbage_comes_in_many_kinds_with_and_without_a_charge(
    api: Api, runway_sandbox: Sandbox, kind: Any, body: bytes, accepted: bool
) -> None:
    runway_sandbox.fault(Garbage(kind, http_status=502, accepted=accepted), on="submit")

    reply = api.http.post(GENERATE, json=TEXT_TO_VIDEO)

    assert reply.status_code == 502
    assert reply.content.startswith(body)
    assert len(runway_sandbox.ledger.charges) == accepted


def test_an_accepted_submission_may_lack_its_id(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(NoTaskId())

    assert api.generate() == {"code": 200, "msg": "success", "data": {}}
    assert len(runway_sandbox.ledger.charges) == 1


def test_states_are_told_out_of_order_and_then_truly_for_each_task(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(States(("SUCCESS", "wait", "dancing", None)))
    tasks = [api.made(), api.made()]

    told = [[api.record(task)["state"] for _ in range(5)] for task in tasks]

    assert told == [["SUCCESS", "wait", "dancing", None, "success"]] * 2


def test_success_may_lack_its_url_for_some_polls(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    runway_sandbox.fault(NoUrl(), times_per_task=2)
    task_id = api.made()
    assert api.record(task_id)["state"] == "wait"
    runway_sandbox.advance(60)

    urls = [api.video_url(task_id) for _ in range(3)]

    assert urls[:2] == ["", ""]
    assert urls[2].endswith(".mp4")


@pytest.mark.parametrize("null", [False, True])
def test_a_record_may_be_missing_for_some_polls(api: Api, runway_sandbox: Sandbox, null: bool) -> None:
    runway_sandbox.fault(Missing(null=null), times_per_task=2)
    task_id = api.made()

    answers = [api.get("/api/v1/runway/record-detail", taskId=task_id) for _ in range(3)]

    assert [answer["code"] for answer in answers] == ([200] * 3)
    assert [answer["data"] is None for answer in answers] == [True, True, False]


def test_a_running_task_can_be_made_to_fail_at_a_poll(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    task_id = api.made()
    runway_sandbox.fault(Fail("Upload failed, network", 400), on="record", task_id=task_id)

    record = api.record(task_id)

    assert (record["state"], record["failMsg"]) == ("fail", "Upload failed, network")
    assert runway_sandbox.balance == 5000
    assert api.record(task_id)["state"] == "fail"
    assert len(runway_sandbox.ledger.refunds) == 1


def test_media_can_be_made_to_expire(api: Api, runway_sandbox: Sandbox) -> None:
    task_id = api.made()
    url = api.video_url(task_id)
    runway_sandbox.fault(Expire(), prompt="lighthouse", times=1)

    assert api.record(task_id)["expireFlag"] == 1
    assert api.media(url).status_code == 404


def test_a_file_may_break_off(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())
    whole = api.media(url).content
    runway_sandbox.fault(CutMedia(after=1000))
    arrived: list[bytes] = []

    with (
        httpx.stream("GET", url, trust_env=False, verify=False) as reply,
        pytest.raises(httpx.RemoteProtocolError, match="received 1000 bytes"),
    ):
        arrived.extend(reply.iter_bytes())

    assert b"".join(arrived) == whole[:1000]
    assert reply.headers["content-length"] == str(len(whole))


def test_a_cut_file_can_be_resumed_through_a_second_cut(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())
    whole = api.media(url).content
    runway_sandbox.fault(CutMedia(after=500), times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        api.media(url, Range="bytes=1000-")

    assert api.media(url, Range="bytes=1500-").content == whole[1500:]


def test_a_file_may_be_shorter_than_announced_or_lack_its_end(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())
    whole = api.media(url).content
    runway_sandbox.fault(WrongLength(by=10), times=1)
    runway_sandbox.fault(WrongLength(by=-10), times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        api.media(url)
    assert api.media(url).content == whole[:-10]
    assert api.media(url).content == whole


def test_media_may_redirect(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())
    runway_sandbox.fault(Redirect("file:///etc/passwd"), times=1)

    reply = api.media(url)

    assert (reply.status_code, reply.headers["location"]) == (302, "file:///etc/passwd")


def test_a_fault_strikes_only_what_it_is_meant_for(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(500), on="submit", prompt="storm")
    one = api.made(prompt="calm")
    other = api.made(prompt="calm")
    runway_sandbox.fault(Missing(), task_id=one)

    assert api.generate()["code"] == 500
    assert api.record(one) is None
    assert api.record(other)["state"] == "success"
    assert api.get(CREDIT)["code"] == 200


def test_a_fault_can_wait_for_its_turn(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(500), on="credit", skip=2, times=1)

    assert [api.get(CREDIT)["code"] for _ in range(4)] == [200, 200, 500, 200]


def test_chances_are_taken_and_repeat(api: Api, runway_sandbox: Sandbox) -> None:
    def codes() -> list[int]:
        runway_sandbox.clear_faults()
        runway_sandbox.fault(Refuse(500), on="credit", probability=0.5, seed=3)
        return [api.get(CREDIT)["code"] for _ in range(20)]

    first = codes()

    assert set(first) == {200, 500}
    assert codes() == first


def test_faults_are_counted_and_can_be_ended(api: Api, runway_sandbox: Sandbox) -> None:
    one = runway_sandbox.fault(Refuse(500), on="credit")
    runway_sandbox.fault(Refuse(455), on="credit")
    api.get(CREDIT)

    assert [each["struck"] for each in runway_sandbox.faults] == [1, 0]
    runway_sandbox.clear_faults(one)
    assert api.get(CREDIT)["code"] == 455
    runway_sandbox.clear_faults()
    assert api.get(CREDIT)["code"] == 200
    with pytest.raises(ValueError, match="no fault 77"):
        runway_sandbox.clear_faults(77)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({}, "action"),
        ({"action": "explode"}, "action"),
        ({"action": ["refuse"]}, "action"),
        ({"action": "refuse", "on": "moon"}, "on"),
        ({"action": "refuse", "times": -1}, "times"),
        ({"action": "refuse", "skip": "x"}, "skip"),
        ({"action": "refuse", "probability": 2}, "probability"),
        ({"action": "refuse", "colour": "red"}, "colour"),
        ({"action": "garbage", "kind": "poem"}, "kind"),
        ({"action": "delay"}, "seconds"),
        ({"action": "delay", "seconds": -1}, "seconds"),
        ({"action": "states", "states": []}, "states"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(
    runway_sandbox: Sandbox, value: dict[str, Any], named: str
) -> None:
    reply = httpx.post(f"{runway_sandbox.url}/_sandbox/faults", json=value, trust_env=False, verify=False)

    assert reply.status_code == 400
    assert named in reply.json()["error"]


_ACTIONS = st.one_of(
    st.builds(Refuse, st.integers(400, 599), st.none() | st.text(max_size=9), accepted=st.booleans()),
    st.builds(Delay, st.floats(0, 100)),
    st.builds(Garbage, st.sampled_from(["html", "truncated", "empty", "shape", "null"]), accepted=st.booleans()),
    st.builds(States, st.lists(st.text(max_size=5) | st.integers() | st.none(), min_size=1, max_size=3).map(tuple)),
    st.builds(WrongLength, st.integers()),
    st.sampled_from([CutBefore(), CutAfter(), NoTaskId(), NoUrl(), Missing(null=True), Expire(), CutMedia(7)]),
    st.builds(Fail, st.text(max_size=9), st.integers()),
    st.builds(Redirect, st.text(max_size=9)),
)


@given(action=_ACTIONS, times=st.none() | st.integers(0, 9), prompt=st.none() | st.text(max_size=9))
def test_every_fault_survives_the_way_through_json(
    runway_sandbox: Sandbox, action: Any, times: int | None, prompt: str | None
) -> None:
    fault = Fault(action=action, times=times, prompt=prompt)

    assert Fault.from_json(fault.to_json()) == fault
    number = runway_sandbox.fault(action, times=times, prompt=prompt)
    shown = runway_sandbox.faults[-1]
    assert (shown.pop("number"), shown.pop("struck")) == (number, 0)
    assert Fault.from_json(shown) == fault
