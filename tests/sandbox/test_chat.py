"""Language models, asked as OpenAI's are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import Api

GPT = "/gpt-5-2/v1/chat/completions"
GEMINI = "/gemini-2.5-flash/v1/chat/completions"


def asking(text: object, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}], **more}


def test_an_answer_has_openais_form_and_is_charged(api: Api, runway_sandbox: Sandbox) -> None:
    reply = api.http.post(GPT, json=asking("A whale."))

    answer = reply.json()
    [choice] = answer["choices"]
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    assert choice["message"]["content"].startswith("A whale.")
    assert (answer["object"], answer["model"], "code" in answer) == ("chat.completion", "gpt-5-2", False)
    assert reply.headers["content-type"].startswith("text/plain")
    assert runway_sandbox.ledger.charged == answer["credits_consumed"] > 0


@pytest.mark.parametrize(
    ("path", "more", "streams"), [(GPT, {}, False), (GPT, {"stream": True}, True), (GEMINI, {}, True)]
)
def test_who_does_not_say_may_get_pieces(api: Api, path: str, more: dict[str, Any], streams: bool) -> None:
    reply = api.http.post(path, json=asking("A whale.", **more))

    assert (reply.headers["content-type"].split(";")[0] == "text/event-stream") is streams
    if streams:
        *pieces, end = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
        deltas = [json.loads(piece)["choices"][0]["delta"].get("content", "") for piece in pieces]
        assert ("".join(deltas).startswith("A whale."), end) == (True, "[DONE]")
    assert api.http.post(path, json=asking("A whale.", stream=False)).json()["choices"]


def test_parts_of_a_message_are_read(api: Api) -> None:
    parts = [{"type": "text", "text": "A whale."}, {"type": "image_url", "image_url": {"url": "https://e.com/a.png"}}]

    assert api.post(GPT, asking(parts))["choices"][0]["message"]["content"].startswith("A whale.")


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": "x"}, {"messages": [None]}, asking(None), asking(3)]
)
def test_what_is_no_conversation_is_refused(api: Api, body: dict[str, Any]) -> None:
    answer = api.post(GPT, body)

    assert (answer["code"], "choices" in answer) == (422, False)


def test_errors_are_answered_with_200_and_have_no_data(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(429), on="chat", times=1)
    busy = api.http.post(GPT, json=asking("A whale."))
    runway_sandbox.configure(credits=0)
    poor = api.http.post(GPT, json=asking("A whale."))
    api.http.headers["Authorization"] = "Bearer wrong"
    refused = api.http.post(GPT, json=asking("A whale."))

    assert [reply.status_code for reply in (busy, poor, refused)] == [200] * 3
    assert [reply.json()["code"] for reply in (busy, poor, refused)] == [429, 402, 401]
    assert set(refused.json()) == {"code", "msg"}
    assert runway_sandbox.ledger.charged == 0
