"""What is asked for: the inputs of a film and how it is to be, read from the values that people and templates give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from airflow_provider_runway.film import options
from airflow_provider_runway.film.captions import Cue, read_text, read_values
from airflow_provider_runway.film.options import Options
from airflow_provider_runway.film.picture_filters import Logo
from airflow_provider_runway.film.sources import Source, read_clips, read_source, read_voices
from airflow_provider_runway.kie.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A film that is to be made.

    :param clips: The clips, in their order.
    :param voices: The voice-over of each clip, or the one of all; ``None`` for a clip without.
    :param music: What lies under all of it.
    :param captions: The captions, or where they are.
    :param texts: Instead, what is said in each clip.
    :param logo: A picture over all of it.
    :param options: How it is to be.
    """

    clips: Sequence[Source]
    voices: Sequence[Source | None] = ()
    music: Source | None = None
    captions: Sequence[Cue] | Source | None = None
    texts: Sequence[str | None] = ()
    logo: Source | None = None
    options: Options = field(default_factory=Options)

    @property
    def sources(self) -> Sequence[tuple[str, Source]]:
        """All that is read, and what each is called in the folder."""
        found = [(f"clip-{number:03d}", each) for number, each in enumerate(self.clips, 1)]
        found += [(f"audio-{number:03d}", each) for number, each in enumerate(self.voices, 1) if each is not None]
        captions = self.captions if isinstance(self.captions, Source) else None
        others = (("music", self.music), ("logo", self.logo), ("captions-source", captions))
        return [*found, *((stem, each) for stem, each in others if each is not None)]


def read_order(values: Mapping[str, Any]) -> Order:
    """Read the values of a film, each by its name.

    :param values: The parameters of :class:`~airflow_provider_runway.operators.compose.VideoComposeOperator`.
    :raises InvalidRequestError: If one of them is none that it can have.
    """
    clips = read_clips(values["clips"])
    music, volume = _music(values["music"])
    logo, logo_options = _overlay(values["overlay"])
    texts, subtitles = _apart_texts(values["subtitles"])
    if texts and len(texts) != len(clips):
        raise InvalidRequestError("subtitles", f"{len(texts)} texts", f"must be one for each of {len(clips)} clips")
    order = Order(
        clips=clips,
        voices=read_voices(values["audio"], len(clips)),
        music=music,
        captions=_read_captions(subtitles),
        texts=texts,
        logo=logo,
        options=replace(read_options(values), volume=volume, logo=logo_options),
    )
    order.options.trims_of(len(clips))
    return order


def check_values(values: Mapping[str, Any]) -> None:
    """Check some of the values of a film, those that are known.

    :raises InvalidRequestError: If one of them is none that it can have.
    """
    for name, value in values.items():
        _CHECKS[name](value)


def read_options(values: Mapping[str, Any]) -> Options:
    """Read how a film is to be; see :func:`read_order`.

    :raises InvalidRequestError: If a value is none that it can have.
    """
    size, shape = options.read_size(values["size"]), options.read_shape(values["aspect_ratio"])
    if size is not None and shape is not None:
        raise InvalidRequestError(
            "aspect_ratio", values["aspect_ratio"], "must not stand beside size, which says it all"
        )
    return Options(
        size=size,
        shape=shape,
        fit=options.read_fit(values["fit"]),
        fps=options.read_fps(values["fps"]),
        crossfade=options.read_transition(values["transition"]),
        trims=options.read_trims(values["trim"]),
        loudness=options.read_loudness(values["loudness"]),
        style=options.read_style(values["subtitle_style"]),
        burnt_in=options.read_flag("burn_subtitles", values["burn_subtitles"]),
    )


def _music(value: Any) -> tuple[Source | None, Fraction]:
    source, about = _apart("music", value, ("volume",))
    volume = options.read_volume(about.get("volume", 0.5))
    return (None if source is None else read_source("music", "music", "sound", source)), volume


def _overlay(value: Any) -> tuple[Source | None, Logo]:
    source, about = _apart("overlay", value, ("position", "opacity", "width"))
    logo = options.read_logo(about)
    return (None if source is None else read_source("overlay", "overlay", "picture", source)), logo


def _apart(name: str, value: Any, known: Sequence[str]) -> tuple[Any, Mapping[str, Any]]:
    """A source, and what is said of it, where it is given as a mapping with the key ``source``."""
    if not isinstance(value, Mapping) or "source" not in value:
        return value, {}
    about = {key: each for key, each in value.items() if key != "source"}
    if not set(about) <= set(known):
        raise InvalidRequestError(name, sorted(map(str, about)), f"must have source, and may have {', '.join(known)}")
    return value["source"], about


def _apart_texts(value: Any) -> tuple[Sequence[str | None], Any]:
    """The texts of the clips, or else what is given as captions; other tasks return sequences of any type."""
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        return (), value
    values = list(value)
    if values and all(each is None or isinstance(each, str) for each in values):
        return values, None
    return (), values


def _read_captions(value: Any) -> Sequence[Cue] | Source | None:
    """Captions that were given as values or as text, or where they are."""
    if value is None:
        return None
    try:
        if isinstance(value, list) or (isinstance(value, Mapping) and _has_words(value)):
            return read_values(value)
        if isinstance(value, str) and ("-->" in value or "\n" in value.strip()):
            return read_text(value)
    except ValueError as error:
        raise InvalidRequestError("subtitles", value, f"must be captions with times: {error}") from None
    return read_source("subtitles", "subtitles", "captions", value)


def _has_words(value: Mapping[str, Any]) -> bool:
    return "alignedWords" in value or any(
        isinstance(inner, Mapping) and _has_words(inner)
        for inner in (value.get(name) for name in ("result", "data", "response"))
    )


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "clips": read_clips,
    "size": options.read_size,
    "aspect_ratio": options.read_shape,
    "fit": options.read_fit,
    "fps": options.read_fps,
    "transition": options.read_transition,
    "trim": options.read_trims,
    "audio": lambda value: read_voices(value, None),
    "music": _music,
    "loudness": options.read_loudness,
    "subtitles": lambda value: _read_captions(_apart_texts(value)[1]),
    "subtitle_style": options.read_style,
    "overlay": _overlay,
}
