"""What came of a task of the unified API, in whatever shape a model tells it: links, or a result that is no file.

Shapes seen: ``{"resultUrls": [...]}``, with frames beside it; ``{"data": [{"audio_url": ..., "image_url": ...}]}`` and
``sunoData`` of music; ``{"resultObject": {...}}`` of lyrics, MIDI, masks and text. So links are looked for everywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_runway.kie.texts import readable

# Levels, links and characters of a link beyond which nothing is read any more. A result has a few of each.
_DEEPEST = 24
_MOST_LINKS = 200
_LONGEST_LINK = 8192

_MAIN = "resultUrls"
_VIDEOS = {".mp4", ".mov", ".webm", ".m4v", ".mkv"}
_OTHERS = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp3", ".wav", ".m4a", ".ogg", ".flac", ".json", ".txt", ".mid"}
_PICTURE_WORDS = ("image", "frame", "cover", "thumb")


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of a task.

    :param links: All files, those that KIE calls its results first.
    :param video: The first of them that looks like a video, or else the first.
    :param picture: One of them that is called a picture of it: the first frame, a cover.
    :param result: The whole result, fit to be stored, where it is more than links; ``None`` where it is not.
    :param is_early: Whether its links may still be to come.
    """

    links: tuple[str, ...] = ()
    video: str | None = None
    picture: str | None = None
    result: Any = None
    is_early: bool = False


def read_outcome(result_json: object, response: object) -> JobOutcome:
    """Read the two fields that have the result: the same in both, as a rule, or in one of them.

    :param result_json: A text with JSON in it, or what that would be.
    :param response: The same, read already.
    """
    whole = _merged(_parsed(result_json), _parsed(response))
    named = dict(sorted(_links(whole), key=lambda link: link[1] != _MAIN))
    # A stream is the sound of a link beside it, before it was finished.
    files = {link: name for link, name in named.items() if "stream" not in name.lower()} or named
    links = tuple(files)
    video = next((link for link, name in files.items() if _is_video(link, name)), links[0] if links else None)
    pictures = [link for link, name in files.items() if link != video and _is_picture(name)]
    pictures.sort(key=lambda link: "first" not in files[link].lower())
    result = _fit(whole) if any(_more_than_links(whole)) else None
    return JobOutcome(links, video, pictures[0] if pictures else None, result, not links and _has_room(whole))


def read_link(value: object) -> str | None:
    """An http(s) link; ``None`` out of anything else, and out of one that no host would take."""
    link = value.strip() if isinstance(value, str) else ""
    is_link = len(link) <= _LONGEST_LINK and link.isprintable() and link.lower().startswith(("http://", "https://"))
    return link if is_link else None


def parse_object(value: object) -> Mapping[str, Any]:
    """A JSON object, or one in a text, as the unified API has them; an empty one out of anything else."""
    value = _parsed(value)
    return value if isinstance(value, Mapping) else {}


def leaves(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[object, str]]:
    """What stands at the ends of JSON, also of JSON that is a text in it, each with the name that it stands under."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        value = _parsed(value) or value
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, str(key), depth + 1)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each, name, depth + 1)
    else:
        yield value, name


def _parsed(value: object) -> object:
    """JSON in a text as what it says, text that is none as it is; ``None`` for JSON that cannot be read."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None if text.startswith(("{", "[", '"')) else text


def _merged(result_json: object, response: object) -> object:
    if isinstance(result_json, Mapping) and isinstance(response, Mapping):
        return {**result_json, **{name: value for name, value in response.items() if value}}
    return response if any(leaf for leaf, _ in leaves(response)) else result_json


def _links(value: object) -> Iterator[tuple[str, str]]:
    """Each link, with the name that it stands under, at most so many."""
    found = 0
    for leaf, under in leaves(value):
        link = read_link(leaf)
        if link is not None and " " not in link:
            yield link, under
            found += 1
            if found == _MOST_LINKS:
                return


def _more_than_links(value: object) -> Iterator[bool]:
    return (bool(leaf) and read_link(leaf) is None for leaf, _ in leaves(value))


def _has_room(value: object) -> bool:
    """Whether a result without links has an empty place for them, or tells nothing but how it went."""
    if isinstance(value, Mapping) and _MAIN in value and not any(leaf for leaf, _ in leaves(value[_MAIN])):
        return True
    return all(name.lower() in _HOW_IT_WENT for leaf, name in leaves(value) if leaf)


_HOW_IT_WENT = {"code", "status", "state", "msg", "message", "progress", "success"}


def _is_video(link: str, name: str) -> bool:
    try:
        suffix = PurePosixPath(urlsplit(link).path).suffix.lower()
    except ValueError:
        suffix = ""
    return suffix in _VIDEOS or ("video" in name.lower() and suffix not in _OTHERS)


def _is_picture(name: str) -> bool:
    return any(word in name.lower() for word in _PICTURE_WORDS)


def _fit(value: object, depth: int = 0) -> Any:
    """A result as it can be stored as JSON anywhere; what is nested too deep is left out."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {readable(str(key)): _fit(each, depth + 1) for key, each in value.items()}
    return [_fit(each, depth + 1) for each in value] if isinstance(value, (list, tuple)) else None
