"""What came of a task, in whatever shape a model or a family tells it: links, or a result that is no file.

Shapes seen: ``{"resultUrls": [...]}``, with frames beside it; ``{"data": [{"audio_url": ..., "image_url": ...}]}`` and
``sunoData`` of music; ``{"resultObject": {...}}`` of lyrics, MIDI, masks and text. So links are looked for everywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from airflow_provider_runway.kie.texts import readable

# Levels, links and characters of a link beyond which nothing is read any more. A result has a few of each.
_DEEPEST = 24
_MOST_LINKS = 200
_LONGEST_LINK = 8192

LinkType = Literal["video", "audio", "image", "subtitle", "data"]

_MAIN = "resultUrls"
_SUFFIXES: Mapping[str, LinkType] = {
    **dict.fromkeys((".mp4", ".mov", ".webm", ".m4v", ".mkv"), "video"),
    **dict.fromkeys((".mp3", ".wav", ".m4a", ".ogg", ".oga", ".opus", ".flac", ".aac"), "audio"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".heic", ".svg", ".bmp"), "image"),
    **dict.fromkeys((".srt", ".vtt", ".lrc", ".ass"), "subtitle"),
    **dict.fromkeys((".json", ".txt", ".csv", ".mid", ".midi", ".zip", ".glb", ".obj", ".pdf"), "data"),
}
# What the name says under which a link stands, where its end says nothing; the first that fits counts.
_PICTURE_WORDS = ("image", "frame", "cover", "thumb")
_WORDS: Mapping[LinkType, tuple[str, ...]] = {
    "subtitle": ("subtitle", "caption", "srt"),
    "image": (*_PICTURE_WORDS, "picture", "mask"),
    "video": ("video",),
    "audio": ("audio", "music", "song", "sound", "vocal", "instrumental", "wav", "mp3"),
}


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of a task.

    :param links: All files, those that KIE calls its results first.
    :param types: What each of them is.
    :param video: The first of them that looks like a video, or else the first.
    :param picture: One of them that is called a picture of it: the first frame, a cover.
    :param result: The whole result, fit to be stored, where it is more than links; ``None`` where it is not.
    :param is_early: Whether its links may still be to come.
    """

    links: tuple[str, ...] = ()
    types: tuple[LinkType, ...] = ()
    video: str | None = None
    picture: str | None = None
    result: Any = None
    is_early: bool = False

    @property
    def is_something(self) -> bool:
        """Whether anything has come of it."""
        return bool(self.links) or self.result is not None


def read_outcome(result_json: object, response: object, usual: LinkType = "data") -> JobOutcome:
    """Read the two fields that have the result: the same in both, as a rule, or in one of them.

    :param result_json: A text with JSON in it, or what that would be.
    :param response: The same, read already.
    :param usual: What a link is of which neither its end nor its name says what it is.
    """
    whole = _merged(_parsed(result_json), _parsed(response))
    found = sorted(_links(whole), key=lambda link: link[1] != _MAIN)
    # A stream is the sound of a link beside it, before it was finished; a source is where KIE has it from.
    own = [(link, name) for link, name in found if not any(word in name.lower() for word in _BESIDE)] or found
    files = dict(reversed(own))  # of several names the first counts
    files = {link: files[link] for link, _ in own}
    links = tuple(files)
    types = tuple(_type(link, name, usual) for link, name in files.items())
    video = next((link for link, name in files.items() if _is_video(link, name)), links[0] if links else None)
    pictures = [link for link, name in files.items() if link != video and _is_picture(name)]
    pictures.sort(key=lambda link: "first" not in files[link].lower())
    result = storable(whole) if any(_more_than_links(whole)) else None
    return JobOutcome(links, types, video, pictures[0] if pictures else None, result, not links and _has_room(whole))


def read_unforeseen(record: Mapping[str, Any], usual: LinkType = "data") -> JobOutcome:
    """Look for the result of a task that has succeeded elsewhere in its record: in fields that no page tells of.

    :param record: The record.
    :param usual: What a link is of which nothing tells what it is.
    """
    unknown = {name: value for name, value in record.items() if name not in _KNOWN_FIELDS and _may_be_result(value)}
    return replace(read_outcome(None, unknown, usual), is_early=True) if unknown else JobOutcome()


def _may_be_result(value: object) -> bool:
    return read_link(value) is not None or isinstance(_parsed(value), (Mapping, list, tuple))


_KNOWN_FIELDS = frozenset(
    (
        "taskId", "recordId", "model", "state", "status", "successFlag", "param", "paramJson", "generateParam", "type",
        "operationType", "resultJson", "response", "failCode", "failMsg", "errorCode", "errorMessage", "costTime",
        "createTime", "updateTime", "completeTime", "progress", "callbackUrl", "callBackUrl", "fallbackFlag",
        "parentMusicId", "musicId", "musicIndex", "creditsConsumed",
    )
)  # fmt: skip


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
        link = _link(leaf, under)
        if link is not None:
            yield link, under
            found += 1
            if found == _MOST_LINKS:
                return


def _more_than_links(value: object) -> Iterator[bool]:
    return (bool(leaf) and _link(leaf, under) is None for leaf, under in leaves(value))


def _link(leaf: object, under: str) -> str | None:
    """A link, if it is one: a text with blanks that begins like one only where links stand."""
    link = read_link(leaf)
    if link is None or " " not in link:
        return link
    return link.replace(" ", "%20") if under.lower().endswith(("url", "urls")) else None


def _has_room(value: object) -> bool:
    """Whether a result without links has an empty place for them, or tells nothing but how it went."""
    if isinstance(value, Mapping) and _MAIN in value and not any(leaf for leaf, _ in leaves(value[_MAIN])):
        return True
    return all(name.lower() in _HOW_IT_WENT for leaf, name in leaves(value) if leaf)


_HOW_IT_WENT = {"code", "status", "state", "msg", "message", "progress", "success"}


def _type(link: str, name: str, usual: LinkType) -> LinkType:
    called = name.lower()
    known = _SUFFIXES.get(_suffix(link))
    if known is not None:
        return known
    return next((kind for kind, words in _WORDS.items() if any(word in called for word in words)), usual)


def _is_video(link: str, name: str) -> bool:
    known = _SUFFIXES.get(_suffix(link))
    return known == "video" or ("video" in name.lower() and known is None)


def _suffix(link: str) -> str:
    try:
        return PurePosixPath(urlsplit(link).path).suffix.lower()
    except ValueError:
        return ""


def _is_picture(name: str) -> bool:
    return any(word in name.lower() for word in _PICTURE_WORDS)


_BESIDE = ("stream", "source")


def storable(value: object, depth: int = 0) -> Any:
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
        return {readable(str(key)): storable(each, depth + 1) for key, each in value.items()}
    return [storable(each, depth + 1) for each in value] if isinstance(value, (list, tuple)) else None
