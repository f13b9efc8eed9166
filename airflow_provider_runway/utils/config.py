"""The provider's section of Airflow's configuration."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.prices import CREDITS, RUNWAY
from airflow_provider_runway.kie.rules import BASE_URL_RULE, is_base_url
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.utils.file_uris import is_folder_address

# Bytes that a file to be stored may have, unless the configuration says otherwise.
LARGEST_FILE = 5_000_000_000


def read_prices() -> Mapping[str, float]:
    """Credits by the name of a price: the built-in ones, and those of ``[runway] prices``, which come first.

    Any name that is not built in is that of a model: one that only looks built in, or has a colon, is a slip of the
    pen.

    :raises InvalidRequestError: If the option is not a JSON object of such names and numbers.
    """
    text = _option("prices")
    try:
        own = json.loads(text or "{}")
    except (ValueError, RecursionError):
        own = None
    if not isinstance(own, dict) or not all(map(_is_price, own.values())) or not all(map(_is_name, own)):
        names = f"{', '.join(RUNWAY)}, those of KIE's models, or others of {page('prices.md')}"
        raise InvalidRequestError("[runway] prices", text, f"must be a JSON object of credits, by the names {names}")
    return {**CREDITS, **own}


def read_largest_file() -> int:
    """Bytes that a file to be stored may have at most: ``[runway] largest_file``.

    :raises InvalidRequestError: If the option is not a whole number above zero.
    """
    text = _option("largest_file")
    largest = whole_number(text or LARGEST_FILE)
    if largest is None or largest <= 0:
        raise InvalidRequestError("[runway] largest_file", text, "must be a whole number of bytes, above zero")
    return largest


def read_daily_credit_limit() -> float | None:
    """Credits that a day may cost each account: ``[runway] daily_credit_limit``; ``None`` if the option is not set.

    :raises InvalidRequestError: If it is not a number of credits above 0.
    """
    text = _option("daily_credit_limit")
    if not text:
        return None
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not 0 < limit < math.inf:
        raise InvalidRequestError("[runway] daily_credit_limit", text, "must be a number of credits, above 0")
    return limit


# Seconds. A scheduler with 60 tasks on its hands, on two busy cores, has been seen to need six.
SHORTEST_DEFERRAL = 30.0
_LONGEST_DEFERRAL = 600.0


def read_shortest_deferral() -> float:
    """Seconds that a task which has left its worker stays away at least: ``[runway] shortest_deferral``.

    :raises InvalidRequestError: If the option is not a number of seconds from 0 to 600.
    """
    text = _option("shortest_deferral")
    try:
        seconds = float(text or SHORTEST_DEFERRAL)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_DEFERRAL:
        raise InvalidRequestError("[runway] shortest_deferral", text, "must be a number of seconds from 0 to 600")
    return seconds


def read_upload_roots() -> tuple[str, ...]:
    """Folders of the worker's machine below which local files may be uploaded: ``[runway] upload_roots``.

    :return: Absolute paths; none if the option is not set: then any file may be.
    :raises InvalidRequestError: If one of them is not absolute.
    """
    text = _option("upload_roots")
    if not text:
        return ()
    roots = tuple(os.path.expanduser(root.strip()) for root in text.split(","))  # noqa: PTH111 - a text is wanted
    if not all(root.startswith("/") for root in roots):
        rule = "must be absolute paths of folders, with commas between them"
        raise InvalidRequestError("[runway] upload_roots", text, rule)
    return roots


_PASSWORD = re.compile(r"(?<=://)[^/@]*:[^/]*@")
FOLDER_RULE = "must be the absolute path of a folder, or a URI such as s3://conn_id@bucket/records"


def read_records() -> str | None:
    """The folder in which records of submissions are kept: ``[runway] records``; ``None`` if the option is not set.

    :raises InvalidRequestError: If it is no address of a folder.
    """
    text = _option("records")
    if text and not is_folder_address(text):
        raise InvalidRequestError("[runway] records", _PASSWORD.sub("***@", text), FOLDER_RULE)
    return text or None


def read_callback_base_url() -> str | None:
    """Where KIE.AI reaches Airflow's API server: ``[runway] callback_base_url``; ``None`` if the option is not set.

    :raises InvalidRequestError: If it is no URL that a path can be added to.
    """
    text = _option("callback_base_url").rstrip("/")
    if text and not is_base_url(text):
        raise InvalidRequestError("[runway] callback_base_url", text, BASE_URL_RULE)
    return text or None


def read_media_roots() -> tuple[str, ...]:
    """Folders below which the page "Videos" plays what tasks have stored: ``[runway] media_roots``.

    :return: Absolute paths and URIs of folders; none if the option is not set: then nothing stored is played.
    :raises InvalidRequestError: If one of them is no address of a folder, or is all of this machine.
    """
    text = _option("media_roots")
    roots = tuple(filter(None, map(str.strip, text.split(","))))
    for root in roots:
        path = root.partition("://")[2] or root
        if not is_folder_address(root) or root.lower().startswith("http") or not path.strip("/") or ".." in path:
            rule = "must be absolute paths of folders, or URIs such as s3://conn_id@bucket/videos, with commas between"
            raise InvalidRequestError("[runway] media_roots", text, rule)
    return roots


def _option(name: str) -> str:
    """What the option says; nothing if it is not set."""
    from airflow_provider_runway.utils.versions import conf

    return str(conf.get("runway", name, fallback="")).strip()


def _is_name(name: str) -> bool:
    return name in CREDITS or not (name.startswith(("generate-", "extend-", "aleph-")) or ":" in name)


def _is_price(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _HIGHEST_PRICE


# Credits; NaN and infinity, which Python's JSON takes, are not below it.
_HIGHEST_PRICE = 1e9
