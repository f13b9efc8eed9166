"""What KIE takes in each field of a request: checked before anything is sent, each rule under the field's name.

The rules are KIE's: https://docs.kie.ai, pages "Generate AI video", "Extend AI video" and "Generate Aleph video".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.kinds import KINDS

MAX_PROMPT_LENGTH = 1800
DURATIONS = (5, 10)
QUALITIES = ("720p", "1080p")
ASPECT_RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16")
ALEPH_ASPECT_RATIOS = ("16:9", "9:16", "4:3", "3:4", "1:1", "21:9")
LONGEST_ALEPH_WATERMARK = 20


def check_prompt(value: object) -> None:
    """1 to 1800 characters, not only white space (the longest KIE documents)."""
    if not isinstance(value, str) or not _shows(value):
        raise InvalidRequestError("prompt", value, "must be a text of 1 to 1800 characters")
    if len(value) > MAX_PROMPT_LENGTH:
        raise InvalidRequestError("prompt", value, f"must be at most {MAX_PROMPT_LENGTH} characters")
    check_encodable("prompt", value)


def _shows(text: str) -> bool:
    """Whether there is anything to be seen of a text: no white space, no zero-width or control character."""
    return any(character.isprintable() and not character.isspace() for character in text)


def check_aleph_prompt(value: object) -> None:
    """A text, not only white space."""
    if not isinstance(value, str) or not _shows(value):
        raise InvalidRequestError("prompt", value, "must be a text of at least 1 character")
    check_encodable("prompt", value)


def check_duration(value: object) -> None:
    """5 or 10 seconds."""
    if not isinstance(value, int) or value not in DURATIONS:
        raise InvalidRequestError("duration", value, "must be 5 or 10 (seconds)")


def check_quality(value: object) -> None:
    """720p or 1080p."""
    if value not in QUALITIES:
        raise InvalidRequestError("quality", value, "must be '720p' or '1080p'")


def check_duration_with_quality(duration: object, quality: object) -> None:
    """KIE makes ten-second videos in 720p only."""
    if duration == max(DURATIONS) and quality == "1080p":
        raise InvalidRequestError("quality", quality, "must be '720p' when duration is 10 seconds")


def check_aspect_ratio(value: object) -> None:
    """One of the five shapes, or none."""
    if value is not None and value not in ASPECT_RATIOS:
        raise InvalidRequestError("aspect_ratio", value, f"must be one of {', '.join(ASPECT_RATIOS)}")


def check_aspect_ratio_is_known(aspect_ratio: object, image_url: object) -> None:
    """Without an image nothing else tells the shape of the video."""
    if aspect_ratio is None and image_url is None:
        rule = f"is needed without image_url: one of {', '.join(ASPECT_RATIOS)}"
        raise InvalidRequestError("aspect_ratio", aspect_ratio, rule)


def check_aleph_aspect_ratio(value: object) -> None:
    """One of Aleph's six shapes, or none."""
    if value is not None and value not in ALEPH_ASPECT_RATIOS:
        raise InvalidRequestError("aspect_ratio", value, f"must be one of {', '.join(ALEPH_ASPECT_RATIOS)}")


def check_seed(value: object) -> None:
    """A whole number, or none."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_NUMBER:
        raise InvalidRequestError("seed", value, "must be a whole number (of at most 63 bits)")


# KIE names no range; what a JSON reader may take for a whole number ends here.
_LARGEST_NUMBER = 2**63 - 1


def check_aleph_watermark(value: object) -> None:
    """1 to 20 characters, or none."""
    check_text("watermark", value)
    if isinstance(value, str) and not 1 <= len(value) <= LONGEST_ALEPH_WATERMARK:
        raise InvalidRequestError("watermark", value, f"must be 1 to {LONGEST_ALEPH_WATERMARK} characters")


def check_model(value: object) -> None:
    """The name of a model, which is a text without white space."""
    if not isinstance(value, str) or not is_task_id(value):
        rule = "must be KIE's name of a model, such as 'kling-2.6/text-to-video' (https://kie.ai/market)"
        raise InvalidRequestError("model", value, rule)
    check_encodable("model", value)


def check_no_callback(name: str, fields: Mapping[str, Any]) -> None:
    """The callback URL is a parameter: it may be another one in each try, and makes no other request of it."""
    if "callBackUrl" in fields:
        raise InvalidRequestError(name, "callBackUrl", "must not repeat a field that is a parameter: callback_url")


def check_flag(name: str, value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidRequestError(name, value, "must be True or False")


def check_needed_source(name: str, value: object) -> None:
    """An absolute http(s) URL, or the address of a file that is to be uploaded."""
    if value is None:
        raise InvalidRequestError(name, value, _SOURCE_RULE)
    check_source(name, value)


def check_url(name: str, value: object) -> None:
    """An absolute http(s) URL, or none."""
    if value is not None and not (isinstance(value, str) and is_url(value)):
        raise InvalidRequestError(name, value, _URL_RULE)


def is_url(text: str) -> bool:
    """Whether a text is an absolute http(s) URL."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


