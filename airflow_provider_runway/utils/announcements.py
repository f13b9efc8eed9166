"""What a task says of its video while it runs, as XComs: ``runway`` before it waits, ``failure`` before it fails.

Callbacks, alerts, other tasks and the page "Videos" read them. Airflow deletes both when the next try begins, and keeps
them over a deferral. Saying it never fails a task.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.errors import GenerationFailedError, RunwayError
from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.kie.requests import JobRequest, Request
from airflow_provider_runway.kie.rules import MAX_PROMPT_LENGTH
from airflow_provider_runway.kie.schedule import guessed_median
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, readable
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.utils import metrics

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

RUNWAY_KEY = "runway"
FAILURE_KEY = "failure"
VERSION = 1
# Characters of any other text, and of how many parameters of a model.
_LONGEST_TEXT = 500
_MOST_PARAMETERS = 30
_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


def announce(context: Context, **facts: Any) -> None:
    """Push ``runway``: what is known of a task's video so far.

    :param context: The task's context.
    :param facts: What is known, as JSON values; what is ``None`` is left out.
    """
    known = _known(facts)
    _push(context, RUNWAY_KEY, {"model": facts.get("kind"), **known, "schema_version": VERSION})


def announce_failure(
    context: Context, error: BaseException, *, paid: str, is_paid: bool | None, advice: str, task_id: str | None = None
) -> None:
    """Push ``failure``: why a task is about to fail.

    :param context: The task's context.
    :param error: Why it fails, before advice is added to its message.
    :param paid: What is paid, as a sentence.
    :param is_paid: Whether anything is; ``None`` where nobody knows.
    :param advice: What to do, as sentences.
    :param task_id: The KIE task concerned, where the error does not know.
    """
    reason = reason_of(error)
    metrics.count("failures", by=reason)
    _push(
        context,
        FAILURE_KEY,
        {
            "reason": reason,
            "error": type(error).__name__,
            "message": _concealed(shortened(str(error), 2 * LONGEST_MESSAGE)),
            "task_id": getattr(error, "task_id", None) or task_id,
            "paid": is_paid,
            "payment": paid,
            "advice": advice,
            "page": page("errors.md"),
            "schema_version": VERSION,
        },
    )


def reason_of(error: BaseException) -> str:
    """Why a task fails, in a word: KIE's reason for a video that it failed, or the error's name in small letters."""
    if isinstance(error, GenerationFailedError):
        return error.reason
    if not isinstance(error, RunwayError):
        return "unexpected"
    return _WORDS.sub("_", type(error).__name__.removesuffix("Error")).lower()


def facts_of_request(request: Request | None) -> dict[str, Any]:
    """What a request says of the video that it asks for; nothing that may hold a secret (links, callback addresses)."""
    if request is None:
        return {}
    if isinstance(request, JobRequest):
        values = {name: value for name, value in request.input.items() if name != "prompt"}
        return {
            "prompt": request.input.get("prompt"),
            "model": request.model,
            "parameters": values,
            **{name: values.get(name) for name in ("duration", "quality", "aspect_ratio")},
        }
    named = {name: getattr(request, name, None) for name in ("prompt", "duration", "quality", "aspect_ratio")}
    seed = getattr(request, "seed", None)
    return {**named, "parameters": None if seed is None else {"seed": seed}}


def known_facts(request: Request | None, *, kind: str) -> dict[str, Any]:
    """What a request says of the video that it asks for, bounded, with the name of its model.

    :param kind: The kind of its KIE task, which is the model where nothing else names one.
    """
    return {"model": kind, **_known(facts_of_request(request))}


def expected_at(submitted_at: str | None, profile: str) -> str | None:
    """When a video is expected to be ready, ISO 8601: as long after its submission as half of its like take.

    :param submitted_at: When it was submitted, ISO 8601.
    :param profile: A name as in the price list.
    """
    from airflow_provider_runway.results import to_iso

    if submitted_at is None:
        return None
    try:
        return to_iso(datetime.fromisoformat(submitted_at) + timedelta(seconds=guessed_median(profile)))
    except (ValueError, OverflowError):
        return None


def in_dollars(price: float | None) -> float | None:
    """Credits as US dollars."""
    return None if price is None else round(price * DOLLARS_PER_CREDIT, 6)


def shortened(text: str, longest: int) -> str:
    """A text of bounded length, which any database can hold."""
    text = readable(text)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _bounded(name, value) for name, value in facts.items() if value is not None}


def _bounded(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value, MAX_PROMPT_LENGTH if name == "prompt" else _LONGEST_TEXT)
    if name == "parameters" and isinstance(value, Mapping):
        some = list(value.items())[:_MOST_PARAMETERS]
        return {shortened(str(key), 100): _plain(each) for key, each in some if _plain(each) is not None}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return _plain(value)


def _plain(value: Any) -> Any:
    """A number, a flag, or a text that is no address: links may be signed. Of anything else nothing."""
    if isinstance(value, str):
        return None if "://" in value or value.startswith("data:") else shortened(value, _LONGEST_TEXT)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if isinstance(value, (bool, int)) and abs(value) < 2**53 else None


def _concealed(text: str) -> str:
    """The text without what Airflow masks in logs."""
    from airflow.sdk._shared.secrets_masker import redact  # airflow.sdk.log has it without exporting it

    return str(redact(text))


def _push(context: Context, key: str, value: dict[str, Any]) -> None:
    try:
        context["ti"].xcom_push(key, value)
    except Exception as error:  # noqa: BLE001 - what is paid for counts, not what is said of it
        log.warning("XCom %r could not be pushed (%s).", key, type(error).__name__)
