"""What may go into a film, read from the values that people and templates give: results, paths and links."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.rules import is_url
from airflow_provider_runway.kie.signed_urls import unsigned
from airflow_provider_runway.storage.content import suffix_of_link
from airflow_provider_runway.storage.links import shown
from airflow_provider_runway.storage.locate import address_of

Media = Literal["video", "sound", "picture", "captions"]

_SUFFIXES: Mapping[Media, frozenset[str]] = {
    "video": frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv"}),
    "sound": frozenset({".mp3", ".wav", ".m4a", ".aac", ".flac", ".ogg", ".opus"}),
    "picture": frozenset({".png", ".jpg", ".jpeg", ".webp"}),
    "captions": frozenset({".srt", ".vtt", ".lrc"}),
}
_RULE = "must be a result of a task, the address of a file, or a link"
_KINDS = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that goes into a film.

    :param name: What messages call it, such as ``clip 3``.
    :param field: The parameter that it stands in.
    :param media: What it should be.
    :param paths: Addresses of files that it can be read from.
    :param links: Links that it can be fetched from, where it cannot be read.
    :param task_id: The KIE task that has made it, if a result says so.
    :param kind: That task's kind.
    :param position: Which of that task's links is the first of these.
    :param sha256: The checksum of the file, if a result says so.
    """

    name: str
    field: str
    media: Media
    paths: Sequence[str] = ()
    links: Sequence[str] = ()
    task_id: str | None = None
    kind: Kind = "runway"
    position: int = 0
    sha256: str | None = None

    @property
    def label(self) -> str:
        """The name, and where it is: without what signs a link."""
        where = [*self.paths, *map(shown, self.links)]
        return f"{self.name} ({where[0]})" if where else self.name

    @property
    def identity(self) -> str | None:
        """What tells it from another without reading it; ``None`` if only its bytes can tell."""
        if self.sha256 is not None:
            return f"sha256 {self.sha256}"
        if self.task_id is not None:
            return f"{self.kind} {self.task_id} {self.position}"
        return f"link {unsigned(self.links[0])}" if self.links and not self.paths else None


def read_source(name: str, field: str, media: Media, value: Any) -> Source:
    """Read one value.

    :param name: What messages are to call it.
    :param field: The parameter that it stands in.
    :param media: What it should be.
    :param value: A result of a task, a path, a path object, or a link.
    :raises InvalidRequestError: If it is none of these, or a result without a file.
    """
    if isinstance(value, Mapping):
        return _of_result(name, field, media, value)
    address = _address(value)
    if address is None:
        raise InvalidRequestError(field, value, _RULE)
    return _of_address(Source(name=name, field=field, media=media), address)


def read_clips(value: Any) -> Sequence[Source]:
    """Read the clips: one value or many, also lists within the list, as mapped tasks give them.

    :raises InvalidRequestError: If there are none, or one of them is no clip.
    """
    sources = []
    for number, each in enumerate(_flat(value, "clips"), 1):
        if each is None:
            raise InvalidRequestError("clips", each, f"must have no gap: clip {number} came to nothing")
        sources.append(read_source(f"clip {number}", f"clips[{number - 1}]", "video", each))
    if not sources:
        raise InvalidRequestError("clips", value, "must be at least one clip")
    return sources


def read_voices(value: Any, count: int | None) -> Sequence[Source | None]:
    """Read the voice-over: none, one for the whole film, or one for each clip, of which some may be ``None``.

    :param value: The value, or values.
    :param count: How many clips there are; ``None`` as long as that is not known.

    :raises InvalidRequestError: If there are more or fewer than clips, or one of them is no sound.
    """
    if value is None:
        return ()
    if isinstance(value, Mapping) or _address(value) is not None:
        return (read_source("audio", "audio", "sound", value),)
    voices = list(_flat(value, "audio"))
    if count is not None and len(voices) != count:
        rule = f"must be one for the whole film, or one for each of {count} clips"
        raise InvalidRequestError("audio", f"{len(voices)} values", rule)
    return [
        None if each is None else read_source(f"audio {number}", f"audio[{number - 1}]", "sound", each)
        for number, each in enumerate(voices, 1)
    ]


def _flat(value: Any, field: str, depth: int = 0) -> Iterator[Any]:
    """The values of lists within lists; what another task has returned may be a sequence of any type."""
    if value is None and not depth:
        raise InvalidRequestError(field, value, _RULE)
    if isinstance(value, Mapping) or value is None or _address(value) is not None:
        yield value
        return
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or depth > _DEEPEST:
        raise InvalidRequestError(field, value, _RULE)
    for each in value:
        yield from _flat(each, field, depth + 1)


_DEEPEST = 3


def _address(value: Any) -> str | None:
    """A path, a path object or a link as a text; ``None`` if it is none."""
    if isinstance(value, str):
        text = value.strip()
        return text if text and text != "None" and text.isprintable() and _is_place(text) else None
    if isinstance(value, os.PathLike) or (hasattr(value, "protocol") and hasattr(value, "joinpath")):
        text = address_of(value)
        return text if _is_place(text) else None
    return None


def _is_place(text: str) -> bool:
    return text.startswith("/") or "://" in text


def _of_address(source: Source, address: str, **facts: Any) -> Source:
    where: dict[str, Any] = {"links": (address,)} if is_url(address) else {"paths": (address,)}
    return replace(source, **where, **facts)


def _of_result(name: str, field: str, media: Media, result: Mapping[str, Any]) -> Source:
    """A result of a task: of this provider's, its stored file and its link; of another's, its ``url`` or ``path``."""
    if result.get("state") == "submitted":
        raise InvalidRequestError(field, result.get("task_id"), "must be finished: its task has not waited for it")
    files, links = _texts(result.get("saved_files")), _texts(result.get("result_urls"))
    paths = [*_of_type(files, media), *_texts([result.get("saved_to"), result.get("path")])]
    found = _of_type(links, media)
    link = found or (_texts([result.get("video_url")]) if media == "video" else []) or links
    link += [each for each in _texts([result.get("url")]) if is_url(each)]
    paths = list(dict.fromkeys(each for each in paths if _is_place(each)))
    if not paths and not link:
        raise InvalidRequestError(field, sorted(map(str, result)), "must be a result with a file or a link")
    kind = result.get("kind")
    task_id = result.get("task_id")
    own = isinstance(task_id, str) and bool(task_id) and kind in _KINDS
    is_the_file = bool(paths) and paths[0] in {result.get("saved_to"), result.get("path")}
    checksum = result.get("sha256")
    return Source(
        name=name,
        field=field,
        media=media,
        paths=tuple(paths),
        links=tuple(link[:1]),
        task_id=str(task_id) if own else None,
        kind=kind if own else "runway",  # type: ignore[arg-type] # it is among them
        position=links.index(link[0]) if link and link[0] in links else 0,
        sha256=checksum if is_the_file and isinstance(checksum, str) and checksum else None,
    )


def _of_type(addresses: Sequence[str], media: Media) -> list[str]:
    return [each for each in addresses if suffix_of_link(each) in _SUFFIXES[media]]


def _texts(values: Any) -> list[str]:
    if not isinstance(values, (list, tuple)):
        return []
    return [value for value in values if isinstance(value, str) and value.strip()]
