"""What a service says: of a publication that is in doubt, and in its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from airflow_provider_runway.publishing.errors import PublicationInDoubtError
from airflow_provider_runway.publishing.identity import origin
from airflow_provider_runway.publishing.publication import Publication
from airflow_provider_runway.publishing.sender import Service

Filter = Callable[[Any], Any]

# Seconds for a question.
_LONGEST = 60.0
# Where services put what they have found, which is none if they have not.
_WRAPPERS = {"data", "result"}
# By which they say with status 200 that they have not found it, or that asking went well, whatever they have found.
_ERRORS = {"error", "errors"}
_IS_THERE, _WENT_WELL = {"exists", "found"}, {"ok", "success"}
_STATES = {"state", "status"}
_HOW_IT_WENT = _STATES | _WENT_WELL | {"code", "detail", "message", "msg", "title", "type"}
# Characters of JSON that an answer may have as a result.
_LARGEST_RESULT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a service is asked for what an earlier request has published.

    :param url: Makes the URL, of the KIE task that the earlier one carried.
    :param reads: Makes what was found of an answer; nothing if it was not.
    """

    url: Callable[[str | None], str]
    reads: Filter

    def find(self, service: Service, earlier: Publication) -> Any:
        """What the service says of an earlier publication; ``None`` if it does not know it.

        :raises PublicationInDoubtError: If it does not say.
        """
        url = self.url(earlier.kie_task_id)
        answer = service.ask(url, _LONGEST)
        status = answer.response.status_code
        if status == HTTPStatus.NOT_FOUND:
            return None
        if not answer.response.ok or status >= HTTPStatus.MULTIPLE_CHOICES or answer.fault:
            what = answer.fault or f"HTTP status {status}"
            raise PublicationInDoubtError(
                f"{origin(url)} does not say whether it has published the video ({what}).",
                http_status=status,
                retryable=bool(answer.fault) or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
            )
        try:
            return result_of(self.reads(answer.response) or None)
        except PublicationInDoubtError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises
            what = service.conceal(f"{type(error).__name__}: {error}")
            raise PublicationInDoubtError(
                f"find_filter cannot read what {origin(url)} has answered ({what})."
            ) from None


def found_in(response: Any) -> Any:
    """What an answer to a question says was found: JSON or plain text that is not empty; otherwise nothing.

    :raises PublicationInDoubtError: If it can be taken for either, as a page, an object with an empty list, or one that
        tells of an error.
    """
    said = read_answer(response)
    if said is None:
        if response.content and not _is_json(response):
            raise _unclear(response, "what it answers is neither JSON nor plain text")
        return None
    if not isinstance(said, Mapping):
        return said
    told = {str(name).lower() for name, each in said.items() if each}
    denied = {str(name).lower() for name, each in said.items() if each is False}
    if not told and not denied & _WENT_WELL:
        return None
    held = [each for name, each in said.items() if name in _WRAPPERS or isinstance(each, (list, Mapping))]
    if held and not any(held):
        raise _unclear(response, "what it answers has something empty in it")
    if told & _ERRORS or denied & (_IS_THERE | _WENT_WELL) or (told <= _HOW_IT_WENT and not told <= _STATES):
        raise _unclear(response, "what it answers tells of an error, or of nothing but how asking went")
    return said


def _unclear(response: Any, why: str) -> PublicationInDoubtError:
    return PublicationInDoubtError(
        f"{origin(response.url)} does not say whether it has published the video: {why}.",
        detail="Give find_filter, which says what an answer means.",
        http_status=response.status_code,
    )


def _is_json(response: Any) -> bool:
    return "json" in response.headers.get("Content-Type", "").lower()


def read_answer(response: Any) -> Any:
    """What an answer says, if it is JSON or plain text."""
    if _is_json(response):
        return response.json() if response.content else None
    is_text = response.headers.get("Content-Type", "").lower().startswith("text/plain")
    return (response.text or None) if is_text else None


def result_of(value: Any) -> Any:
    """A value as a result can hold it.

    :raises ValueError: If it is no JSON, or too large.
    :raises TypeError: If it is no JSON.
    """
    text = json.dumps(value, allow_nan=False)
    if len(text) > _LARGEST_RESULT:
        raise ValueError(f"it has {len(text)} characters as JSON, and {_LARGEST_RESULT} are the most")
    return json.loads(text)
