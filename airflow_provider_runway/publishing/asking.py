"""What a service says: of a publication that is in doubt, and in its answers."""

from __future__ import annotations

import json
import re
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
# Where they put all of it, if that stands beside an id: what else is empty in something with an id is a part of it.
_LISTS = {"elements", "entries", "items", "nodes", "posts", "records", "results", "statuses", "videos"}
_IDS = {"id", "_id", "id_str", "uuid"}
_COUNTS = re.compile("count|total|found|hits|results")
# By which they say with status 200 that they have not found it, or that asking went well, whatever they have found.
_ERRORS = ("errcode", "errno", "error", "exception", "fault")
_IS_THERE, _WENT_WELL = {"exists", "found"}, {"ok", "success"}
_STATES = {"state", "status"}
_CODES = _STATES | {"code", "status_code", "statuscode"}
_ABOUT_ASKING = {"reason", "request_id", "requestid", "timestamp", "took", "trace_id", "version"}
_HOW_IT_WENT = _CODES | _WENT_WELL | _ABOUT_ASKING | {"detail", "message", "msg", "title", "type"}
# A state, or a text, that tells of a failure, of nothing, or of how asking went.
_FAILED = re.compile(
    r"\W*(absent|denied|error|fail|invalid|missing|no|none|not|null|unknown)([\W_].*|found|ed|ure)?", re.DOTALL
)
_WENT = re.compile("ok|done|success(ful|fully)?|\\d+")
_NO_TEXT = re.compile(r"[\W_0]*(false)?[\W_0]*")
_BEGINNING = 200
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
    if not said:
        return None
    if isinstance(said, str):
        beginning = said.strip()[:_BEGINNING].casefold()
        if _NO_TEXT.fullmatch(beginning) or _FAILED.fullmatch(beginning):
            raise _unclear(response, "what it answers may mean that it has nothing")
    parts = said if isinstance(said, list) else [said]
    parts = [*parts, *(said.get(name) for name in _WRAPPERS if isinstance(said, Mapping))]
    if any(isinstance(part, Mapping) and _tells_of_asking(part) for part in parts):
        raise _unclear(response, "what it answers tells of an error, or of nothing but how asking went")
    if isinstance(said, Mapping) and _is_empty(said):
        return None
    if not _holds(said) or (isinstance(said, Mapping) and _has_nothing(said)):
        raise _unclear(response, "what it answers has something empty in it")
    return said


def _is_empty(said: Mapping[str, Any]) -> bool:
    """Whether all of it is empty; what denies anything else than that it is there, or anything further in, is not."""
    told = [each for name, each in said.items() if each is not False or str(name).lower() in _IS_THERE]
    return (bool(told) or not said) and not any(_holds(each, denial=True) for each in told if each is not False)


def _holds(value: Any, *, denial: bool = False) -> bool:
    """Whether anything in a JSON value is not empty.

    :param denial: What ``false`` is taken for.
    """
    if isinstance(value, Mapping):
        return any(_holds(each, denial=denial) for each in value.values())
    if isinstance(value, list):
        return any(_holds(each, denial=denial) for each in value)
    return denial if value is False else bool(value)


def _tells_of_asking(said: Mapping[str, Any]) -> bool:
    """Whether it tells of an error, or of nothing but how asking went."""
    said = {str(name).lower(): each for name, each in said.items()}
    told = {name for name, each in said.items() if each}
    denied = {name for name, each in said.items() if each is False}
    if any(name.startswith(_ERRORS) for name in told) or any(_is_of_failure(said[name]) for name in told & _CODES):
        return True
    if denied & _WENT_WELL or (told and denied & _IS_THERE):
        return True
    says_state = any(
        isinstance(said[name], str) and not _WENT.fullmatch(said[name].casefold()) for name in told & _STATES
    )
    return bool(told) and told <= _HOW_IT_WENT and not (told <= _STATES and says_state)


def _is_of_failure(code: object) -> bool:
    if isinstance(code, int):
        return HTTPStatus.BAD_REQUEST <= code < 600  # noqa: PLR2004 - HTTP's last
    return (
        isinstance(code, str) and (_FAILED.fullmatch(code.casefold()) or re.fullmatch("[45]\\d\\d", code)) is not None
    )


def _has_nothing(said: Mapping[str, Any]) -> bool:
    """Whether what was found, where something was, seems to be missing: a list or a count is empty, or all of it."""
    if any(name in said and not _holds(said[name]) for name in _WRAPPERS | _LISTS):
        return True
    held = [each for each in said.values() if isinstance(each, (list, Mapping))]
    return not _has_id(said) and (_has_gap(said) or (bool(held) and not any(map(_holds, held))))


def _has_id(said: Mapping[str, Any]) -> bool:
    return any(said.get(name) for name in _IDS)


def _has_gap(value: Any) -> bool:
    """Whether a list or a count in it is empty, other than in what has an id."""
    if isinstance(value, list):
        return not value or any(map(_has_gap, value))
    if not isinstance(value, Mapping) or _has_id(value):
        return False
    is_none = (
        each == 0 and not isinstance(each, bool) and _COUNTS.search(str(name).lower()) for name, each in value.items()
    )
    return any(is_none) or any(map(_has_gap, value.values()))


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
