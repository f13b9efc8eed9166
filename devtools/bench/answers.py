"""What the server says: "still running", in the words of each contender's service, or an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# As long as the ids that are asked for, one of which takes its place: a record of another task counts as a fault.
SOME_TASK_ID = "ee603959-debb-48d1-98c4-a6d1c717eba5"
_RECORD: Mapping[str, Any] = {
    "taskId": SOME_TASK_ID,
    "parentTaskId": "",
    "generateParam": {
        "prompt": "A fluffy orange cat dancing energetically in a colorful room with disco lights",
        "imageUrl": "",
        "expandPrompt": True,
    },
    "state": "generating",
    "generateTime": "2026-11-22 14:30:45",
    "videoInfo": None,
    "failCode": 0,
    "failMsg": "",
    "expireFlag": 0,
}
_DBT_RUN: Mapping[str, Any] = {
    "status": {"code": 200, "is_success": True, "user_message": "Success!", "developer_message": ""},
    "data": {"id": 1, "account_id": 7, "job_definition_id": 3, "status": 3, "in_progress": True, "is_complete": False},
}
_DATABRICKS_RUN: Mapping[str, Any] = {
    "job_id": 3,
    "run_id": 1,
    "state": {"life_cycle_state": "RUNNING", "state_message": "In run", "result_state": ""},
    "run_page_url": "https://example.com/run/1",
}


def answer(status: int, body: Mapping[str, Any]) -> bytes:
    """An HTTP answer with a JSON body, after which the connection stays open."""
    text = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Date: Sun, 22 Nov 2026 14:30:45 GMT\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\n"
        "Connection: keep-alive\r\n\r\n"
    )
    return head.encode() + text


def kie_error(code: int, *, as_status: bool) -> bytes:
    """An error of KIE.AI: in the body alone, as KIE.AI itself says most of them, or as HTTP status too."""
    return answer(code if as_status else 200, {"code": code, "msg": "benchmark", "data": None})


# By the beginning of the path. A 404 is what HttpSensorTrigger takes for "not yet".
RUNNING: Mapping[bytes, bytes] = {
    b"/api/v1/runway/": answer(200, {"code": 200, "msg": "success", "data": _RECORD}),
    b"/api/v2/accounts/": answer(200, _DBT_RUN),
    b"/api/2.": answer(200, _DATABRICKS_RUN),
    b"/sensor/": answer(404, {"detail": "not yet"}),
}