_URL_RULE = "must be an absolute http:// or https:// URL"


def is_base_url(text: str) -> bool:
    """Whether a text is an absolute http(s) URL that a path can be added to, of no more than 300 characters."""
    return len(text) <= _LONGEST_BASE_URL and text.isascii() and is_url(text) and not {*"?#@\\"} & {*text}


_LONGEST_BASE_URL = 300
BASE_URL_RULE = "must be an absolute http:// or https:// URL with a host, without user, query or fragment"


def check_source(name: str, value: object) -> None:
    """An absolute http(s) URL, the address of a file that is to be uploaded, or none."""
    if value is not None and not is_file_address(value) and not (isinstance(value, str) and is_url(value)):
        raise InvalidRequestError(name, value, _SOURCE_RULE)


def is_file_address(value: object) -> bool:
    """Whether this names a file in a storage, such as ``s3://bucket/fox.png``, rather than something on the web."""
    return isinstance(value, str) and value.isprintable() and bool(_FILE_ADDRESS.fullmatch(value))


_SOURCE_RULE = f"{_URL_RULE}, or the address of a file such as s3://bucket/fox.png or file:///data/fox.png"
_FILE_ADDRESS = re.compile(r"(?!https?://)[a-z][a-z0-9+.-]*://.*[^/]", re.IGNORECASE)


def check_text(name: str, value: object) -> None:
    """A text, or none."""
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(name, value, "must be a text")
    if value is not None:
        check_encodable(name, value)


def check_encodable(name: str, value: str) -> None:
    """Half a character (a lone surrogate) cannot be sent as UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequestError(name, value, "must be whole Unicode characters (it has a lone surrogate)")


def check_credits(name: str, value: object) -> None:
    """A number of credits, above zero; or none.

    :raises InvalidRequestError: If it is anything else, such as NaN, a text or a truth value.
    """
    if value is None:
        return
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
    if not 0 < number < math.inf:
        raise InvalidRequestError(name, value, "must be a number of credits, above zero")


def check_seconds(name: str, value: object, *, least: float = 0.0) -> float:
    """A time in seconds, or as a timedelta, above zero and up to 60 days.

    :param name: The parameter's name, for the message.
    :param value: The time.
    :param least: Seconds, the shortest one that is taken.
    :return: Seconds.
    :raises InvalidRequestError: If it is anything else, such as NaN, a text or a truth value.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        seconds = 0
    if 0 < seconds <= _LONGEST and seconds >= least:
        return float(seconds)
    rule = f"must be a time of at least {least:g} s" if least else "must be a time above zero"
    raise InvalidRequestError(name, value, f"{rule}, in seconds or as a timedelta")


def check_poll_interval(name: str, value: object) -> float:
    """The shortest pause between two polls: at least a second, as KIE allows ten polls a second and task.

    :return: Seconds.
    """
    return check_seconds(name, value, least=SHORTEST_POLL_INTERVAL)


def check_moment(name: str, value: object) -> float:
    """Epoch seconds: a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LATEST:
        raise InvalidRequestError(name, value, "must be a moment in epoch seconds")
    return float(value)


SHORTEST_POLL_INTERVAL = 1.0
_LATEST = 1e11
_LONGEST = timedelta(days=60).total_seconds()


def check_kind(value: object) -> None:
    """One of the kinds of task."""
    if value not in KINDS:
        raise InvalidRequestError("kind", value, f"must be {', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}")


def check_task_id(name: str, value: object) -> None:
    """A text that :func:`is_task_id`."""
    if not isinstance(value, str) or not is_task_id(value):
        raise InvalidRequestError(name, value, "must be the id of a KIE task")


def is_task_id(text: str) -> bool:
    """Any text without white space, of no more than 1000 characters: KIE's ids come in forms that are not promised.

    ``None`` as a text is what a template makes of a missing value, and no id.
    """
    return 0 < len(text) <= _LONGEST_TASK_ID and text.isprintable() and " " not in text and text != "None"


# Those seen have 32. One that is not stored and sent back whole would be lost, one without end is none.
_LONGEST_TASK_ID = 1000


def plain_fields(name: str, value: object) -> dict[str, Any]:
    """A copy of a mapping of fields as JSON will carry it, which later changes of the original do not reach.

    :raises InvalidRequestError: If it is no mapping with text keys, or cannot be sent as JSON.
    """
    try:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
            text.encode()  # refuses half a character
            copy: dict[str, Any] = json.loads(text)
            return copy
    except (TypeError, ValueError, RecursionError):
        pass
    raise InvalidRequestError(name, value, _FIELDS_RULE)


_FIELDS_RULE = "must be a mapping of field names to JSON values"
