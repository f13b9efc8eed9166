"""Where a request names files: in the fields that may be one, and anywhere among a model's own fields."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.job_results import leaves
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.rules import check_source, is_file_address
from airflow_provider_runway.kie.signed_urls import copied
from airflow_provider_runway.operators.parameters import HOLDERS
from airflow_provider_runway.operators.paths import address, check_scheme, is_path

if TYPE_CHECKING:
    from airflow_provider_runway.storage.sources import Media

# The parameters that may name a file, and what it must be.
MEDIA: Mapping[str, Media] = {"image_url": "picture", "reference_image_url": "picture", "video_url": "video"}
# The names of fields that KIE takes a URL in. A text under another name is no file, whatever it says: it may be a
# prompt that somebody else has written.
_NAMES = re.compile(r"ur[li]|image|video|audio|file|media|mask|frame|picture|photo|reference|upload", re.IGNORECASE)
# What a path object is turned into, until its file is uploaded: nobody else can write such a text.
_PATH = f"path-{secrets.token_hex(16)}:"
_DEEPEST = 24


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a request names.

    :param place: The request's parameter, and the keys within it.
    :param path: The address of the file.
    """

    place: tuple[str | int, ...]
    path: str

    @property
    def field(self) -> str:
        """Where it is named, for messages: ``input['image_urls'][0]``."""
        parameter, *keys = self.place
        return f"{parameter}{''.join(f'[{key!r}]' for key in keys)}"

    @property
    def media(self) -> Media | None:
        """What it must be, if that is known."""
        return MEDIA.get(str(self.place[0])) if len(self.place) == 1 else None


def named_files(request: Request) -> list[NamedFile]:
    """The files that a request names."""
    given = {field: getattr(request, field, None) for field in MEDIA}
    found = [NamedFile((field,), str(path)) for field, path in given.items() if is_file_address(path)]
    for holder in HOLDERS:
        found += _within(getattr(request, holder, None), (holder,), "")
    return found


def texts_of(request: Request) -> Iterator[str]:
    """The texts of a request that may stand for files."""
    given = [getattr(request, name, None) for name in (*MEDIA, *HOLDERS)]
    return (leaf for leaf, _ in leaves(given) if isinstance(leaf, str))


def with_values(request: Request, values: Mapping[tuple[str | int, ...], str]) -> Request:
    """The request with other texts in some places.

    :param request: The request.
    :param values: The texts, by the places of :class:`NamedFile`.
    """
    changed: dict[str, Any] = {}
    for (parameter, *keys), value in values.items():
        if not keys:
            changed[str(parameter)] = value
            continue
        holder = changed.setdefault(str(parameter), copied(getattr(request, str(parameter))))
        for key in keys[:-1]:
            holder = holder[key]
        holder[keys[-1]] = value
    return replace(request, **changed) if changed else request


def with_marked_paths(name: str, value: Any, depth: int = 0) -> Any:
    """A model's own fields as JSON can hold them: each path object among them is a text that stands for its file.

    :param name: Where they stand, for messages.
    :param value: The fields.
    :raises InvalidRequestError: If a path object does not lead to one file from everywhere.
    """
    if is_path(value):
        text = address(value)
        if not is_file_address(text):
            check_source(name, text)
            return text
        check_scheme(name, text)
        return f"{_PATH}{text}"
    if depth > _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {key: with_marked_paths(f"{name}[{key!r}]", each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_marked_paths(f"{name}[{at}]", each, depth + 1) for at, each in enumerate(value)]
    return value


def unmarked(value: Any, depth: int = 0) -> Any:
    """Fields with the addresses of path objects as they are, for those who only read them."""
    if isinstance(value, Mapping) and depth <= _DEEPEST:
        return {key: unmarked(each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and depth <= _DEEPEST:
        return [unmarked(each, depth + 1) for each in value]
    return address(value)


def _within(value: object, place: tuple[str | int, ...], name: str) -> Iterator[NamedFile]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _within(each, (*place, key), key)
    elif isinstance(value, (list, tuple)):
        for position, each in enumerate(value):
            yield from _within(each, (*place, position), name)
    elif isinstance(value, str):
        if value.startswith(_PATH):
            yield NamedFile(place, value.removeprefix(_PATH))
        elif is_file_address(value) and _NAMES.search(name) and _is_known(value):
            yield NamedFile(place, value)


def _is_known(path: str) -> bool:
    """Whether Airflow has a file system for it: other addresses, such as ``asset://``, are KIE's own."""
    try:
        check_scheme("", path)
    except InvalidRequestError:
        return False
    return True
