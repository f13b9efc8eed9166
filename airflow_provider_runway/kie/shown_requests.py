"""Whether a KIE record shows a certain request: :func:`difference`. It is how a KIE task is told whose id was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_runway.kie.api import destination, submission_call
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.requests import ExtendRequest, JobRequest, Request, TaskRequest
from airflow_provider_runway.kie.rules import is_url
from airflow_provider_runway.kie.signed_urls import unsigned
from airflow_provider_runway.kie.task_ids import Api

# KIE's names of what a video is made from: one that is made from something else is another, whatever its prompt.
_SOURCES = frozenset(
    {"taskId", "imageUrl", "videoUrl", "referenceImage", "task_id", "image_url", "video_url", "reference_image"}
)
# The first frame of an extension, which KIE takes from the video that is extended.
_FIRST_FRAMES = frozenset({"imageUrl", "image_url"})
_NOTHING = (None, "")


def difference(asked: Mapping[str, Any], request: Request, api: Api, *, unknown_urls: frozenset[str]) -> str | None:
    """In what a KIE record shows another request than this one; ``None`` if it shows this one.

    What the record leaves out is not compared, but for the prompt (all fields, where a model has none), the model and
    the video that is extended: these it has to show.

    :param asked: What the record shows, see :class:`~airflow_provider_runway.kie.tasks.VideoTask`.
    :param request: The request.
    :param api: The connection's API.
    :param unknown_urls: URLs of the request that stand for files: where those were uploaded to is not known.
    :return: KIE's name of the field.
    """
    sent = _sent(request, api)
    shown = {name: value for name, value in asked.items() if value not in _NOTHING}
    needed = {"prompt"} if sent.get("prompt") not in _NOTHING else set(sent)
    needed |= {"model", "taskId", "task_id"} if isinstance(request, ExtendRequest) else {"model"}
    for name in sorted(needed & sent.keys()):
        if name not in shown and sent[name] not in _NOTHING:
            return name
    for name, value in sent.items():
        if name in shown and not _is_same(value, shown[name], unknown_urls):
            return name
    if isinstance(request, (JobRequest, TaskRequest)):
        return None
    foreign = _SOURCES - {name for name, value in sent.items() if value not in _NOTHING}
    foreign -= _FIRST_FRAMES if isinstance(request, ExtendRequest) else frozenset()
    return min(foreign & shown.keys(), default=None)


def _sent(request: Request, api: Api) -> dict[str, Any]:
    """The fields of a request by KIE's names, as :class:`~.VideoTask` has what was asked for."""
    where = destination(request, api)
    body = dict(submission_call(request, where).body or {})
    inner = body.pop("input", {}) if where.api == "jobs" else {}
    body.pop("callBackUrl", None)
    return {**inner, **body}


def _is_same(sent: Any, shown: Any, unknown_urls: frozenset[str]) -> bool:
    """Whether two JSON values are the same, as KIE tells them: a number may be a text, and more may be filled in."""
    if isinstance(sent, str) and sent in unknown_urls:
        return True
    if isinstance(sent, Mapping):
        return isinstance(shown, Mapping) and all(
            name in shown and _is_same(value, shown[name], unknown_urls) for name, value in sent.items()
        )
    if isinstance(sent, (list, tuple)):
        same_length = isinstance(shown, (list, tuple)) and len(shown) == len(sent)
        return same_length and all(_is_same(*pair, unknown_urls) for pair in zip(sent, shown, strict=True))
    return not isinstance(shown, (Mapping, list, tuple)) and _text(sent) == _text(shown)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        value = unsigned(value) if is_url(value) else value.strip()
    number = whole_number(value)
    return str(value) if number is None else str(number)
