"""Language models, asked in OpenAI's form: one answer at once, or in pieces."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.fields import INVALID
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, encode

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_PRICE = 0.05
_LONGEST_ECHO = 300
_STREAMING = "gemini"  # whose answers come in pieces unless a whole one is asked for
_PIECES = 3


async def complete(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /<model>/v1/chat/completions``: the last message, made longer by a fixed sentence.

    A whole answer is announced as plain text, as recorded; errors have no ``data`` here.
    """
    body = request.payload or {}
    asked = _last_text(body.get("messages"))
    if asked is None:
        raise Refusal(INVALID, "messages is required")
    sandbox.charge(request, _PRICE, asked)
    model = str(request.path_params["model"])
    text = f"{asked[:_LONGEST_ECHO]} Soft light at dawn, the camera glides slowly forward, wind in the grass."
    stream = body.get("stream", _STREAMING in model)
    if stream:
        return Reply(_pieces(request, model, text), media_type="text/event-stream", code=200)
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": len(asked), "completion_tokens": len(text), "total_tokens": len(asked) + len(text)}
    whole = {
        **_head(request, model, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
        "credits_consumed": _PRICE,
    }
    return Reply(encode(whole), media_type="text/plain;charset=UTF-8", code=200)


def _pieces(request: SandboxRequest, model: str, text: str) -> bytes:
    head, size = _head(request, model, "chat.completion.chunk"), len(text) // _PIECES + 1
    deltas: list[dict[str, Any]] = [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    lines = [b"data: " + encode({**head, "choices": [choice]}) for choice in choices]
    return b"\n\n".join([*lines, b"data: [DONE]", b""])


def _head(request: SandboxRequest, model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(request.at), "model": model}


def _last_text(messages: object) -> str | None:
    """What was said last, be it a text or parts of one."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None
