"""What KIE.AI posts when a task has ended: which task it names, and nothing else that would be believed.

The id is in one of four places, by family and by page of the documentation; ``data`` may be null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.rules import is_task_id

# Bytes. The largest has a request of KIE's in it, with a prompt of some thousand characters.
LARGEST_BODY = 262_144
_PLACES = ("task_id", "taskId")
_STAGES = ("text", "first")
# A code of KIE's has three digits.
_CODES = range(1000)


@dataclass(frozen=True, slots=True)
class Callback:
    """What a callback says.

    :param task_ids: The KIE task, as KIE gave its id; several, where places disagree; none, where none names it.
    :param code: 200 for a success; ``None`` where it says nothing.
    :param is_over: Whether it says that the task has ended. Of a song KIE calls three times: with its text, with the
        first of its takes, and when it is complete.
    """

    task_ids: tuple[str, ...]
    code: int | None
    is_over: bool = True


def read_callback(content: bytes) -> Callback:
    """Read the body of a callback.

    :param content: The body, of :data:`LARGEST_BODY` bytes at most.
    :raises ValueError: If it is no JSON object.
    """
    if len(content) > LARGEST_BODY:
        raise ValueError(f"it has more than {LARGEST_BODY} bytes")
    try:
        body = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(body, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - one error for all that is malformed
    data = body.get("data")
    found = [*_ids(data if isinstance(data, dict) else {}), *_ids(body)]
    code = whole_number(body.get("code"))
    stage = data.get("callbackType") if isinstance(data, dict) else None
    is_over = not (isinstance(stage, str) and stage.strip().lower() in _STAGES)
    return Callback(tuple(dict.fromkeys(found)), code if code in _CODES else None, is_over)


def _ids(part: dict[str, Any]) -> list[str]:
    texts = (part.get(place) for place in _PLACES)
    return [text for text in texts if isinstance(text, str) and is_task_id(text)]
