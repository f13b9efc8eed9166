"""Calls at the address where Airflow's API server has the receiver."""

from __future__ import annotations

import json
import time

import httpx
from starlette.testclient import TestClient
from versions import AIRFLOW

from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.signatures import signature

from .deferred import NONCE, WAITS, Waiting

KEY, SECRET, NAME = "k3y-of-mine", "whsec-demo-key", "AIRFLOW_CONN_RUNWAY_DEFAULT"
BODY = {"code": 200, "msg": "All generated successfully.", "data": {"task_id": "kie-1", "video_url": "https://m/v"}}
TOKEN = CallbackToken(
    conn_id="runway_default",
    dag_id="clips",
    run_id="manual__1",
    task_id="video",
    nonce=NONCE,
    expires_at=int(time.time()) + 3600,
)
CALLED = {"task_id": "kie-1", "state": "called"}
HAS_STORE = AIRFLOW >= (3, 3)


class Caller:
    """KIE.AI, or who claims to be."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def call(
        self, token: CallbackToken | str = TOKEN, body: object = BODY, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        text = token if isinstance(token, str) else token.sign(KEY)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer: httpx.Response = self.client.post(f"/runway/callback/{text}", content=content, headers=headers)
        return answer

    def sign(self, task_id: str = "kie-1", at: float | None = None, key: str = SECRET) -> dict[str, str]:
        stamp = str(int(time.time() if at is None else at))
        return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature(key, task_id, stamp)}


def untouched(waiting: Waiting) -> bool:
    seen = waiting.seen()
    return (seen.state, seen.event) == ("deferred", None) and waiting.trigger()[1] == WAITS
